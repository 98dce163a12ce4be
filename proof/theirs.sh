#!/bin/sh
# Usage: [BASE=] [KDIR=path] [SMP=] proof/theirs.sh
# Runs mainline's own selftests of pidfds and clone3(), its test of the flag among them, on
# the kernel of BASE with the series. They are those of KDIR, a tree of mainline, which
# decides with `make base` what BASE is, too; without KDIR those of Debian's linux-source-7.3.
# Prints each test that fails, and why where that is known: proof/theirs-fail has what BASE lacks.
# Exit status: 0 only known failures; 1 others, or a result is missing; 2 usage or build;
# otherwise that of vm/run.sh.
. "$(dirname -- "$0")/../scripts/lib.sh"
. "$top/scripts/lib/git.sh"
. "$top/scripts/lib/version.sh"
. "$top/scripts/lib/place.sh"
. "$top/scripts/lib/build.sh"
. "$top/proof/known.sh"
where_kdir
theirs=$KDIR KDIR=
export KDIR
where
native
# Some wait for seconds; with ROUNDS the runner lets them.
: "${ROUNDS:=1}" "${TIMEOUT:=3000}"
export ROUNDS TIMEOUT

# Their programs, in a place of their own: a configuration and the headers, and no kernel.
# programs FILE: writes where they are to FILE
programs() {
	[ -n "$KDIR" ] || BASE=7.3
	export BASE KIND=theirs TARGETS='clone3 pidfd'
	where
	"$top/scripts/base-get.sh"
	own_git --git-dir="$work/linux.git" cat-file -e base:tools/testing/selftests/pidfd/pidfd_autoreap_test.c 2>/dev/null ||
		die "${KDIR:+KDIR=}${KDIR:-linux-source-$BASE} has no tools/testing/selftests/pidfd/pidfd_autoreap_test.c; name a tree of mainline, 7.1 or later"
	"$top/scripts/checkout.sh" base
	"$top/vm/kernel.sh" --config
	build headers -j"$(nproc)" headers
	"$top/vm/initramfs.sh"
	echo "$initramfs $expected" >"$1"
}
mkdir -p "$work"
(KDIR=$theirs && programs "$work/theirs")
read -r initramfs expected <"$work/theirs"

"$top/vm/ready.sh" kernel
version=$(own_git --git-dir="$work/linux.git" show base:Makefile | kernel_version)
KERNEL=$("$top/vm/kernel.sh" --path)
export KERNEL INITRAMFS="$initramfs" EXPECTED="$expected" KIND=theirs
where
mkdir -p "$logs"
rc=0
"$top/vm/run.sh" kselftest >"$logs/run.log" 2>&1 || rc=$?
case $rc in
2) die "$(tail -n 1 "$logs/run.log")" ;;
130) exit 130 ;;
esac
# What an older kernel lacks
grep -v '^#' "$top/proof/theirs-fail" | while read -r since fault; do
	! older "$since" || printf '%s\n' "$fault"
done >"$work/theirs-fail"
known_faults "$work/theirs-fail"
tail -n 5 "$logs/run.log"
exit "$rc"
