#!/bin/sh
# Usage: scripts/series.sh GITDIR REV
# Prints the directory of the series for the kernel tree at REV of the git
# repository GITDIR: the one with the highest version not above the tree's own.
# This is the only place that knows which series fits which tree.
# Exit status: 0; 2 if none fits, and why.
. "$(dirname -- "$0")/lib.sh"

# has FILE PATTERN: whether the tree's FILE has a line that matches
show() { git -C "$repo" show "$rev:$1" 2>/dev/null; }
has() { show "$1" | grep -qE "$2"; }
repo=$1 rev=$2

version=$(show Makefile | kernel_version)
[ "$version" != 0.0.0 ] || die "not a kernel tree (no version in its Makefile)"

# number A.B[.C]: for comparison
number() { echo "$1" | awk -F. '{ print $1 * 1000 + $2 }'; }
n=$(number "$version")

[ "$n" -ge 6012 ] ||
	die "Linux $version is older than 6.12, the oldest kernel that this series supports"
if [ "$n" -gt 6012 ] && [ "$n" -lt 6018 ]; then
	die "Linux $version has reached its end of life, and there is no series for it; there is one for 6.12.y and 6.18.y"
fi

if has include/linux/sched/signal.h task_exit_status; then
	die "this tree of Linux $version has this series already, or a part of it (task_exit_status()); start from a tree without it"
fi
if [ "$n" -lt 7001 ] && has include/uapi/linux/sched.h CLONE_AUTOREAP; then
	die "Linux $version of this tree has CLONE_AUTOREAP already, which this series would add"
fi
if [ "$n" -lt 6013 ] && has include/uapi/linux/pidfd.h PIDFD_GET_INFO; then
	die "Linux $version of this tree has PIDFD_GET_INFO already, which this series would add"
fi
if [ "$n" -ge 7001 ] && ! has include/uapi/linux/sched.h CLONE_AUTOREAP; then
	die "Linux $version of this tree has no CLONE_AUTOREAP, as mainline has since 7.1: there is no series for it"
fi

best=
for dir in "$top"/patches/[0-9]*; do
	d=$(number "${dir##*/}")
	[ "$d" -gt "$n" ] || [ "$d" -lt "$(number "${best##*/}")" ] || best=$dir
done
[ -n "$best" ] || die "no series for Linux $version in $top/patches"
echo "$best"
