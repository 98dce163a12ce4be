#!/bin/sh
# Usage: proof/tests/theirs_test.sh
# Whose tests proof/theirs.sh runs on which kernel, and what it makes of the run: only what that
# kernel is known to lack may fail. TAP on stdout.
# Exit status: 0 all passed; 1 otherwise.
set -eu
top=$(cd "$(dirname -- "$0")/../.." && pwd)
tmp=$(mktemp -d "${TMPDIR:-/tmp}/autoreap-theirs.XXXXXX")
trap 'rm -rf "$tmp"' EXIT
. "$top/scripts/tests/tap.sh"
. "$top/scripts/tests/project.sh"
make_project
cat >"$project/proof/theirs-fail" <<'LIST'
# SINCE, what fails, and why
6.13 _info thread: no status of threads
6.12 _info xattr: no attributes
6.13 PLAN pidfd/pidfd_info: it gives up
LIST
cat >"$tmp/list" <<'LIST'
pidfd/pidfd_info
pidfd/pidfd_autoreap_test
pidfd/pidfd_autoreap_test global.autoreap noskip
LIST
cat >"$tmp/recorded" <<'RESULTS'
guest: begin 6.12.1
TAP version 13
1..2
# selftests: pidfd: pidfd_info
# TAP version 13
# 1..2
# not ok 1 thread
# ok 2 xattr
not ok 1 selftests: pidfd: pidfd_info # exit=1
# selftests: pidfd: pidfd_autoreap_test
# TAP version 13
# 1..1
# ok 1 global.autoreap
ok 2 selftests: pidfd: pidfd_autoreap_test
guest: end 1
RESULTS

# The kernel is that of BASE, the tests are those of another tree.
stub vm/kernel.sh <<'STUB'
mkdir -p "$obj" "$logs"
[ "${1:-}" != --path ] || echo "$obj/bzImage"
STUB
stub vm/initramfs.sh <<'STUB'
[ "$KIND" != theirs ] || echo "${work#"$O/"} $KIND $TARGETS" >"${O%/*}/built"
mkdir -p "${expected%/*}"; cp "${O%/*}/list" "$expected"
STUB

# theirs SED [VARIABLE=VALUE]: what is said of that run, as SED alters it
theirs() {
	printf '%s\n' "sed '$1' '$tmp/recorded' >results.log" \
		"echo \"\${KERNEL#\"\$O/\"} \${INITRAMFS#\"\$O/\"}\" >'$tmp/booted'" >"$GUEST"
	ran env "${2:-KDIR=}" "$project/proof/theirs.sh" | grep -E '^([0-9]+|error: .*|.*KNOWN .*|.* passed, .*)$'
}
known='  KNOWN    pidfd/pidfd_info thread: no status of threads'
passes='s/not //; s/end 1/end 0/'
check "a tree without their test" "$(theirs "$passes")" "2
error: linux-source-7.3 has no tools/testing/selftests/pidfd/pidfd_autoreap_test.c; name a tree of mainline, 7.1 or later"
check "a tree of the user's without it" "$(theirs "$passes" KDIR="$tmp/linux")" "2
error: KDIR=linux has no tools/testing/selftests/pidfd/pidfd_autoreap_test.c; name a tree of mainline, 7.1 or later"

git -C "$tmp/linux" checkout -q base
mkdir -p "$tmp/linux/tools/testing/selftests/pidfd"
touch "$tmp/linux/tools/testing/selftests/pidfd/pidfd_autoreap_test.c"
echo 'headers:; @:' >>"$tmp/linux/Makefile"
committed "pidfd: a test"
rm -rf "$repo" "$O"
git clone -q --bare "$tmp/linux" "$repo"
check "nothing fails" "$(theirs "$passes")" "0
3 passed, 0 failed, 0 skipped"
check "the tests are Debian's" "$(cat "$tmp/built")" "7.3 theirs clone3 pidfd"
check "the kernel is that of BASE" "$(cat "$tmp/booted")" "6.12/obj/bzImage 7.3/initramfs-theirs.cpio"
check "the tests of a tree that is named" "$(theirs "$passes" KDIR="$tmp/linux"; cat "$tmp/built" "$tmp/booted")" \
	"$(kdir=kdir-$(printf %s "$tmp/linux" | cksum | cut -d' ' -f1); printf '%s\n' 0 '3 passed, 0 failed, 0 skipped' \
		"$kdir theirs clone3 pidfd" "6.12/obj/bzImage $kdir/initramfs-theirs.cpio")"
check "what this kernel lacks" "$(theirs '')" "0
$known
2 passed, 1 failed, 0 skipped"
check "what only older ones lack" "$(theirs 's/^# ok 2 x/# not ok 2 x/')" "1
$known
  UNKNOWN  pidfd/pidfd_info xattr
1 passed, 2 failed, 0 skipped"
check "a program gives up, as it is known to" "$(theirs 's/^# 1[.][.]2/# 1..3/')" "0
$known
  KNOWN    PLAN pidfd/pidfd_info: planned 3, got 2 (exit=1): it gives up
2 passed, 2 failed, 0 skipped"
check "another one gives up" "$(theirs 's/^# 1[.][.]1/# 1..3/')" "1
$known
  UNKNOWN  PLAN pidfd/pidfd_autoreap_test: planned 3, got 1
2 passed, 2 failed, 0 skipped"
check "a test of the flag is missing" "$(theirs '/global/d; s/1[.][.]1/1..0/')" "1
$known
  UNKNOWN  MISSING pidfd/pidfd_autoreap_test global.autoreap
2 passed, 2 failed, 0 skipped"
check "there is no QEMU" "$(echo 'die "there is no QEMU"' >"$GUEST"; ran "$project/proof/theirs.sh" | grep -E '^([0-9]+|error: .*)$')" "2
error: error: there is no QEMU"

echo "1..$number"
[ "$failures" = 0 ]
