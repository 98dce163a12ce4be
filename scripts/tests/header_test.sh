#!/bin/sh
# Usage: scripts/tests/header_test.sh
# Each header of the kselftests includes what it uses: it compiles by itself, beside the
# harness of the assembled tree. Prints TAP.
# Exit status: 0 all passed; 1 otherwise.
. "$(dirname -- "$0")/../lib.sh"
. "$top/scripts/tests/tap.sh"
# shellcheck disable=SC2154 # set by scripts/lib.sh
tests=$tree/tools/testing/selftests/clone3

for header in "$top"/tools/testing/selftests/clone3/*.h; do
	name=$(basename "$header")
	check "$name stands alone" \
		"$(gcc -w -fsyntax-only -isystem "$obj/usr/include" -include "$tests/$name" -x c /dev/null 2>&1)" ""
done
echo "1..$number"
[ "$failures" = 0 ]
