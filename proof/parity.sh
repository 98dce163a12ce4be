#!/bin/sh
# Usage: KDIR=path [SMP=] proof/parity.sh
# Runs the tests of the series on a kernel that has the flag already, mainline 7.1
# or later, as it is. Prints each test that fails, and why where that is known:
# proof/mainline-faults has "test: reason" lines, the test as an extended regex.
# Exit status: 0 only known faults; 1 others; 2 usage or build; 3 the kernel
# complained.
. "$(dirname -- "$0")/../scripts/lib.sh"

[ -n "$KDIR" ] || die "say which kernel: make parity KDIR=path-of-a-tree-of-7.1-or-later"
"$top/scripts/base.sh"
where KIND=parity
own_git --git-dir="$work/linux.git" show base:include/uapi/linux/sched.h | grep -q CLONE_AUTOREAP ||
	die "KDIR=$KDIR has no CLONE_AUTOREAP; 'make kselftest KDIR=$KDIR' is for such a tree"
series=$("$top/scripts/series.sh" "$work/linux.git" base)
"$top/scripts/checkout.sh" "$("$top/scripts/assemble.sh" "$work/linux.git" "$series"/*-selftests-*.patch)"
"$top/vm/kernel.sh"
"$top/vm/initramfs.sh"
rc=0
"$top/vm/run.sh" kselftest >"$logs/run.log" 2>&1 || rc=$?
[ "$rc" != 2 ] || die "$(tail -n 1 "$logs/run.log")"
grep -E '^(SPLAT|TIMEOUT|MISSING|PLAN|END)' "$logs/run.log" || :

unknown=0
grep '^FAIL ' "$logs/run.log" >"$run/failed" || :
while read -r _ test; do
	why=$(grep -v '^#' "$top/proof/mainline-faults" | while IFS= read -r line; do
		if printf '%s\n' "$test" | grep -qE -e "${line%%: *}"; then
			echo "${line#*: }"
			break
		fi
	done)
	if [ -n "$why" ]; then step KNOWN "$test: $why"; else step UNKNOWN "$test"; fi
	[ -n "$why" ] || unknown=$((unknown + 1))
done <"$run/failed"
tail -n 5 "$logs/run.log"
case $rc in 3|124) exit "$rc" ;; esac
[ "$unknown" = 0 ]
