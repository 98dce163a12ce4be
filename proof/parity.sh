#!/bin/sh
# Usage: KDIR=path [SMP=] proof/parity.sh
# Runs the tests of the series on a kernel that has the flag already, mainline 7.1
# or later, as it is. Prints each test that fails, and why where that is known:
# proof/mainline-faults has "test: reason" lines, the test as an extended regex.
# Exit status: 0 only known faults; 1 others, or a result is missing; 2 usage or build;
# otherwise that of vm/run.sh.
. "$(dirname -- "$0")/../scripts/lib.sh"
. "$top/scripts/lib/git.sh"
. "$top/scripts/lib/place.sh"
. "$top/proof/known.sh"
where

[ -n "$KDIR" ] || die "say which kernel: make parity KDIR=path-of-a-tree-of-7.1-or-later"
"$top/scripts/base-get.sh"
export KIND=parity
where
own_git --git-dir="$work/linux.git" show base:include/uapi/linux/sched.h | grep -q CLONE_AUTOREAP ||
	die "KDIR=$KDIR has no CLONE_AUTOREAP; 'make kselftest KDIR=$KDIR' is for such a tree"
series=$("$top/scripts/series.sh" "$work/linux.git" base)
# Of the samples the tests include helper.h.
"$top/scripts/checkout.sh" "$("$top/scripts/assemble.sh" "$work/linux.git" "$series"/*-samples-*.patch "$series"/*-selftests-clone3-*.patch)"
"$top/vm/kernel.sh"
"$top/vm/initramfs.sh"
rc=0
"$top/vm/run.sh" kselftest >"$logs/run.log" 2>&1 || rc=$?
case $rc in
2) die "$(tail -n 1 "$logs/run.log")" ;;
130) exit 130 ;;
esac

known_faults "$top/proof/mainline-faults"
tail -n 5 "$logs/run.log"
exit "$rc"
