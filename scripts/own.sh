# shellcheck shell=sh disable=SC2012,SC2015,SC2034,SC2154 # ls: names of ours; O, top: of lib.sh
# Sourced after lib.sh by those who could lose what is the user's own.

# reason: the line of what git has said that tells why, with the first file that it names
reason() {
	awk 'found { if (why ~ /:$/) { sub(/^[ \t]*/, " "); why = why $0 }; exit }
		/^(error|fatal): / { found = sub(/^[a-z]*: /, "") }
		{ why = $0 }
		END { print why ? why : "git does not say why; is the disk full?" }'
}

# doing GITDIR: what git is in the middle of there, if anything
doing() {
	for what in rebase-apply:'a git am or rebase' rebase-merge:'a git rebase' MERGE_HEAD:'a git merge' \
		CHERRY_PICK_HEAD:'a git cherry-pick' REVERT_HEAD:'a git revert' sequencer:'a git cherry-pick or revert'; do
		[ ! -e "$1/${what%%:*}" ] || { echo "${what#*:}"; break; }
	done
}

# keep FILE: standard input becomes what FILE holds, or the file that the link FILE leads
# to; all of it, or that is as it was. Its owner and mode stay. Who is interrupted removes
# ${kept:+"$kept.new"}.
kept=''
keep() {
	kept=$(readlink -f "$1")
	error=$(exec 2>&1; rm -f "$kept.new" && { [ ! -e "$kept" ] || cp -p "$kept" "$kept.new"; } &&
		cat >"$kept.new" && mv -f "$kept.new" "$kept") || {
		rm -f "$kept.new"
		die "cannot write $1, which is as it was: ${error##*: }"
	}
}

# The output directory carries this file. What has none, nobody here writes to or deletes.
mark=.clone-autoreap-output

# own_output [--make]: refuses an O that is not this user's output directory; --make makes
# one of what is not there yet, or is empty. An earlier version left no mark: build/ of this
# project is its own by the lock that each run left there, or if all in it has a name of ours.
own_output() {
	real=$(CDPATH='' cd -P -- "$O" 2>/dev/null && pwd) || real=''
	if [ -z "$real" ]; then
		[ ! -e "$O" ] && [ ! -L "$O" ] || die "O=$O is no directory that $(id -un) may enter"
		[ "${1:-}" = --make ] || die "there is no O=$O"
		mkdir -p "$O" 2>/dev/null || die "cannot write to O=$O as $(id -un); say O=another-directory"
		real=$(cd -P "$O" && pwd)
	fi
	case $(cd -P "$top" && pwd)/ in "${real%/}"/*)
		die "O=$O is this project, or holds it; say O=another-directory" ;;
	esac
	! { echo "${HOME:-}"; getent passwd | cut -d: -f6; } 2>/dev/null | grep -qxF -e "$real" -e "$O" ||
		die "O=$O is a home; say O=another-directory"
	owner=$(stat -c %u "$real")
	[ "$owner" = "$(id -u)" ] || { [ "$(id -u)" = 0 ] && [ "$owner" = "$(stat -c %u "$top")" ]; } ||
		die "O=$O is another user's; say O=another-directory"
	if [ ! -f "$O/$mark" ] || [ -L "$O/$mark" ]; then
		{ [ "${1:-}" = --make ] && [ -z "$(ls -A "$O")" ]; } ||
			{ [ "$O" = "$top/build" ] && { [ -f "$O/.lock" ] || [ -z "$(in_output others)" ]; }; } ||
			die "O=$O has files and no mark of this project's; say O=another-directory, or, if an earlier version of it made them, touch $O/$mark"
		echo "clone-autoreap makes what is here, and its make clean deletes it." 2>/dev/null >"$O/$mark" ||
			die "cannot write to O=$O as $(id -un); say O=another-directory, or make it yours by sudo chown -R"
	fi
}

# What the makers write to O, beside a directory for each base
output_names=".lock log apt accel ccache arches.row bases.err cross herd herd.new download reach bench bench.new bench.loop lava $mark"

# in_output [others]: the directories of bases in O; or what is there and has no name of ours
in_output() {
	for path in "$O"/* "$O"/.[!.]*; do
		name=${path##*/}
		case " $output_names " in *" $name "*) continue ;; esac
		[ -e "$path" ] || [ -L "$path" ] || continue
		base=others
		! expr "$name" : '[0-9][0-9]*[.][0-9.]*$' '|' "$name" : 'kdir-[0-9]*$' >/dev/null || [ ! -d "$path" ] || base=
		[ "$base" != "${1:-}" ] || echo "$name"
	done
}

# The trees that scripts/checkout.sh makes, to be compared with that of the series
kinds='base bisect coverage mutant parity programs regress'

# new_files TREE: what git does not track there, but for what a build makes
new_files() (
	linux=$1
	set -- --exclude-standard
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
	own_git -C "$linux" -c core.excludesFile=/dev/null -c core.quotePath=false ls-files --others "$@"
)

# work_of_user DIR: what of the user's own is in DIR, which has the trees of a base: a
# line each, KIND and what to do about it
work_of_user() (
	store=$1/linux.git linux=$1/linux dir=$(readlink -f "$1")
	[ -f "$store/config" ] || exit 0
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
		[ -z "$doing" ] || echo "doing $linux is in the middle of $doing; finish or abort that there"
		[ "$(t symbolic-ref -q HEAD)" = refs/heads/series ] ||
			echo "head $linux is not on its branch; 'git -C $linux checkout series' takes it there"
		[ -z "$(t status --porcelain --untracked-files=no || echo unknown)" ] ||
			echo "edits $linux has uncommitted edits; commit and 'make export' them"
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
	found=$(work_of_user "$1" | grep -m1 -E "^($2) ") || return 0
	die "${found#* }${3:-}"
}
