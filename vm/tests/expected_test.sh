#!/bin/sh
# Usage: vm/tests/expected_test.sh
# Which tests vm/expected.awk finds in programs, with every awk that this machine has; TAP
# on stdout.
# Exit status: 0 all passed; 1 otherwise.
set -eu
top=$(cd "$(dirname -- "$0")/../.." && pwd)
tmp=$(mktemp -d "${TMPDIR:-/tmp}/autoreap-expected.XXXXXX")
trap 'rm -rf "$tmp"' EXIT
. "$top/scripts/tests/tap.sh"

cat >"$tmp/one.c" <<'END_OF_FILE'
TEST(rejects_thread)
TEST_SIGNAL(dies, SIGKILL)
FIXTURE(way) { int fd; };
FIXTURE_VARIANT_ADD(way, poll) { 1 };
FIXTURE_VARIANT_ADD(way, wait) { 2 };
TEST_F(way, is_told)
TEST_F_TIMEOUT(way, ends, 600)
TEST_F(plain, leaves_nothing)
	TEST(in_a_macro)
/* TEST(of_old) */
END_OF_FILE
printf 'TEST_F(way, of_another_program)\n' >"$tmp/two.c"
want='clone3/one global.rejects_thread noskip
clone3/one global.dies noskip
clone3/one way.poll.is_told noskip
clone3/one way.wait.is_told noskip
clone3/one way.poll.ends noskip
clone3/one way.wait.ends noskip
clone3/one plain.leaves_nothing noskip
clone3/two way.of_another_program noskip'
for awk in mawk gawk 'busybox awk'; do
	has_awk "$awk" || continue
	check "$awk: tests, variants, and one program after the other" \
		"$($awk -f "$top/vm/expected.awk" -v collection=clone3 "$tmp/one.c" "$tmp/two.c")" "$want"
	check "$awk: no program" "$($awk -f "$top/vm/expected.awk" -v collection=clone3 </dev/null)" ""
done

echo "1..$number"
[ "$failures" = 0 ]
