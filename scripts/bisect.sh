#!/bin/sh
# Usage: [BASE= | KDIR=] scripts/bisect.sh
# Builds, after each patch of the series, the object files of all sources that the
# series touches. Stops at the first that does not build.
# Exit status: 0; 1 if one does not build; 2 with the reason.
. "$(dirname -- "$0")/lib.sh"
. "$top/scripts/lib/git.sh"
. "$top/scripts/lib/place.sh"
. "$top/scripts/lib/build.sh"
where

repo=$work/linux.git
"$top/scripts/base-get.sh"
series=$("$top/scripts/series.sh" "$repo" base)
last=$("$top/scripts/assemble.sh" "$repo" "$series"/*.patch)
export KIND=bisect
where

"$top/scripts/checkout.sh" base
"$top/vm/kernel.sh" --config
objects=$(touched "$repo" "$last" '*.c' | sed 's/c$/o/')
for commit in $(own_git --git-dir="$repo" rev-list --reverse "base..$last"); do
	"$top/scripts/checkout.sh" "$commit"
	step BUILD "$(own_git --git-dir="$repo" log -1 --format=%s "$commit")"
	# shellcheck disable=SC2086
	if ! logged "$logs/objects.log" kmake -j"$(nproc)" $objects; then
		echo "error: $(grep -m1 -E 'error:|\*\*\*' "$logs/objects.log" || tail -n 1 "$logs/objects.log") (log: $logs/objects.log)" >&2
		exit 1
	fi
done
