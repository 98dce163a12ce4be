#!/bin/sh
# Usage: [INTERRUPTS=25] scripts/tests/am_test.sh
# make am takes all of the series into the user's tree, or leaves that as it was:
# whatever it refuses, whatever stops it; TAP on stdout. No kernel is needed.
# Exit status: 0 all passed; 1 otherwise.
. "$(dirname -- "$0")/../lib.sh"
. "$top/scripts/tests/tap.sh"
. "$top/scripts/tests/tiny.sh"
tiny_tree
tiny_project

am() { KDIR=${1:-$tiny} "$project/scripts/am.sh"; }
git_() { git -C "$tiny" "$@"; }
# state: all that a user could miss, and what could be left over
state() {
	git_ for-each-ref
	git_ symbolic-ref -q HEAD || git_ rev-parse HEAD
	git_ status --porcelain --ignored
	git_ diff --cached --stat
	(cd "$tiny" && find . -path ./.git/objects -prune -o -path ./.git/logs -prune -o ! -name ORIG_HEAD ! -name index \
		! -name COMMIT_EDITMSG ! -name FETCH_HEAD -print | sort)
	find "$tiny" -path "$tiny/.git" -prune -o -type f -exec cksum {} + | sort
	find "$tmp/t" -mindepth 1
}
# Where the scripts put what they need for a moment.
mkdir "$tmp/t"
export TMPDIR="$tmp/t"
fresh() {
	git_ reset -q --hard base
	git_ clean -qfdx
}
before=$(state)
am >"$tmp/out" 2>&1 || cat "$tmp/out"
check "what it says" "$(sed 's/now [0-9a-f]*/now C/; s/keep [0-9a-f]*/keep C/; s/^ *//' "$tmp/out")" "AM       clone: one
AM       clone: two
AM       clone: add CLONE_NNP
AM       clone: last
DONE     HEAD is now C (clone: last); git reset --keep C takes it out again"
check "each patch a commit of its author and of the user, on the user's branch" \
	"$(git_ log --reverse --format='%s: %an, %cn' base..main)" \
	"clone: one: author, t
clone: two: author, t
clone: add CLONE_NNP: author, t
clone: last: author, t"
check "nothing is left over" "$(state | grep -c 'autoreap-am\|worktrees')" 0
undo=$(sed -n 's/.*; git \(reset --keep [0-9a-f]*\) takes.*/\1/p' "$tmp/out")
# shellcheck disable=SC2086 # words
git_ $undo
check "what it says takes it out again" "$(git_ rev-parse HEAD; git_ status --porcelain)" "$(git_ rev-parse base)"
am >/dev/null 2>&1
check "the tree holds the series" "$(git_ status --porcelain; cksum <"$tiny/samples/pidfd/loop.c")" \
	"$(seq 100 | cksum)"
fresh

sed -i 's/^From: author <.*/From: clone-autoreap <clone-autoreap@localhost>/' "$project"/patches/6.12/000[1-3]-*
signed() { SIGN=1 GIT_COMMITTER_NAME='A. Müller' GIT_COMMITTER_EMAIL=$1 am; }
signed a@kernel.example >/dev/null 2>&1
check "SIGN=1: nobody's are the user's, and each is signed" \
	"$(git_ log --reverse --format='%s: %an <%ae>, %(trailers:key=Signed-off-by,separator=%x2C)' base..main)" \
	"clone: one: A. Müller <a@kernel.example>, Signed-off-by: A. Müller <a@kernel.example>
clone: two: A. Müller <a@kernel.example>, Signed-off-by: A. Müller <a@kernel.example>
clone: add CLONE_NNP: A. Müller <a@kernel.example>, Signed-off-by: A. Müller <a@kernel.example>
clone: last: author <author@localhost>, Signed-off-by: A. Müller <a@kernel.example>"
fresh
refuses "SIGN=1: who has no address" 'SIGN=1: no mail can be from a@localhost, .*user.email you@your.org' signed a@localhost
refuses "SIGN: another word" 'SIGN=no: say SIGN=1, or nothing' env SIGN=no KDIR="$tiny" "$project/scripts/am.sh"
sed -i 's/^From: clone-autoreap <.*/From: author <author@localhost>/' "$project"/patches/6.12/000[1-3]-*

# kept NAME PATTERN COMMAND...: refuses, and the tree is as it was
kept() {
	name=$1 then=$(state)
	refuses "$@"
	check "$name: and the tree is as it was" "$(state)" "$then"
}

# What is refused
echo '/* mine */' >>"$tiny/kernel/fork.c"
kept "uncommitted changes" 'has uncommitted changes; commit or stash' am
git_ add -A
kept "changes in the index" 'has uncommitted changes; commit or stash' am
fresh
git_ checkout -q -b side base
git_ commit -q --allow-empty -m side
git_ checkout -q main
git_ commit -q --allow-empty -m main
git_ merge -q --no-commit -s ours side >/dev/null 2>&1
kept "a merge that is not finished" 'in the middle of a git merge; finish or abort' am
git_ merge --abort
printf 'one\n' >"$tiny/Kbuild"; git_ commit -q -a -m one
git_ checkout -q side
printf 'two\n' >"$tiny/Kbuild"; git_ commit -q -a -m two
git_ cherry-pick main >/dev/null 2>&1 || :
git_ checkout -q HEAD -- Kbuild
kept "a cherry-pick that is not finished" 'in the middle of a git cherry-pick; finish or abort' am
git_ cherry-pick --abort
git_ revert HEAD~1..HEAD --no-commit >/dev/null 2>&1
git_ checkout -q HEAD -- Kbuild
kept "a revert that is not finished" 'in the middle of a git revert; finish or abort' am
git_ revert --abort 2>/dev/null || git_ revert --quit
git_ rebase -q main >/dev/null 2>&1 || :
git_ checkout -q HEAD -- Kbuild
kept "a rebase that is not finished" 'in the middle of a git rebase; finish or abort' am
git_ rebase --abort
git_ checkout -q main
git_ reset -q --hard base
sed 's,one,none,; s,^ /\*,&x,' "$project/patches/6.12"/0001-* >"$tmp/bad"
git_ am -q "$tmp/bad" >/dev/null 2>&1 || :
kept "a git am that is not finished" 'in the middle of a git am or rebase; finish or abort' am
git_ am --abort
git_ branch -q -D side
for lock in index HEAD refs/heads/main; do
	touch "$tiny/.git/$lock.lock"
	kept "the lock of $lock" "another git is at work in .*; wait .*: /.*$lock\\.lock" am
	rm "$tiny/.git/$lock.lock"
done
mkdir -p "$tiny/samples/pidfd"
echo mine >"$tiny/samples/pidfd/loop.c"
kept "a file where the series adds one" 'has a samples/pidfd/loop.c that git does not track' am
echo /samples >"$tiny/.git/info/exclude"
kept "and one that git ignores" 'has a samples/pidfd/loop.c that git does not track' am
rm "$tiny/samples/pidfd/loop.c"
mkdir -p "$tiny/samples/pidfd/loop.c/mine"
kept "a directory where the series adds a file" 'has a samples/pidfd/loop.c that git does not track' am
rm -r "$tiny/samples"
echo mine >"$tiny/samples"
kept "a file where the series adds a directory" 'does not take the series, and is as it was: ' am
rm "$tiny/samples" "$tiny/.git/info/exclude"
git_ update-index --assume-unchanged kernel/pid.c
echo mine >>"$tiny/kernel/pid.c"
kept "an edit that git was told not to see" 'does not take the series, and is as it was: .*kernel/pid\.c' am
rm -f "$tiny/kernel/pid.c"
ln -s none "$tiny/kernel/pid.c"
kept "a link that leads nowhere, and that git was told not to see" 'does not take the series, and is as it was: .*kernel/pid\.c' am
check "and the link is there" "$(readlink "$tiny/kernel/pid.c")" none
rm -f "$tiny/kernel/pid.c"
mkdir "$tiny/kernel/pid.c"
kept "a directory that git was told not to see" 'has a kernel/pid\.c that is no file' am
rmdir "$tiny/kernel/pid.c"
git_ update-index --no-assume-unchanged kernel/pid.c
fresh
# The step fails when the files are written: at the branch.
rm "$tiny/.git/logs/refs/heads/main"
mkdir -p "$tiny/.git/logs/refs/heads/main/file"
touch "$tiny/.git/logs/refs/heads/main/file/file"
kept "a branch that cannot be moved" 'does not take the series, and is as it was: update_ref failed' am
rm -r "$tiny/.git/logs/refs/heads/main"
# shellcheck disable=SC2016 # the hook's
printf '#!/bin/sh\n[ "$1" != prepared ] || ! grep refs/heads/main\n' >"$tiny/.git/hooks/reference-transaction"
chmod +x "$tiny/.git/hooks/reference-transaction"
kept "a hook that guards the branch" 'does not take the series, and is as it was: ref updates aborted by hook' am
rm "$tiny/.git/hooks/reference-transaction"
sed -i 15d "$tiny/kernel/signal.c"
git_ commit -q -a -m conflict
kept "a patch that does not apply" '6\.12: patch 0001 clone: one does not apply: patch failed: kernel/signal\.c' am
fresh
printf '#!/bin/sh\necho no such mail here >&2\nexit 1\n' >"$tiny/.git/hooks/applypatch-msg"
chmod +x "$tiny/.git/hooks/applypatch-msg"
kept "a hook of the user's" '6\.12: patch 0001 is not taken by git am: no such mail here' am
rm "$tiny/.git/hooks/applypatch-msg"
git clone -q --bare "$tiny" "$tmp/bare"
refuses "a bare repository" 'is not the top of a git tree' am "$tmp/bare"
refuses "what is in .git" 'is not the top of a git tree' am "$tiny/.git"
refuses "no room for what it needs" 'cannot write to /none/such' env TMPDIR=/none/such KDIR="$tiny" "$project/scripts/am.sh"
git_ -c user.name=n -c user.email=e commit -q --allow-empty -m other
GIT_DIR=$tmp/bare GIT_INDEX_FILE=$tmp/bare/index am >/dev/null 2>&1 || :
check "GIT_DIR of another repository leads nowhere" "$(git --git-dir="$tmp/bare" rev-parse main):$(git_ rev-list --count base..)" \
	"$(git_ rev-parse base):5"
fresh

# A linked worktree, a detached HEAD, settings of the user's that would stop a merge
git_ worktree add -q --detach "$tmp/second" base
git_ config merge.ff false
git_ config merge.verifySignatures true
git_ config branch.main.mergeOptions --squash
am "$tmp/second" >/dev/null 2>&1 || :
check "a second worktree, detached" "$(git -C "$tmp/second" rev-list --count base..):$(git_ rev-list --count base..)" 4:0
git_ worktree remove --force "$tmp/second"
rmdir "$tiny/.git/worktrees" 2>/dev/null || :
am >/dev/null 2>&1 || :
check "settings of the user's for merges" "$(git_ rev-list --count base..):$(git_ status --porcelain)" 4:
git_ config --unset merge.ff
git_ config --unset merge.verifySignatures
git_ config --unset branch.main.mergeOptions
fresh
for setting in 'pull.twohead ours' 'branch.main.mergeOptions --strategy=ours'; do
	# shellcheck disable=SC2086 # two words
	git_ config $setting
	am >/dev/null 2>&1 || :
	check "$setting: it is no merge" "$(git_ rev-list --count --no-merges base..):$(git_ rev-list --count --merges base..):$(git_ status --porcelain)" 4:0:
	git_ config --unset "${setting% *}"
	fresh
done
git_ config core.fsmonitor /none/such
check "what git warns of is no change" "$(am 2>&1 | tail -n 1 | grep -c DONE)" 1
git_ config --unset core.fsmonitor
fresh
# Beside the tree there is no branch, and no file but those of the series.
git config -f "$tmp/work" user.name work
git config -f "$tmp/work" user.email work@localhost
git_ config user.name other
git_ config user.email other@localhost
git_ config includeIf.onbranch:main.path "$tmp/work"
(unset GIT_COMMITTER_NAME GIT_COMMITTER_EMAIL; am >/dev/null 2>&1) || :
check "who the user is on this branch" "$(git_ log --format='%cn <%ce>' base.. | sort | uniq -c | tr -s ' ')" " 4 work <work@localhost>"
git_ config --remove-section includeIf.onbranch:main
git_ config --remove-section user
fresh
mkdir "$tiny/hooks"
printf '#!/bin/sh\necho no such mail here >&2\nexit 1\n' >"$tiny/hooks/applypatch-msg"
chmod +x "$tiny/hooks/applypatch-msg"
git_ add -f hooks
git_ commit -q -m hooks
git_ config core.hooksPath hooks
kept "a hook that is in the tree" '6\.12: patch 0001 is not taken by git am: no such mail here' am
git_ config --unset core.hooksPath
fresh
# Other places
mkdir "$tmp/here"
cd "$tmp"
check "a relative TMPDIR" "$(TMPDIR=here am 2>&1 | grep -c DONE; ls "$tmp/here"; git_ status --porcelain --ignored)" 1
cd /
fresh
newline="$tmp/linux
"
cp -a "$tiny" "$newline"
am "$newline" >/dev/null 2>&1 || :
check "a newline at the end of its name" "$(git -C "$newline" rev-list --count base..):$(git_ rev-list --count base..)" 4:0
rm -rf "$newline"
# Who reads what it says, has gone.
sed -i 15d "$tiny/kernel/signal.c"
git_ commit -q -a -m conflict
then=$(state)
am 2>&1 | true
check "nobody reads what it says: nothing is left over" "$(state)" "$then"
fresh

# Two at once: one has its way, the other says so in a line. If it comes late, it finds the
# series there; from the few lines of this one nobody can tell that it is.
both=''
for round in 1 2 3 4 5; do
	for run in 1 2; do
		(rc=0; am >"$tmp/out$run" 2>&1 || rc=$?; echo "$rc" >"$tmp/rc$run") &
	done
	wait
	[ "$(sort "$tmp/rc1" "$tmp/rc2" | tr '\n' ' ')" = "0 2 " ] && [ "$(state)" != "$before" ] &&
	[ "$(cat "$tmp/out1" "$tmp/out2" | grep -c DONE)" = 1 ] &&
	[ "$(cat "$tmp/out1" "$tmp/out2" | grep -cE '^error: (another make am|.* has this series|.*other commits)')" = 1 ] &&
	[ "$(git_ rev-list --count base..)" = 4 ] && [ -z "$(git_ status --porcelain)" ] || both="$both $round: $(cat "$tmp"/out?)"
	fresh
done
check "two at once: one wins, the other says so" "$both" ""
# Somebody commits while it is at work: theirs stays.
printf '#!/bin/sh\nenv -u GIT_DIR -u GIT_INDEX_FILE -u GIT_WORK_TREE git -C "%s" commit -q --allow-empty -m theirs\n' "$tiny" >"$tiny/.git/hooks/post-applypatch"
chmod +x "$tiny/.git/hooks/post-applypatch"
refuses "somebody commits meanwhile" 'has got other commits meanwhile; say make am again' am
check "and that stays" "$(git_ log -1 --format=%s):$(git_ status --porcelain)" theirs:
rm "$tiny/.git/hooks/post-applypatch"
fresh

# verdict: what is left of an interrupted run: the tree before or after, or else what
before=$(state)
verdict() {
	now=$(state)
	if [ "$now" = "$before" ]; then
		echo before
	elif [ "$(echo "$now" | grep -v 'refs/heads/main$')" = "$after" ] && [ "$(git_ rev-list --count base..main)" = 4 ]; then
		echo after
	else
		echo broken
		echo "$before" >"$tmp/before"
		echo "$now" | diff "$tmp/before" - || :
	fi
}
# Signals to all processes, as Ctrl-C and a closed terminal send them, at random moments
start=$(date +%s%N)
am >/dev/null 2>"$tmp/err" || cat "$tmp/err"
took=$((($(date +%s%N) - start) / 1000000))
after=$(state | grep -v 'refs/heads/main$')
fresh
: "${INTERRUPTS:=25}"
awk -v n="$INTERRUPTS" -v took="$took" 'BEGIN {
	srand(); split("INT TERM HUP", signal, " ")
	for (i = 0; i < n; i++) printf "%s %.3f\n", signal[i % 3 + 1], (0.01 + rand() * took * 1.1) / 1000 }' >"$tmp/moments"
broken='' whole=0
while read -r signal moment; do
	rc=0
	KDIR=$tiny timeout -s "$signal" "$moment" "$project/scripts/am.sh" >"$tmp/out" 2>&1 </dev/null || rc=$?
	verdict=$(verdict)
	said=$(grep -c DONE "$tmp/out" || :)
	case $verdict:$said in
	before:0) ;;
	after:1) whole=$((whole + 1)) ;;
	*) broken="$broken
$signal after $moment s, exit status $rc: $(cat "$tmp/out"): $verdict"; git_ am --abort 2>/dev/null || :
		rm -rf "$tiny/.git"/autoreap-am.* "$tiny/.git/worktrees" "$tiny/.git"/*.lock "$tmp/t"/* ;;
	esac
	fresh
done <"$tmp/moments"
check "$INTERRUPTS signals at random moments: none leaves a broken tree" "$broken" ""
[ -z "${V:-}" ] || echo "# $whole of $INTERRUPTS came too late, or when the step was taken; a run takes $took ms"

# shellcheck disable=SC2016 # for the other shell
in_group='echo $$ >"$1"; exec "$2"'
# One in the middle of the step that takes it: the filter runs while files are written.
printf 'kernel/pid.c filter=stop\n' >"$tiny/.git/info/attributes"
git_ config filter.stop.clean cat
git_ config filter.stop.smudge "$tmp/smudge"
before=$(state)
for signal in INT TERM HUP; do
	# shellcheck disable=SC2016
	printf '#!/bin/sh\n[ "$PWD" != "%s" ] || { kill -%s -"$(cat "%s")"; sleep 0.2; }\nexec cat\n' \
		"$tiny" "$signal" "$tmp/group" >"$tmp/smudge"
	chmod +x "$tmp/smudge"
	KDIR=$tiny setsid sh -c "$in_group" - "$tmp/group" "$project/scripts/am.sh" >"$tmp/out" 2>&1 </dev/null || :
	check "SIG$signal in the middle of the step: it is taken" \
		"$(git_ rev-list --count base..):$(git_ status --porcelain):$(grep -c DONE "$tmp/out")" 4::1
	rm "$tmp/smudge"
	printf '#!/bin/sh\nexec cat\n' >"$tmp/smudge"
	chmod +x "$tmp/smudge"
	fresh
done
# shellcheck disable=SC2016
printf '#!/bin/sh\n[ "$PWD" != "%s" ] || { kill -9 $PPID; sleep 0.2; }\nexec cat\n' "$tiny" >"$tmp/smudge"
am >"$tmp/out" 2>&1 || :
check "git is killed in the step: the tree is as it was" "$(state):$(grep -c 'as it was: git was killed' "$tmp/out")" "$before:1"
# The other run is what kill -9 of the script leaves of the step.
# shellcheck disable=SC2016
printf '#!/bin/sh\n[ "$PWD" != "%s" ] || kill -9 "$(cat "%s")"\nexec cat\n' "$tiny" "$tmp/group" >"$tmp/smudge"
KDIR=$tiny setsid sh -c "$in_group" - "$tmp/group" "$project/scripts/am.sh" >"$tmp/out" 2>&1 </dev/null || :
for _ in $(seq 50); do
	[ "$(git_ rev-list --count base..)" != 4 ] || break
	sleep 0.1
done
left() { find "$tiny/.git" -maxdepth 1 -name 'autoreap-am.*' | wc -l; }
left=$(left)
printf '#!/bin/sh\nexec cat\n' >"$tmp/smudge"
fresh
touch -d '2 minutes ago' "$tmp/t"/autoreap-am.*
am >/dev/null 2>&1 || :
fresh
check "the script is killed in the step: the next one removes what it saved" "$left:$(left)" 1:0
check "and all else" "$(state)" "$before"
# What git could still merge does not apply, whatever the user's settings say.
git_ config am.threeWay true
sed -i '17s/$/ changed/' "$tiny/kernel/pid.c"
git_ commit -q -a -m changed
refuses "am.threeWay: a patch that does not apply" 'patch 0001 clone: one does not apply' am
git_ config --unset am.threeWay
fresh
# What fails there: the way back
# shellcheck disable=SC2016
printf '#!/bin/sh\n[ "$PWD" != "%s" ] || exit 1\nexec cat\n' "$tiny" >"$tmp/smudge"
git_ config filter.stop.required true
refuses "a file that cannot be written" 'does not take the series, and is as it was' am
git_ config --unset filter.stop.required
check "a file that cannot be written: the tree is as it was" "$(state)" "$before"
rm "$tiny/.git/info/attributes"
git_ config --remove-section filter.stop
fresh

# A full disk: the file system of tree and temporary files
full_disk "a full disk leaves it as it was" 4 "${STEP:-5}" <<'END'
prepare() {
	cp -a "$tiny" linux
	mkdir t
	before=$(state)
}
state() {
	git -C linux rev-parse HEAD; git -C linux --no-optional-locks status --porcelain
	find linux/.git t -name '*autoreap*'
	find linux -path linux/.git -prune -o -type f -exec cksum {} + | sort
}
attempt() { KDIR=$PWD/linux TMPDIR=$PWD/t "$project/scripts/am.sh"; }
taken() { [ "$(git -C linux rev-list --count base..)" = 4 ] && [ -z "$(git -C linux status --porcelain)" ]; }
again() {
	git -C linux reset -q --hard base
	git -C linux clean -qfdx
	fewer
}
untouched() {
	[ "$(state)" = "$before" ] && [ "$(wc -l <"$tmp/out")" = 1 ] && fewer
}
# What the last attempt has left among git's objects must not fill the disk.
fewer() {
	git -C linux -c gc.auto=0 prune --expire=now
	git -C linux reflog expire --expire=now --all
}
END

echo "1..$number"
[ "$failures" = 0 ]
