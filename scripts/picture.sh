#!/bin/sh
# Usage: scripts/picture.sh [--check]
# Draws README.svg from the picture of the page, with graphviz. Its versions draw
# differently, so --check only looks whether all the words are there.
# Exit status: 0; 1 if --check misses a word; 2 with the reason.
. "$(dirname -- "$0")/lib.sh"

dot=$top/Documentation/userspace-api/clone_autoreap.dot svg=$top/README.svg
if [ "${1:-}" != --check ]; then
	command -v dot >/dev/null || die "graphviz is missing; run 'scripts/deps.sh lint'"
	dot -Tsvg -o "$svg.new" "$dot" && mv "$svg.new" "$svg"
	exit
fi
status=0
words=$(sed -n 's/.*label = "\([^"]*\)".*/\1/p' "$dot" | sed 's/\\n/\n/g' | sed "s/'/\&#39;/g")
[ -n "$words" ] || die "no label in $dot"
while read -r line; do
	grep -qF ">$line</text>" "$svg" || { echo "README.svg lacks '$line': run scripts/picture.sh"; status=1; }
done <<END
$words
END
exit "$status"
