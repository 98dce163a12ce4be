#!/bin/sh
# Usage: vm/tests/lab_test.sh
# What a lab gets: the lines of vm/lab.awk for each test, with every awk that this machine
# has, and the job of vm/lab.sh; TAP on stdout.
# Exit status: 0 all passed; 1 otherwise.
. "$(dirname -- "$0")/../../scripts/lib.sh"
. "$top/scripts/lib/place.sh"
. "$top/scripts/tests/tap.sh"
where_output
KDIR='' DEBUG='' PAGES=''
unset URL ACCEL
tmp=$(mktemp -d "${TMPDIR:-/tmp}/autoreap-lab.XXXXXX")
trap 'rm -rf "$tmp"' EXIT

# lines LOG: what a lab would see of the results in vm/tests/logs/LOG
lines() { $AWK -f "$top/vm/verdict.awk" <"$top/vm/tests/logs/$1/results" | $AWK -f "$top/vm/lab.awk"; }
for AWK in mawk gawk 'busybox awk'; do
	has_awk "$AWK" || continue
	check "$AWK: a test that fails, and what it said" "$(lines fail-7.3 | sed -n 2,6p)" \
"lab: pass clone3/clone3_autoreap.global.frees_pid
lab: fail clone3/clone3_autoreap.autoreap.leaves_no_zombie
# FAIL clone3/clone3_autoreap autoreap.leaves_no_zombie
#   # clone3_autoreap.c:17:leaves_no_zombie:Expected 0 (0) == ret (1)
#   # leaves_no_zombie: Test failed"
	check "$AWK: a test that is skipped" "$(lines skip-allowed | grep -c '^lab: skip clone3/clone3_autoreap.global.frees_pid$')" 1
	check "$AWK: a program that is missing" "$(lines plan-top-short | grep '^lab: fail')" "lab: fail PLAN.top.level.planned.3.got.2"
done

# A kernel that is only looked at
export O="$tmp/build"
where
mkdir -p "$obj/$(dirname "$image")" "$tree"
printf 'VERSION = 6\nPATCHLEVEL = 12\nSUBLEVEL = 1\n' >"$tree/Makefile"
echo 1 >"$initramfs"
refuses "no kernel" 'is missing: vm/kernel.sh' "$top/vm/lab.sh"
echo 1 >"$obj/$image"
job=$work/lab/job.yaml
# said PATTERN: of the last job
said() { grep -o "$1" "$job"; }
"$top/vm/lab.sh" >/dev/null
check "the files by their own path" "$(said 'file:.*')" "file://$work/lab/kernel
file://$work/lab/initramfs"
check "with KVM" "$(said 'no_kvm:.*')" 'no_kvm: false'
URL=http://lab/autoreap ACCEL=tcg "$top/vm/lab.sh" >/dev/null
check "the files by URL" "$(said 'http:.*')" 'http://lab/autoreap/kernel
http://lab/autoreap/initramfs'
check "without KVM" "$(said 'no_kvm:.*')" 'no_kvm: true'
check "a run is whole if its runner ended well" "$(said "end: .*")" "end: 'guest: end 0'"
# The kernel of another architecture
other=arm64
[ "$host_arch" != arm64 ] || other=s390
mkdir -p "$work/obj-$other/$(sed -n 's/^image=//p' "$top/vm/arch/$other/arch.sh" | xargs dirname)"
echo 1 >"$work/obj-$other/$(sed -n 's/^image=//p' "$top/vm/arch/$other/arch.sh")"
echo 1 >"$work/initramfs-$other.cpio"
ARCH=$other "$top/vm/lab.sh" >/dev/null
check "KVM runs none of another architecture" "$(grep -o 'no_kvm:.*' "$work/lab-$other/job.yaml")" 'no_kvm: true'
rm "$initramfs"
before=$(cksum "$work"/lab/*)
refuses "no initramfs" 'is missing' "$top/vm/lab.sh"
check "the job before it is still there" "$(cksum "$work"/lab/*)" "$before"
echo "1..$number"
[ "$failures" = 0 ]
