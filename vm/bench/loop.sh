#!/bin/sh
# Usage: [BASE=] vm/bench/loop.sh DIR
# How long this project's own loop takes, in seconds of this machine's clock: `make
# kselftest` of a copy of the project that has built nothing yet, not even a compiler's
# cache; then after an edit of a test; then after one of kernel/signal.c. A line each:
# its name and the seconds. DIR is made, and gone afterwards; it needs 6 GB.
# Exit status: 0; 2 with the reason.
. "$(dirname -- "$0")/../../scripts/lib.sh"

dir=$1
rm -rf "$dir"
mkdir -p "$dir/project"
trap 'cd /; rm -rf "$dir"' EXIT
trap 'exit 130' INT TERM
cd "$top"
[ ! -f bases.local ] || cp bases.local "$dir/project/"
git ls-files -z | cpio --quiet -0 -pdm "$dir/project"
unset O KIND INITRAMFS EXPECTED MAKEFLAGS MAKELEVEL
export CCACHE_DIR="$dir/ccache"

verdict() {
	begin=$(date +%s)
	make -C "$dir/project" kselftest BASE="$BASE" >"$dir/log" 2>&1 ||
		die "make kselftest, $1: $(tail -n 1 "$dir/log")"
	echo "$1 $(($(date +%s) - begin))"
}
verdict cold
echo '/* edited */' >>"$dir/project/tools/testing/selftests/clone3/clone3_autoreap_wait.c"
verdict test-edit
echo '/* edited */' >>"$dir/project/build/$BASE/linux/kernel/signal.c"
verdict kernel-edit
