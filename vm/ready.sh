#!/bin/sh
# Usage: [BASE= | KDIR=] [ARCH=] [PAGES=] [DEBUG=] [KIND=] [TARGETS=] [TESTS=] vm/ready.sh [kernel]
# Makes what is missing of all that a guest needs: packages, the compiler, the tree, the
# kernel, its initramfs; with `kernel`, up to that.
# Exit status: 0 all there; otherwise that of what failed.
. "$(dirname -- "$0")/../scripts/lib.sh"

case ${1:-} in
'' | kernel) ;;
*) die "vm/ready.sh $1: say kernel, or nothing" ;;
esac
"$top/vm/qemu.sh" check
"$top/scripts/deps.sh"
"$top/scripts/cross.sh"
"$top/scripts/tree.sh"
"$top/vm/kernel.sh"
[ "${1:-}" = kernel ] || "$top/vm/initramfs.sh"
