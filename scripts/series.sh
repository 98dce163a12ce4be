#!/bin/sh
# Usage: [SERIES=name] scripts/series.sh GITDIR REV
# Prints the directory of the series for the kernel tree at REV of the git
# repository GITDIR. What the tree has decides, and its version where that does not; SERIES
# is one to try on a tree for which there is none.
# This is the only place that knows which series fits which tree.
# Exit status: 0; 2 if none fits, and why.
. "$(dirname -- "$0")/lib.sh"
. "$top/scripts/lib/git.sh"
. "$top/scripts/lib/version.sh"

repo=$1 rev=$2
[ ! -e "$repo/.git" ] || repo=$repo/.git

# has FILE PATTERN: whether the tree's FILE has a line that matches
show() { own_git --git-dir="$repo" cat-file blob "$rev:$1" 2>/dev/null; }
has() { show "$1" | grep -qE "$2"; }

version=$(show Makefile | kernel_version)
[ "$version" != 0.0.0 ] || die "$repo is not a kernel tree (no version in its Makefile)"

# none WHY: there is no series for this tree; the one that its files are most like
none() {
	if older 5.15; then near=5.10
	elif older 6.0; then near=5.15
	elif older 6.4; then near=6.1
	elif older 6.10; then near=6.6
	elif older 6.15; then near=6.12-early
	else near=6.18-early
	fi
	die "$1; the nearest is patches/$near, never built for it: SERIES=$near applies that, whole or not at all"
}

# pidfds: what the tree's pidfds have, in the words of patches/releases
pidfd=include/uapi/linux/pidfd.h
pidfds() {
	if ! older 7.1; then
		# A release of 7.3 has learned to look the task up first; its last -rc had not.
		if has fs/pidfs.c pidfs_task_owns_pid; then echo flag-owner; else echo flag; fi
	elif has $pidfd PIDFD_INFO_EXIT && has fs/pidfs.c 'pid->attr'; then
		if has $pidfd PIDFD_INFO_SIZE_VER1; then echo attr-sizes; else echo attr; fi
	elif has $pidfd PIDFD_INFO_EXIT && has fs/pidfs.c 'struct pidfs_exit_info __pei'; then
		if show fs/pidfs.c | sed -n '/^static long pidfd_info(/,/^}/p' | grep -q 'struct task_struct \*task;'; then
			echo exit-leak
		elif has fs/pidfs.c delay_group_leader; then
			echo exit
		else
			echo exit-anytime
		fi
	elif has $pidfd PIDFD_GET_INFO; then
		echo info
	elif has fs/pidfs.c delay_group_leader; then
		echo wake
	elif has include/linux/rh_kabi.h RH_KABI; then
		echo rhel
	else
		echo -
	fi
}

if has include/linux/sched/signal.h task_exit_status; then
	die "this tree of Linux $version has this series already, or a part of it (task_exit_status()); start from a tree without it"
elif ! older 7.1; then
	has include/uapi/linux/sched.h CLONE_AUTOREAP ||
		die "Linux $version of this tree has no CLONE_AUTOREAP, as mainline has since 7.1: there is no series for it"
elif has include/uapi/linux/sched.h CLONE_AUTOREAP; then
	die "Linux $version of this tree has CLONE_AUTOREAP already, which this series would add"
elif [ -n "${SERIES:-}" ]; then
	series=$top/patches/$SERIES
	case $SERIES in *[!0-9a-z.-]* | [!0-9]*) series= ;; esac
	[ -d "$series" ] || die "SERIES=$SERIES is no directory of $top/patches"
	echo "$series"
	exit
fi

# The last line for such pidfds and this version; else what is wrong with the one that is nearest
kind=$(pidfds)
# shellcheck disable=SC2046
set -- $(grep -v '^#' "$top/patches/releases" | while read -r _ series word first _; do
	[ "$word" = "$kind" ] || continue
	from=${first%+}
	# Of this A.B, or of a later one where that is said
	case $version in
	"${from%.*}".*) ;;
	*) if [ "$first" = "$from" ] || older "$from"; then continue; fi ;;
	esac
	if older "$from"; then echo "$series $from"; else echo "$series -"; fi
done | awk '$2 == "-" { fits = $0 } { last = $0 } END { print fits ? fits : last }')
if [ -z "${1:-}" ]; then
	[ "$kind" != info ] ||
		die "Linux $version of this tree has PIDFD_GET_INFO without an exit status: no series adds only that, and none would apply"
	! older 5.10 ||
		none "Linux $version is older than 5.10, the oldest kernel that there is a series for"
	none "Linux $version has reached its end of life, and there is no series for it"
elif [ "$2" != - ]; then
	die "Linux $version is older than $2, the first release that patches/$1 is for; SERIES=$1 tries it all the same"
fi
[ -d "$top/patches/$1" ] || die "no series for Linux $version in $top/patches"
echo "$top/patches/$1"
