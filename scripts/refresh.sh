#!/bin/sh
# Usage: [BASE=] scripts/refresh.sh [--check | --export]
# Regenerates the patches that add files from the project's own files. Only a
# patch whose content would change is written, so a second run changes nothing,
# nor does a new point release of the base.
#   --check   write nothing; fail if something would change
#   --export  take all patches from the commits of the assembled tree instead; what is not
#             committed on its branch is refused
# Exit status: 0; 1 if --check found a stale patch; 2 with the reason.
. "$(dirname -- "$0")/lib.sh"
. "$top/scripts/lib/git.sh"
. "$top/scripts/lib/place.sh"
. "$top/scripts/lib/own.sh"
. "$top/scripts/lib/work.sh"
where

mode=${1:-}
repo=$work/linux.git
"$top/scripts/base-get.sh"
series=$("$top/scripts/series.sh" "$repo" base)
if [ "$mode" = --export ]; then
	[ -e "$work/linux/.git" ] || die "there is no assembled tree to export; 'make tree' makes it"
	refuse_work "$work" 'doing|head|edits|files'
	last=$(own_git --git-dir="$repo" rev-parse series)
else
	last=$("$top/scripts/assemble.sh" "$repo" "$series"/*.patch)
fi

new=$(mktemp -d "${TMPDIR:-/tmp}/autoreap-refresh.XXXXXX")
trap 'rm -rf "$new" ${kept:+"$kept.new"}' EXIT
trap 'exit 130' INT TERM HUP

number=0
own_git --git-dir="$repo" rev-list --reverse "base..$last" >"$new/commits"
while read -r commit; do
	number=$((number + 1))
	old=$(echo "$series/$(printf %04d "$number")"-*.patch)
	[ -f "$old" ] || old=/dev/null
	own_git --git-dir="$repo" format-patch -q -1 -N --start-number "$number" --no-signature --zero-commit \
		--abbrev=12 --no-renames -U"$(context "$old")" -o "$new" "$commit"
done <"$new/commits"

# What a patch says and does, without line numbers and blob names.
content() {
	sed '1d; /^index /d; s/^@@ .* @@.*/@@/' "$1"
}

# What the series adds is this project's; another would be gone with the next make tree.
[ "$mode" != --export ] || while read -r commit; do
	own_git --git-dir="$repo" diff-tree -r --name-only --diff-filter=A "$commit~" "$commit" >"$new/added"
	while read -r file; do
		[ ! -f "$top/$file" ] || own_git --git-dir="$repo" cat-file blob "$commit:$file" | cmp -s - "$top/$file" ||
			die "$work/linux adds another $file than $top has, and 'make tree' takes that one; make them the same"
	done <"$new/added"
done <"$new/commits"

status=0
for patch in "$new"/*.patch; do
	old=$series/${patch##*/}
	if [ -f "$old" ] && [ "$(content "$patch")" = "$(content "$old")" ]; then
		continue
	fi
	status=1
	if [ "$mode" = --check ]; then
		echo "stale: ${old#"$top"/} (run 'make refresh')"
	else
		step REFRESH "${old#"$top"/}"
		# Through the link, if the patch is shared by several bases.
		keep "$old" <"$patch"
	fi
done
for old in "$series"/*.patch; do
	[ -f "$new/${old##*/}" ] || die "${old#"$top"/} has no commit of that number and title in $work/linux: rename or remove it"
done
[ "$mode" != --check ] || exit "$status"
[ "$mode" != --export ] || echo "$last" | keep "$work/series.commit"
# Nothing new on its branch: what is elsewhere is not to be taken for exported.
[ "$mode$status" != --export0 ] || refuse_work "$work" 'elsewhere|second'
[ "$status" != 0 ] || step SAME "${series#"$top"/}"
