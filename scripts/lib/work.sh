# shellcheck shell=sh
# Sourced, with git.sh, by those who move or delete what a user may have worked in.

# The trees that scripts/checkout.sh makes, to be compared with that of the series
kinds='base bisect coverage mutant parity programs regress'

# forget REPO: what REPO knows of trees that are gone, of those that scripts here make. One
# of the user's may have been moved, or lie on a disk that is not there.
forget() (
	name=$(basename "$(dirname "$(readlink -f "$1")")")
	for entry in "$1"/worktrees/*; do
		where=$(cat "$entry/gitdir" 2>/dev/null) || continue
		[ ! -e "$where" ] || continue
		where=${where%/.git}
		kind=${where##*/linux-} kind=${kind%%-debug*}
		case $where in
		*/"$name"/linux) rm -rf "$entry" ;;
		*/"$name"/linux-*) case " $kinds " in *" $kind "*) rm -rf "$entry" ;; esac ;;
		esac
	done
)

# new_files TREE: what git does not track there, but for what a build makes. The kernel's
# .gitignore has names of what people make, too, and what they hide by another or by
# info/exclude is theirs.
new_files() (
	linux=$1
	set -- --exclude-per-directory=.gitignore
	if grep -qxF '/*' "$linux/.gitignore" 2>/dev/null; then
		# Debian's ignores all that it does not track; the patterns before that one count instead.
		set -f --
		IFS='
'
		# shellcheck disable=SC2013 # lines
		for pattern in $(grep -v -e '^#' -e '^/[*]$' -e '^!/debian/$' "$linux/.gitignore"); do
			set -- "$@" -x "$pattern"
		done
	fi
	own_git -C "$linux" -c core.quotePath=false ls-files --others "$@" \
		-x '!.gitignore' -x '!*.patch' -x '!patches' -x '!patches-*' -x '!series'
)

# work_of_user DIR: what of the user's own is in DIR, which has the trees of a base: a
# line each, KIND and what to do about it
work_of_user() (
	store=$1/linux.git linux=$1/linux dir=$(readlink -f "$1")
	if [ ! -f "$store/config" ]; then
		[ ! -e "$linux/.git" ] || echo "edits $linux has lost its repository, $store; put that back"
		exit 0
	fi
	g() { own_git --git-dir="$store" "$@" 2>/dev/null; }
	t() { own_git -C "$linux" "$@" 2>/dev/null; }
	recorded=$(g rev-parse -q --verify "$(cat "$1/series.commit" 2>/dev/null || echo none)^{commit}" || :)
	# mine REV [REVS]: whether it has a commit that neither the series nor REVS have, and that
	# these scripts have not made; in doubt it has
	mine() {
		# shellcheck disable=SC2046,SC2086 # none, or two
		{ g log --format=%ce $1 --not $(g rev-parse -q --verify base) $recorded ${2:-} || echo unknown; } |
			grep -qvxF clone-autoreap@localhost
	}

	if [ -e "$linux/.git" ] && ! gitdir=$(t rev-parse --absolute-git-dir); then
		echo "edits $linux has lost its repository; 'git --git-dir=$store worktree repair $linux' tells it"
	elif [ -e "$linux/.git" ] && [ -f "$gitdir/index" ]; then	# else the tree was never whole
		doing=$(doing "$gitdir")
		[ ! -e "$gitdir/index.lock" ] || echo "doing another git is at work in $linux; wait for it, or remove what one that died has left: $gitdir/index.lock"
		[ -z "$doing" ] || echo "doing $linux is in the middle of $doing; finish or abort that there"
		[ "$(t symbolic-ref -q HEAD)" = refs/heads/series ] ||
			echo "head $linux is not on its branch; 'git -C $linux checkout series' takes it there"
		[ -z "$(t status --porcelain --untracked-files=no || echo unknown)" ] ||
			echo "edits $linux has uncommitted edits; commit and 'make export' them"
		t ls-files -v | sed -n 's/^[a-zS] //p' | while read -r file; do
			[ -e "$linux/$file" ] || [ -L "$linux/$file" ] || continue
			echo "edits $linux has files in which git was told not to see edits ($file); 'git -C $linux update-index --no-assume-unchanged $file' or --no-skip-worktree lets it see"
			break
		done
		new=$({ new_files "$linux" 2>/dev/null || echo unknown; } | head -n 1)
		[ -z "$new" ] || echo "files $linux has new files ($new); 'git add -f' them, commit and 'make export', or remove them"
		! mine "$(t rev-parse HEAD)" --branches ||
			echo "elsewhere $linux has commits of yours on no branch; 'git -C $linux branch NAME' names them, 'make export' takes those of its branch series"
	fi
	series=$(g rev-parse -q --verify refs/heads/series || :)
	if [ -n "$series" ] && [ "$series" != "$recorded" ] &&
		{ mine "$series" || { [ -n "$recorded" ] && g merge-base --is-ancestor "$series" "$recorded"; }; }; then
		echo "commits $linux has commits of its own; 'make export' them"
	fi
	g for-each-ref --format='%(refname)' | grep -vxE 'refs/heads/(base|series|mail)' | while read -r ref; do
		! mine "$ref" ||
			echo "elsewhere $store has work of yours in $ref, and the series has not; take it to its branch series and 'make export' it, or push it elsewhere"
	done
	# The first is the repository.
	g worktree list --porcelain | sed -n 's/^worktree //p' | sed 1d | while read -r other; do
		kind=${other#"$dir/linux-"}
		case " $kinds " in *" ${kind%%-debug*} "*)
			! head=$(own_git -C "$other" rev-parse HEAD 2>/dev/null) || ! mine "$head" '--branches --tags' ||
				echo "copy $other has commits of yours, and is made anew; 'git -C $other branch NAME' keeps them"
			continue ;;
		esac
		case $other in
		"$dir/linux" | */autoreap-thin.*/linux) ;;
		*)	echo "second $store has a second tree, $other; 'git --git-dir=$store worktree remove $other' first" ;;
		esac
	done
)

# refuse_work DIR KINDS [TEXT]: ends if there is work of one of these kinds, KIND|...
refuse_work() {
	refuse_work_found=$(work_of_user "$1" | grep -m1 -E "^($2) ") || return 0
	die "${refuse_work_found#* }${3:-}"
}
