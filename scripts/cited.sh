#!/bin/sh
# Usage: scripts/cited.sh
# Prints each name of a test that the README of the tests or proof/claims cites, and that no
# test has; and each section that proof/claims names and its page, or man page, does not have.
# Exit status: 0 none; 1 otherwise.
. "$(dirname -- "$0")/lib.sh"

cd "$top"
status=0
while read -r page _ _ section; do
	case $page in
	'#'* | '') continue ;;
	*.[0-9]*) page=man/$page headings='s/^\.S[HS] //p' ;;
	*) page=Documentation/userspace-api/$page.rst headings=p ;;
	esac
	sed -n "$headings" "$page" | grep -qxF -e "$section" ||
		{ echo "${page##*/} has no section '$section'"; status=1; }
done <proof/claims
tests=$(awk -f vm/expected.awk -v collection=clone3 tools/testing/selftests/clone3/*autoreap*.c |
	cut -d' ' -f2)
{
	# In the table: a word with an underscore, perhaps with a pattern for others.
	sed -n '/^-----/,/^What is no test/p' tools/testing/selftests/clone3/README | cut -c69- |
		tr -s ' ,;()"' '\n' | grep '_.*_\|[.]'
	sed 's/#.*//' proof/claims | cut -s -d' ' -f3
} | sort -u | {
	set -f
	while read -r name; do
		pattern=$(echo "$name" | sed 's/[.]/[.]/g; s/[*]/.*/g')
		echo "$tests" | grep -qE "(^|[.])$pattern([.]|\$)" || { echo "no test is called $name"; status=1; }
	done
	exit "$status"
}
