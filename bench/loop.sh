#!/bin/sh
# Usage: [BASE=] bench/loop.sh DIR
# How long this project's own loop takes, in seconds of this machine's clock: `make
# kselftest` of a copy of the project that has built nothing yet, not even a compiler's
# cache; after an edit of a test, that program alone and all of them; and after one of
# kernel/signal.c. A line each: its name and the seconds. DIR is made, and gone
# afterwards; it needs 6 GB.
# Exit status: 0; 2 with the reason.
. "$(dirname -- "$0")/../scripts/lib.sh"

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

# verdict NAME [VARIABLE=VALUE]
verdict() {
	name=$1; shift
	begin=$(date +%s)
	make -C "$dir/project" kselftest BASE="$BASE" "$@" >"$dir/log" 2>&1 ||
		die "make kselftest, $name: $(grep -m1 -E 'error:|FAIL|MISSING' "$dir/log" || tail -n 1 "$dir/log")"
	echo "$name $(($(date +%s) - begin))"
}
edit_test() { echo '/* edited */' >>"$dir/project/tools/testing/selftests/clone3/clone3_autoreap_wait.c"; }
verdict cold
edit_test
verdict test-edit TESTS=clone3_autoreap_wait
edit_test
verdict test-edit-all
echo '/* edited */' >>"$dir/project/build/$BASE/linux/kernel/signal.c"
verdict kernel-edit
