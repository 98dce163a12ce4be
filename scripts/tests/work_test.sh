#!/bin/sh
# Usage: scripts/tests/work_test.sh
# Work of the user's in the assembled tree is not lost by make tree, clean and mrproper, and
# make export does not say that it has it; TAP on stdout. No kernel is needed.
# Exit status: 0 all passed; 1 otherwise.
. "$(dirname -- "$0")/../lib.sh"
. "$top/scripts/tests/tap.sh"
. "$top/scripts/tests/tiny.sh"
tiny_tree
# As Debian's: what is not tracked is ignored.
printf '*.o\n*.patch\npatches\n#\n/*\n!/debian/\n' >"$tiny/.gitignore"
git -C "$tiny" add -f .gitignore
git -C "$tiny" commit -q -m ignore
git -C "$tiny" tag -f base >/dev/null
tiny_project
export O="$tmp/o" KDIR="$tiny"

run() { "$project/scripts/lock.sh" "$1"; }
export_() { run 'scripts/refresh.sh --export'; }
tree_() { run scripts/tree.sh; }
mrproper() { "$project/scripts/clean.sh" mrproper; }
clean() { "$project/scripts/clean.sh" clean; }
tree_ >/dev/null
work=$(echo "$O"/kdir-*) && tree=$work/linux
w() { git -C "$tree" "$@" >/dev/null 2>&1; }
cp -a "$O" "$tmp/fresh"
cp "$project/samples/pidfd/loop.c" "$tmp/loop.c"
fresh() {
	cd "$tmp"
	rm -rf "$O" "$tmp/second"
	cp -a "$tmp/fresh" "$O"
	cp "$tmp/loop.c" "$project/samples/pidfd/loop.c"
	rm -rf "$project/patches/6.12"
	cp -a "$tmp/patches" "$project/patches/6.12"
}
cp -a "$project/patches/6.12" "$tmp/patches"
# state: of tree, repository and patches
state() {
	git -C "$tree" for-each-ref
	git -C "$tree" rev-parse HEAD
	git -C "$tree" symbolic-ref -q HEAD || :
	git -C "$tree" --no-optional-locks status --porcelain --ignored
	git --git-dir="$work/linux.git" worktree list
	find "$tree" "$project/patches" -type f ! -name .git -exec cksum {} + | sort
}
# kept NAME PATTERN COMMAND...: refuses, and nothing has changed
kept() {
	name=$1 then=$(state)
	refuses "$@"
	check "$name: and all is there" "$(state)" "$then"
}
# The series changes, so that make tree has to move the tree.
changed() { echo changed >>"$project/samples/pidfd/loop.c"; }

check "export: nothing is new" "$(export_)" "  SAME     patches/6.12"
echo two >>"$tree/kernel/pid.c"
w commit -a -m two
check "export: a commit on the branch is exported" "$(export_)" "  REFRESH  patches/6.12/0005-two.patch"
check "export: after which it is nobody's own" "$(mrproper 2>&1; [ -e "$O" ] && echo there)" ""
fresh

# Files that the series adds are made from this project's.
echo mine >>"$tree/samples/pidfd/loop.c"
w commit -a --amend --no-edit
kept "a file of this project, amended there: export" 'adds another samples/pidfd/loop\.c than .* has, and .make tree. takes that one; make them the same' export_
cp "$tree/samples/pidfd/loop.c" "$project/samples/pidfd/loop.c"
check "and when it is the same here" "$(export_; tree_; tail -n 1 "$tree/samples/pidfd/loop.c")" \
	"  REFRESH  patches/6.12/0004-clone-last.patch
  AM       patches/6.12 (4 patches)
mine"
fresh

echo mine >>"$tree/kernel/pid.c"
kept "edits: mrproper" 'has uncommitted edits; commit and .make export. them; .rm -rf .*kdir-[0-9]*. drops it' mrproper
kept "edits: export" 'has uncommitted edits; commit' export_
changed
tree_ >/dev/null
check "edits: tree keeps them" "$(tail -n 1 "$tree/kernel/pid.c"):$(tail -n 1 "$tree/samples/pidfd/loop.c")" mine:changed
rm "$tree/Makefile"
fresh
rm "$tree/Makefile"
echo mine >>"$tree/kernel/pid.c"
changed
kept "edits, and no Makefile: tree" 'has uncommitted edits' tree_
fresh

for flag in assume-unchanged skip-worktree; do
	echo mine >>"$tree/kernel/pid.c"
	w update-index "--$flag" kernel/pid.c
	kept "$flag: mrproper" 'git was told not to see edits .kernel/pid\.c.; .git -C .* update-index --no-assume' mrproper
	kept "$flag: export" 'git was told not to see edits .kernel/pid\.c.' export_
	fresh
done
echo new >"$tree/kernel/new.c"
kept "a new file: mrproper" 'has new files .kernel/new\.c.; .git add -f. them' mrproper
kept "a new file: export" 'has new files .kernel/new\.c.' export_
rm "$tree/kernel/new.c"
mkdir "$tree/lib"
echo new >"$tree/lib/new.c"
kept "a new file that Debian's tree ignores: mrproper" 'has new files .lib/new\.c.' mrproper
kept "a new file that Debian's tree ignores: export" 'has new files .lib/new\.c.' export_
rm -r "${tree:?}/lib"
# Of what the kernel's .gitignore has, people make some; and what they hide themselves is theirs.
for ignore in Debian kernel; do
	if [ "$ignore" = kernel ]; then
		printf '*.o\n*.patch\npatches\n' >"$tree/.gitignore"
		w commit -a -m ignore
		export_ >/dev/null
	fi
	for file in mine.patch patches/mine notes/mine; do
		mkdir -p "$(dirname "$tree/$file")"
		echo mine >"$tree/$file"
		case $file in notes*) echo '*' >"$tree/notes/.gitignore" ;; esac
		kept "$file, .gitignore of $ignore: mrproper" 'has new files .(mine.patch|patches/mine|notes/.*).;' mrproper
		rm -rf "${tree:?}/${file%%/*}"
	done
	mkdir -p "$work/linux.git/info"
	echo mine >"$work/linux.git/info/exclude"
	echo mine >"$tree/kernel/mine"
	kept "a file of info/exclude, .gitignore of $ignore: mrproper" 'has new files .kernel/mine.' mrproper
	rm "$tree/kernel/mine" "$work/linux.git/info/exclude"
done
fresh
echo made >"$tree/kernel/pid.o"
check "what a build makes is none" "$(export_)" "  SAME     patches/6.12"
fresh

echo mine >>"$tree/kernel/pid.c"
w commit -a -m mine
kept "commits: mrproper" 'has commits of its own; .make export. them' mrproper
changed
kept "commits, and the series has changed: tree" 'has commits of its own and the series has changed' tree_
rm -rf "$tree"
refuses "commits, and the tree is gone: tree" 'has commits of its own' tree_
check "commits, and the tree is gone: they are there" "$(git --git-dir="$work/linux.git" log -1 --format=%s series)" mine
fresh
w reset --hard HEAD~1
kept "a commit that was dropped: mrproper" 'has commits of its own' mrproper
fresh

echo mine >>"$tree/kernel/pid.c"
w stash
kept "a stash: mrproper" 'has work of yours in refs/stash, and the series has not' mrproper
kept "a stash: export, with nothing new" 'has work of yours in refs/stash, and the series has not' export_
changed
tree_ >/dev/null
check "a stash: tree keeps it" "$(git -C "$tree" stash list | wc -l):$(tail -n 1 "$tree/samples/pidfd/loop.c")" 1:changed
w stash drop
fresh

w checkout -b side
echo mine >>"$tree/kernel/pid.c"
w commit -a -m mine
kept "another branch: mrproper" 'has work of yours in refs/heads/side' mrproper
kept "another branch: export" 'is not on its branch; .git -C .* checkout series' export_
changed
kept "another branch: tree" 'is not on its branch; .git -C .* checkout series' tree_
w checkout series
cp "$tmp/loop.c" "$project/samples/pidfd/loop.c"
kept "another branch, left: export, with nothing new" 'has work of yours in refs/heads/side' export_
w tag kept side
w branch -D side
kept "a tag: mrproper" 'has work of yours in refs/tags/kept' mrproper
fresh
w checkout -b side
check "another branch, of no work: mrproper" "$(mrproper 2>&1; [ -e "$O" ] && echo there)" ""
fresh

w checkout --detach
echo mine >>"$tree/kernel/pid.c"
w commit -a -m mine
kept "a detached HEAD: mrproper" 'has commits of yours on no branch; .git -C .* branch NAME' mrproper
kept "a detached HEAD: export" 'is not on its branch' export_
changed
kept "a detached HEAD: tree" 'is not on its branch' tree_
fresh

GIT_SEQUENCE_EDITOR='sed -i 1s/pick/edit/' w rebase -i base
echo mine >>"$tree/kernel/pid.c"
w commit -a --amend -m amended
kept "a rebase -i: mrproper" 'is in the middle of a git rebase; finish or abort that there' mrproper
kept "a rebase -i: export" 'is in the middle of a git rebase' export_
changed
kept "a rebase -i: tree" 'is in the middle of a git rebase' tree_
fresh
w checkout -b side
w commit --allow-empty -m side
w checkout series
w merge --no-commit -s ours --no-ff side
kept "a merge: mrproper" 'is in the middle of a git merge' mrproper
fresh

git --git-dir="$work/linux.git" worktree add -q --detach "$tmp/second" series
git -C "$tmp/second" commit -q --allow-empty -m mine
kept "a second worktree: mrproper" 'has a second tree, .*/second; .*worktree remove' mrproper
kept "a second worktree: export, with nothing new" 'has a second tree, .*/second' export_
clean
check "a second worktree: clean keeps it" "$(git -C "$tmp/second" log -1 --format=%s)" mine
fresh

# Not there for a moment
git --git-dir="$work/linux.git" worktree add -q --detach "$tmp/second" series
git -C "$tmp/second" commit -q --allow-empty -m mine
mv "$tmp/second" "$tmp/moved"
clean
KIND=base "$project/scripts/checkout.sh" base >/dev/null
clean
mv "$tmp/moved" "$tmp/second"
check "a second worktree that was not there for a moment: clean and checkout keep it" \
	"$(git -C "$tmp/second" log -1 --format=%s 2>&1; git --git-dir="$work/linux.git" worktree list | wc -l)" "mine
3"
fresh

# A tree that is compared with that of the series, in which somebody has worked
KIND=base "$project/scripts/checkout.sh" base >/dev/null
check "a tree to compare with: clean removes it" "$(clean; ls "$work")" "linux
linux.git
series.commit
series.id"
KIND=base "$project/scripts/checkout.sh" base >/dev/null
git -C "$work/linux-base" commit -q --allow-empty -m mine
kept "a commit in a tree to compare with: clean" 'linux-base has commits of yours, and is made anew; .*branch NAME' clean
kept "a commit in a tree to compare with: mrproper" 'linux-base has commits of yours' mrproper
git -C "$work/linux-base" branch mine
check "a commit in a tree to compare with: clean, when it has a name" \
	"$(clean; git --git-dir="$work/linux.git" log -1 --format=%s mine)" mine
fresh

# A repository that is not found is no reason to delete what is there.
mv "$work/linux.git/worktrees/linux" "$tmp/lost"
refuses "a tree that has lost its repository: mrproper" 'has lost its repository; .*worktree repair' mrproper
rm -rf "$work/linux.git"
refuses "a tree whose repository is gone: mrproper" 'has lost its repository, .*/linux\.git; put that back; .rm -rf' mrproper
check "and the tree is there" "$([ -f "$tree/kernel/pid.c" ] && echo there)" there
fresh
# An interrupted make tree is no work.
rm "$work/linux.git/worktrees/linux/index" "$tree/Makefile"
tree_ >/dev/null
check "a tree that was never whole is made again" "$(git -C "$tree" status --porcelain; [ -f "$tree/Makefile" ] && echo whole)" whole
fresh

# A hook of git's has the repository that it is of in its environment.
want=$(git --git-dir="$work/linux.git" rev-parse 'base^{tree}' 'series^{tree}')
git init -q "$tmp/other"
git -C "$tmp/other" commit -q --allow-empty -m other
git -C "$tmp/other" tag base
rm -rf "$O"
check "GIT_DIR and GIT_INDEX_FILE of another repository: tree is made of the right one" \
	"$(GIT_DIR=$tmp/other/.git GIT_INDEX_FILE=$tmp/other/.git/index tree_ >/dev/null 2>&1
	git --git-dir="$work/linux.git" rev-parse 'base^{tree}' 'series^{tree}' 2>&1)" "$want"
fresh
check "nothing of one's own: mrproper" "$(mrproper 2>&1; [ -e "$O" ] && echo there)" ""

echo "1..$number"
[ "$failures" = 0 ]
