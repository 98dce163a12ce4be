#!/bin/sh
# Usage: scripts/cited.sh
# Prints each name of a test that the README of the tests, proof/claims or a man page cites,
# and that no test has; and each section that proof/claims names and no page has.
# Exit status: 0 none; 1 otherwise.
. "$(dirname -- "$0")/lib.sh"

cd "$top"
status=0
while read -r page _ _ section; do
	case $page in '#'* | '') continue ;; esac
	grep -qxF -e "$section" "Documentation/userspace-api/$page.rst" ||
		{ echo "$page.rst has no section '$section'"; status=1; }
done <proof/claims
tests=$(awk -f vm/expected.awk -v collection=clone3 tools/testing/selftests/clone3/*autoreap*.c |
	cut -d' ' -f2)
{
	# In the table: a word with an underscore, perhaps with a pattern for others.
	sed -n '/^-----/,/^What is no test/p' tools/testing/selftests/clone3/README | cut -c69- |
		tr -s ' ,;()"' '\n' | grep '_.*_\|[.]'
	sed 's/#.*//' proof/claims | cut -s -d' ' -f3
	find man -type f -exec sed -n 's/^\.\\" test: [a-z0-9_]* //p' {} +
} | sort -u | {
	set -f
	while read -r name; do
		pattern=$(echo "$name" | sed 's/[.]/[.]/g; s/[*]/.*/g')
		echo "$tests" | grep -qE "(^|[.])$pattern([.]|\$)" || { echo "no test is called $name"; status=1; }
	done
	exit "$status"
}
