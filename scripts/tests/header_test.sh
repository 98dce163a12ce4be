#!/bin/sh
# Usage: scripts/tests/header_test.sh
# Each header of the kselftests includes what it uses: it compiles by itself, below the
# harness of the assembled tree. Prints TAP.
# Exit status: 0 all passed; 1 otherwise.
. "$(dirname -- "$0")/../lib.sh"
. "$top/scripts/lib/place.sh"
. "$top/scripts/tests/tap.sh"
where
tmp=$(mktemp -d "${TMPDIR:-/tmp}/autoreap-header.XXXXXX")
trap 'rm -rf "$tmp"' EXIT
# The tree may hold older ones than those that are to be tested.
headers=$tmp/tools/testing/selftests
mkdir -p "$headers/clone3" "$tmp/samples"
cp "$top"/tools/testing/selftests/clone3/*.h "$headers/clone3"
cp -R "$top/samples/pidfd" "$tmp/samples"
# shellcheck disable=SC2154 # set by scripts/lib.sh
cp "$tree"/tools/testing/selftests/*.h "$headers"
# compiles NAME: what gcc says of the header
compiles() {
	gcc -w -fsyntax-only -isystem "$obj/usr/include" -include "$headers/clone3/$1" -x c /dev/null 2>&1 ||
		echo "gcc: exit status $?"
}

echo 'ar_not_defined x;' >"$headers/clone3/broken.h"
check "a header that does not stand alone is found" \
	"$(compiles broken.h | grep -c 'error: unknown type')" 1
for header in "$top"/tools/testing/selftests/clone3/*.h; do
	name=$(basename "$header")
	check "$name stands alone" "$(compiles "$name")" ""
done
echo "1..$number"
[ "$failures" = 0 ]
