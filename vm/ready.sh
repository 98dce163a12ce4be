#!/bin/sh
# Usage: [BASE= | KDIR=] [ARCH=] [PAGES=] [DEBUG=] [KIND=] [TARGETS=] [TESTS=] vm/ready.sh [kernel]
# Makes what is missing of all that a guest needs: packages, the compiler, the tree, the
# kernel, its initramfs; with `kernel`, up to that.
# Exit status: 0 all there; otherwise that of what failed.
. "$(dirname -- "$0")/../scripts/lib.sh"
. "$top/scripts/lib/place.sh"
where

case ${1:-} in
'' | kernel) ;;
*) die "vm/ready.sh $1: say kernel, or nothing" ;;
esac
"$top/vm/qemu.sh" check
"$top/scripts/deps.sh"
"$top/scripts/cross.sh"
"$top/scripts/tree.sh"
# What is none of the tests need not wait for the kernel; vm/initramfs.sh knows for certain.
for test in ${TESTS:-}; do
	for target in ${TARGETS:=clone3}; do
		dir=$tree/tools/testing/selftests/$target
		if ls "$dir/$test"* >/dev/null 2>&1 || grep -qsw -e "$test" "$dir/Makefile"; then continue 2; fi
	done
	die "TESTS: there is no program $test in $TARGETS"
done
"$top/vm/kernel.sh"
[ "${1:-}" = kernel ] || "$top/vm/initramfs.sh"
