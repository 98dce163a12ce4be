#!/bin/sh
# Usage: scripts/added.sh
# Whether the files that the series add are those of this project, whichever series adds
# them: `make refresh` writes them into the patches of one base at a time.
# Exit status: 0; 1 one differs, which is named.
. "$(dirname -- "$0")/lib.sh"
. "$top/scripts/lib/git.sh"

tmp=$(mktemp -d "${TMPDIR:-/tmp}/autoreap-added.XXXXXX")
trap 'rm -rf "$tmp"' EXIT
own_git init -q "$tmp"
cd "$tmp"
status=0
for patch in "$top"/patches/*/*.patch; do
	[ ! -L "$patch" ] || continue
	for file in $(own_git apply --summary "$patch" | sed -n 's/^ create mode [0-7]* //p'); do
		own_git apply --include="$file" "$patch"
		cmp -s "$file" "$top/$file" || {
			echo "${patch#"$top"/} adds another $file than the project's: BASE=version make refresh"
			status=1
		}
		rm -f "$file"
	done
done
exit "$status"
