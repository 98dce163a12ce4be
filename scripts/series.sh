#!/bin/sh
# Usage: scripts/series.sh GITDIR REV
# Prints the directory of the series for the kernel tree at REV of the git
# repository GITDIR: the one with the highest version not above the tree's own.
# This is the only place that knows which series fits which tree.
# Exit status: 0; 2 if none fits, and why.
. "$(dirname -- "$0")/lib.sh"

show() { git -C "$1" show "$2:$3" 2>/dev/null; }

version=$(show "$1" "$2" Makefile |
	awk '$2 == "=" && $1 ~ /^(VERSION|PATCHLEVEL|SUBLEVEL)$/ { v[$1] = $3 }
	     END { print v["VERSION"] + 0 "." v["PATCHLEVEL"] + 0 "." v["SUBLEVEL"] + 0 }')
[ "$version" != 0.0.0 ] || die "not a kernel tree (no version in its Makefile)"

# number A.B[.C]: for comparison
number() { echo "$1" | awk -F. '{ print $1 * 1000 + $2 }'; }
n=$(number "$version")

[ "$n" -ge 6012 ] ||
	die "Linux $version is older than 6.12, the oldest kernel that this series supports"
if show "$1" "$2" include/uapi/linux/sched.h | grep -q CLONE_AUTOREAP; then
	die "Linux $version of this tree has CLONE_AUTOREAP already: nothing to apply"
fi

# The highest of the series serves only its own version so far.
[ "$n" -le 6012 ] || die "there is no series for Linux $version yet, only for 6.12.y"
best=
for dir in "$top"/patches/[0-9]*; do
	d=$(number "${dir##*/}")
	[ "$d" -gt "$n" ] || [ "$d" -lt "$(number "${best##*/}")" ] || best=$dir
done
[ -n "$best" ] || die "no series for Linux $version in $top/patches"
echo "$best"
