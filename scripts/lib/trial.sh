# shellcheck shell=sh disable=SC2154 # $top is of lib.sh
# One trial of reach.sh: does git am take the series of a tree, with no fuzz, and each hunk in the
# function for which it was written? Uses git.sh and version.sh. Who calls sets $files, which are
# the files of the tree that the series read or change, $OVER, and $tmp, a directory in which
# objects/ and top/ are; $tmp/results gets a line VERSION, SERIES, RESULT.

# Git on the repository of a tree; what it makes lies apart, so that is not written to.
in_tree() {
	GIT_DIR=$repo GIT_INDEX_FILE=$tmp/index GIT_OBJECT_DIRECTORY=$tmp/objects \
	GIT_ALTERNATE_OBJECT_DIRECTORIES=$objects \
		own_git -C "$tmp/top" "$@"
}

# The functions that the hunks of a diff of C files are in; that they are static is all the same.
functions() { awk '/^diff/ { c = / b.*[.][ch]$/ } /^@@/ && c { sub(/^@@ [^@]*@@ */, ""); sub(/^static /, ""); print }'; }

# lay PATCH...: puts the patches on the index; of the first that fails, $why says what is in its way
lay() {
	after=$(in_tree write-tree)
	for patch; do
		number=${patch##*/} number=${number%%-*} before=$after
		if ! in_tree apply --cached "$patch" 2>"$tmp/err"; then
			why="$number: $(reason <"$tmp/err" | sed 's/^patch failed: //')"
			return 1
		fi
		functions <"$patch" >"$tmp/meant"
		after=$(in_tree write-tree)
		in_tree diff-tree -p -U"$(context "$patch")" "$before" "$after" |
			functions >"$tmp/landed"
		if ! cmp -s "$tmp/meant" "$tmp/landed"; then
			why="$number: lands in $(diff "$tmp/meant" "$tmp/landed" | sed -n 's/^> //p' | head -n 1)"
			return 1
		fi
		laid=$((laid + 1))
	done
}

# over: lays OVER on the index. The version in its Makefile is the vendor's.
over() {
	in_tree ls-files -- ':!Makefile' | sed 's/^/--include=/' >"$tmp/only"
	for patch in $OVER; do
		# shellcheck disable=SC2046
		if ! in_tree apply --cached $(cat "$tmp/only") "$patch" 2>"$tmp/err"; then
			why="it does not take ${patch##*/}"
			return 1
		fi
	done
}

# try REPO TREE NAME
try() {
	repo=$1 laid=0 series=-
	objects=$(own_git --git-dir="$repo" rev-parse --path-format=absolute --git-path objects)
	version=$(own_git --git-dir="$repo" show "$2:Makefile" 2>/dev/null | kernel_version)
	rm -f "$tmp/index"
	# shellcheck disable=SC2086
	in_tree ls-tree -r -z "$2" -- $files | in_tree update-index -z --index-info
	if ! over; then
		result="left out: $why"
	elif ! series=$("$top/scripts/series.sh" "$repo" "$2" 2>"$tmp/err"); then
		result="left out: $(sed "s/^error: //; s/Linux $version/it/" "$tmp/err")" series=-
	else
		series=${series#"$top"/}
		if lay "$top/$series"/*.patch; then
			result="all $laid patches"
		else
			result="$laid patches, then $why"
		fi
	fi
	step REACH "$3: $series, $result"
	printf '%s\t%s\t%s\n' "$version" "$series" "$result" >>"$tmp/results"
}
