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
	if older 5.14; then near=6.1
	elif older 5.15; then near=6.6	# RHEL 9
	elif older 6.4; then near=6.1
	elif older 6.9; then near=6.6
	elif older 6.15; then near=6.12-early
	else near=6.18-early
	fi
	die "$1; the nearest is patches/$near, never built for it: SERIES=$near applies that, whole or not at all"
}

pidfd=include/uapi/linux/pidfd.h
if has include/linux/sched/signal.h task_exit_status; then
	die "this tree of Linux $version has this series already, or a part of it (task_exit_status()); start from a tree without it"
elif ! older 7.1; then
	has include/uapi/linux/sched.h CLONE_AUTOREAP ||
		die "Linux $version of this tree has no CLONE_AUTOREAP, as mainline has since 7.1: there is no series for it"
	# A release of 7.3 has learned to look the task up first; its last -rc had not.
	series=7.1
	! has fs/pidfs.c pidfs_task_owns_pid || series=7.3
elif has include/uapi/linux/sched.h CLONE_AUTOREAP; then
	die "Linux $version of this tree has CLONE_AUTOREAP already, which this series would add"
elif [ -n "${SERIES:-}" ]; then
	case $SERIES in
	*[!0-9a-z.-]* | [!0-9]*) die "SERIES=$SERIES is no directory of $top/patches" ;;
	esac
	[ -d "$top/patches/$SERIES" ] || die "SERIES=$SERIES is no directory of $top/patches"
	echo "$top/patches/$SERIES"
	exit
elif older 6.1; then
	none "Linux $version is older than 6.1, the oldest kernel that there is a series for"
elif has $pidfd PIDFD_INFO_EXIT && has fs/pidfs.c 'pid->attr'; then
	series=6.18
	# 6.18.2 has given the size of struct pidfd_info a name.
	has $pidfd PIDFD_INFO_SIZE_VER1 || series=6.18-early
	older 6.19 || series=6.19
	older 7.0 || series=7.0
elif has $pidfd PIDFD_INFO_EXIT && has fs/pidfs.c 'struct pidfs_exit_info __pei'; then
	# The exit information of 6.15, brought to an older kernel: whole, without its
	# rule for poll, or with a reference that is never put.
	series=6.12-exitinfo
	has fs/pidfs.c delay_group_leader || series=6.12-el10
	! show fs/pidfs.c | sed -n '/^static long pidfd_info(/,/^}/p' | grep -q 'struct task_struct \*task;' ||
		series=6.12-sles16
elif has $pidfd PIDFD_GET_INFO; then
	none "Linux $version of this tree has PIDFD_GET_INFO without an exit status, which no series here starts from"
elif ! older 6.13 || { older 6.12 && ! older 6.7; } || { older 6.6 && ! older 6.2; }; then
	none "Linux $version has reached its end of life, and there is no series for it"
elif older 6.6; then
	series=6.1
elif older 6.12; then
	series=6.6
elif has fs/pidfs.c delay_group_leader; then
	series=6.12
else
	series=6.12-early
fi

first=$(awk -v series="$series" '$2 == series { print $3; exit }' "$top/patches/releases")
! older "$first" ||
	die "Linux $version is older than $first, the first release that patches/$series is for; SERIES=$series tries it all the same"
[ -d "$top/patches/$series" ] || die "no series for Linux $version in $top/patches"
echo "$top/patches/$series"
