#!/bin/sh
# Usage: scripts/bases.sh
# Tries the series on every base at hand: those named by 'make base', those that
# were fetched before, and the default. A base is tried by scripts/bisect.sh. Prints
# a table: base, exact version, series, number of patches, verdict.
# Exit status: 0 all are fine; 1 one is not.
. "$(dirname -- "$0")/lib.sh"
. "$top/scripts/lib/git.sh"
. "$top/scripts/lib/version.sh"
. "$top/scripts/lib/place.sh"
unset KDIR
where

bases=$({
	echo "$BASE"
	[ ! -f "$top/bases.local" ] || cut -d' ' -f1 "$top/bases.local"
	for repo in "$O"/[0-9]*/linux.git; do
		[ ! -d "$repo" ] || basename "$(dirname "$repo")"
	done
} | sort -Vu)
table=$(printf '%-8s %-12s %-14s %-8s %s' base version series patches verdict)
status=0
for BASE in $bases; do
	export BASE
	where
	step BASE "$BASE"
	rc=0
	"$top/scripts/bisect.sh" 2>"$O/bases.err" || rc=$?
	cat "$O/bases.err" >&2
	version=$(own_git --git-dir="$work/linux.git" show base:Makefile 2>/dev/null | kernel_version)
	series=$("$top/scripts/series.sh" "$work/linux.git" base 2>/dev/null) || series=
	verdict="each patch applies with no fuzz, and builds"
	[ "$rc" = 0 ] || verdict=$(head -n 1 "$O/bases.err") status=1
	table=$(printf '%s\n%-8s %-12s %-14s %-8s %s' "$table" "$BASE" "$version" "${series:+${series#"$top"/}}" \
		"$([ -z "$series" ] || find "$series/" -name '*.patch' | wc -l)" "$verdict")
done
rm -f "$O/bases.err"
echo
echo "$table"
exit "$status"
