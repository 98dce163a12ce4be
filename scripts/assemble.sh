#!/bin/sh
# Usage: scripts/assemble.sh REPO PATCH...
# Applies the patches to the branch `base` of the git
# repository REPO, with no fuzz. In each commit that adds files the project's own
# files stand in for the patch's, so the result is what `make refresh` would make
# of the series. Prints the last commit. Takes a second or two: the patches are applied to
# a tree with only the files that they touch, and what comes of that is moved to the base.
# Exit status: 0; 2 if a patch does not apply (which, and at which file).
. "$(dirname -- "$0")/lib.sh"
. "$top/scripts/lib/git.sh"

repo=$1
shift
thin_tree "$repo" <<END
$(files_of "$@")
END
cd "$thin/linux"

for patch; do
	if ! own_git am -q --no-3way --keep-non-patch --committer-date-is-author-date \
			"$patch" >"$thin/am.log" 2>&1; then
		die "${patch#"$top"/} does not apply to $(own_git --git-dir="$repo" log -1 --format=%s base): $(reason <"$thin/am.log")"
	fi
	own_git diff --name-only --diff-filter=A HEAD~ >"$thin/added"
	while read -r file; do
		[ -f "$top/$file" ] ||
			die "${patch#"$top"/} adds $file, which this project does not have"
		cp "$top/$file" "$file"
	done <"$thin/added"
	[ ! -s "$thin/added" ] || own_git add -f --pathspec-from-file="$thin/added"
	own_git diff --cached --quiet HEAD || GIT_COMMITTER_DATE=$(own_git log -1 --format=%aI) \
		own_git commit -q --amend --no-edit --no-verify
done

base=$(own_git --git-dir="$repo" rev-parse base)
own_git fast-export --use-done-feature --reencode=no --reference-excluded-parents "$few..series" |
	sed "s/^from $few\$/from $base/" |
	GIT_OBJECT_DIRECTORY=$repo/objects own_git -c fastimport.unpackLimit=1000000 fast-import --quiet --force \
		>"$thin/am.log" 2>&1 || die "cannot write the series to $repo: $(reason <"$thin/am.log")"
own_git rev-parse series
