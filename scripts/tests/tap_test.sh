#!/bin/sh
# Usage: scripts/tests/tap_test.sh
# What the other tests stand on: scripts/tests/tap.sh; TAP on stdout.
# Exit status: 0 all passed; 1 otherwise.
# shellcheck disable=SC2030,SC2031 # what is tested counts for itself
set -eu
top=$(cd "$(dirname -- "$0")/../.." && pwd)
tmp=$(mktemp -d "${TMPDIR:-/tmp}/autoreap-tap.XXXXXX")
trap 'rm -rf "$tmp"' EXIT
. "$top/scripts/tests/tap.sh"

# said COMMANDS: what tests print that are these commands, and how they end
said() {
	rc=0
	(number=0 failures=0; eval "$1"; echo "$number, $failures failed") 2>&1 || rc=$?
	[ "$rc" = 0 ] || echo "exit status $rc"
}
check "check: passes" "$(said 'check a b b')" "ok 1 - a
1, 0 failed"
check "check: fails" "$(said 'check a b c; check b b b')" "not ok 1 - a
# got:
# b
# wanted:
# c
ok 2 - b
2, 1 failed"
check "skip" "$(said 'skip a "there is no a"; check b b b')" "ok 1 - a # SKIP there is no a
ok 2 - b
2, 0 failed"
# exits STATUS TEXT...: a command that does
exits() { rc=$1; shift; printf '%s\n' "$@" >&2; return "$rc"; }
check "refuses: what is refused" "$(said 'refuses a "no [b]" exits 2 "error: no b here"')" "ok 1 - a
1, 0 failed"
for wrong in '0 "error: no b"' '1 "error: no b"' '2 "no b"' '2 "error: no c"' '2 "error: no b" "error: no b"' '2 ""'; do
	check "refuses: not $wrong" "$(said "refuses a 'no b' exits $wrong" | sed -n '1p; $p')" "not ok 1 - a
1, 1 failed"
done

check "has_awk: there is none" "$(said 'has_awk "no-awk -x" && echo there')" "ok 1 - no-awk -x # SKIP this machine has no no-awk
1, 0 failed"
check "has_awk: there is one" "$(said 'has_awk "sh -x" && echo there')" "there
0, 0 failed"
# All of this machine but the awks
mkdir "$tmp/bin"
ln -s /bin/* /usr/bin/* "$tmp/bin" 2>/dev/null || :
rm -f "$tmp/bin/mawk" "$tmp/bin/gawk" "$tmp/bin"/busybox*
for test in bench/tests/table_test.sh vm/tests/verdict_test.sh vm/tests/lab_test.sh; do
	check "${test##*/}: without any awk" "$(env -i PATH="$tmp/bin" "$top/$test" 2>&1 | grep ' # SKIP' | sed 's/^ok [0-9]* - //')" \
"mawk # SKIP this machine has no mawk
gawk # SKIP this machine has no gawk
busybox awk # SKIP this machine has no busybox"
done

( sleep 0.3; echo here >"$tmp/late" ) &
check "await: what comes late" "$(await "$tmp/late" $! && cat "$tmp/late")" here
true &
wait $!
begin=$(date +%s)
check "await: what never comes, of one who is gone" "$(await "$tmp/never" $! || echo no)" no
check "await: and not for long" "$(($(date +%s) - begin < 5))" 1

echo "1..$number"
[ "$failures" = 0 ]
