#!/bin/sh
# Usage: proof/tests/regress_test.sh
# What proof/regress.sh makes of two runs: a difference, none, or that they cannot be
# compared. TAP on stdout.
# Exit status: 0 all passed; 1 otherwise.
set -eu
top=$(cd "$(dirname -- "$0")/../.." && pwd)
tmp=$(mktemp -d "${TMPDIR:-/tmp}/autoreap-regress.XXXXXX")
trap 'rm -rf "$tmp"' EXIT
. "$top/scripts/tests/tap.sh"
. "$top/scripts/tests/project.sh"
make_project
echo pidfd/pidfd_poll >"$tmp/list"
cat >"$tmp/recorded" <<'RESULTS'
guest: begin 6.12.1
TAP version 13
1..1
# selftests: pidfd: pidfd_poll
# TAP version 13
# 1..3
# ok 1 poll.exits
# not ok 2 poll.fails_anywhere
# ok 3 poll.of_12[345] # SKIP not here
not ok 1 selftests: pidfd: pidfd_poll # exit=1
guest: end 1
RESULTS

# regress SED [COMMAND]: what is said when the patched kernel's run is as SED alters the base's,
# and QEMU ends by COMMAND there
regress() {
	cat >"$GUEST" <<RUN
if [ "\$KIND" = base ]; then cp '$tmp/recorded' results.log; exit; fi
sed '$1' '$tmp/recorded' >results.log
${2:-}
RUN
	ran "$project/proof/regress.sh" | grep -vE '^(  RAN|  CHECKOUT|---|\+\+\+|@@)'
}
same="0
no difference in 3 outcomes"
log="(log: o/6.12/log-regress/run.log)"
check "no difference" "$(regress '')" "$same"
check "nor is a process, or an order, one" "$(regress 's/12.345/12[678/; s/ok 3 poll/ok 4 poll/')" "$same"
check "one fails that did not" "$(regress 's/ok 1 poll/not &/')" "1
-pidfd/pidfd_poll poll.exits: pass
+pidfd/pidfd_poll poll.exits: fail"
check "one passes that did not" "$(regress 's/not ok/ok/')" "1
-pidfd/pidfd_poll poll.fails_anywhere: fail
+pidfd/pidfd_poll poll.fails_anywhere: pass"
check "one is skipped that was not" "$(regress 's/exits/& # SKIP no/')" "1
-pidfd/pidfd_poll poll.exits: pass
+pidfd/pidfd_poll poll.exits: skip"
check "one is missing" "$(regress '/exits/d')" "1
-pidfd/pidfd_poll poll.exits: pass"
check "all pass, or are skipped" "$(sed -i 's/not ok/ok/; s/end 1/end 0/' "$tmp/recorded"; regress '')" "$same"
check "the kernel complains" "$(regress '' 'echo "BUG: KASAN: x" >console.log')" "3
error: the run on regress: SPLAT BUG: KASAN: x $log"
check "it hangs in its end" "$(regress '' 'exit 124')" "124
error: the run on regress: TIMEOUT of the whole run, after the end marker $log"
check "the run was cut off" "$(regress '/^guest: end/d')" "2
error: the run on regress: the tests did not finish $log"
check "in its end marker" "$(regress 's/^guest: end .*/guest: end /')" "2
error: the run on regress: the tests did not finish $log"
check "no test has run" "$(regress '/^#/d; /^ok/d; s/1[.][.]1/1..0/')" "2
error: the run on regress: no test has run $log"
# What an earlier run has left is none of this one.
cat >"$tmp/refused" <<'STUB'
[ "$1" != check ] || exit 0
[ "$KIND" = regress ] || exec "$top/vm/qemu.boots.sh" "$@"
die "there is no QEMU"
STUB
regress '' >/dev/null
cp "$project/vm/qemu.sh" "$project/vm/qemu.boots.sh"
stub vm/qemu.sh <"$tmp/refused"
check "there is no QEMU, but an earlier run" "$(regress '')" "2
error: the run on regress: error: there is no QEMU $log"

echo "1..$number"
[ "$failures" = 0 ]
