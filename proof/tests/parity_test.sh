#!/bin/sh
# Usage: proof/tests/parity_test.sh
# What proof/parity.sh makes of a run: only what is known to fail may. TAP on stdout.
# Exit status: 0 all passed; 1 otherwise.
set -eu
top=$(cd "$(dirname -- "$0")/../.." && pwd)
tmp=$(mktemp -d "${TMPDIR:-/tmp}/autoreap-parity.XXXXXX")
trap 'rm -rf "$tmp"' EXIT
. "$top/scripts/tests/tap.sh"
. "$top/scripts/tests/project.sh"
make_project
cat >"$project/proof/mainline-faults" <<'LIST'
# Tests that fail, and why
_race told\.: no status
_exec .*: now and then
LIST
cat >"$tmp/list" <<'LIST'
clone3/clone3_race
clone3/clone3_race told.by_poll noskip
clone3/clone3_race ends.once noskip
LIST
cat >"$tmp/recorded" <<'RESULTS'
guest: begin 7.3.4
TAP version 13
1..1
# selftests: clone3: clone3_race
# TAP version 13
# 1..2
# # told.by_poll: there was none
# not ok 1 told.by_poll
# ok 2 ends.once
not ok 1 selftests: clone3: clone3_race # exit=1
guest: end 1
RESULTS

touch "$project/patches/0001-pidfs-b.patch" "$project/patches/0002-samples-c.patch" "$project/patches/0003-selftests-clone3-d.patch"
stub scripts/assemble.sh <<'STUB'
echo "${2##*/} ${3##*/}" >"${O%/*}/assembled"
own_git --git-dir="$1" rev-parse series
STUB

# parity SED [COMMAND]: what is said of that run, as SED alters it and QEMU ends by COMMAND
parity() {
	echo "sed '$1' '$tmp/recorded' >results.log; ${2:-}" >"$GUEST"
	ran env KDIR="$tmp/linux" "$project/proof/parity.sh" | grep -E '^([0-9]+|error: .*|.*KNOWN .*|.* passed, .*)$'
}
known='  KNOWN    clone3/clone3_race told.by_poll: no status'
unknown='  UNKNOWN '
check "nothing fails" "$(parity 's/not //; s/end 1/end 0/')" "0
2 passed, 0 failed, 0 skipped"
check "the tests are there, and the sample that they include; no kernel patch is" "$(cat "$tmp/assembled")" "0002-samples-c.patch 0003-selftests-clone3-d.patch"
check "a test fails that is known to" "$(parity '')" "0
$known
1 passed, 1 failed, 0 skipped"
check "another one fails, too" "$(parity 's/^# ok 2/# not ok 2/')" "1
$known
$unknown clone3/clone3_race ends.once
0 passed, 2 failed, 0 skipped"
check "a test is missing" "$(parity 's/1[.][.]2/1..1/; /ok 2/d')" "1
$known
$unknown MISSING clone3/clone3_race ends.once
0 passed, 2 failed, 0 skipped"
check "a plan is not met" "$(parity 's/1[.][.]2/1..3/')" "1
$known
$unknown PLAN clone3/clone3_race: planned 3, got 2 (exit=1)
1 passed, 2 failed, 0 skipped"
check "a test is skipped" "$(parity 's/ends.once/& # SKIP not today/')" "1
$known
$unknown SKIP clone3/clone3_race ends.once: not today
0 passed, 2 failed, 0 skipped"
check "the run was cut off" "$(parity '/^guest: end/d')" "1
$known
$unknown TRUNCATED results, no end marker, after clone3/clone3_race
1 passed, 2 failed, 0 skipped"
check "the guest began twice" "$(parity '/^not ok/a guest: begin 7.3.4')" "1
$known
$unknown REBOOT the guest began twice
1 passed, 2 failed, 0 skipped"
check "it never began" "$(parity d)" "1
$unknown guest never reached its init: see $(basename "$O")/kdir-$(printf %s "$tmp/linux" | cksum | cut -d' ' -f1)/run-parity/console.log
0 passed, 1 failed, 0 skipped"
check "it took too long" "$(parity '/^guest: end/d' 'exit 124')" "124
$known
$unknown TIMEOUT of the whole run, after clone3/clone3_race
1 passed, 2 failed, 0 skipped"
check "the kernel complains" "$(parity '' 'echo "WARNING: at kernel/fork.c:1" >console.log')" "3
$unknown SPLAT WARNING: at kernel/fork.c:1
$known
1 passed, 2 failed, 0 skipped"
check "what is known excuses no kernel" "$(parity 's/_race/_exec/' 'echo "WARNING: at clone3/clone3_exec x" >console.log' | head -n 1)" 3
cp "$project/proof/mainline-faults" "$tmp/faults"
echo '_race ends\.once: it never did' >>"$project/proof/mainline-faults"
check "a test is missing that is known to fail" "$(parity 's/1[.][.]2/1..1/; /ok 2/d')" "1
$known
$unknown MISSING clone3/clone3_race ends.once
0 passed, 2 failed, 0 skipped"
cp "$tmp/faults" "$project/proof/mainline-faults"
check "there is no QEMU" "$(parity '' 'die "there is no QEMU"')" "2
error: error: there is no QEMU"
check "it was interrupted" "$(parity '' 'exit 130')" 130
# shellcheck disable=SC2016 # the stub expands it
printf '%s\n' 'mkdir -p "$run"' 'echo "0 passed, 0 failed, 0 skipped" | tee "$run/verdict.txt"' 'exit 1' >"$tmp/stub"
stub vm/run.sh <"$tmp/stub"
check "it fails, and nothing says why" "$(parity '')" "1
0 passed, 0 failed, 0 skipped"

echo "1..$number"
[ "$failures" = 0 ]
