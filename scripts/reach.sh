#!/bin/sh
# Usage: [KDIR="path ..."] [TAGS="pattern ..."] [OVER="patch ..."] scripts/reach.sh
# Tries on many releases of the kernel, some three a second, whether git am takes their
# series: with no fuzz, and each hunk in the function for which it was written. Nothing
# is built, and no tree is written to.
#   KDIR  kernel trees. Of a git tree, bare or not, each tag that matches TAGS; of one
#         without such tags, the first commit of each version that its Makefile tells.
#         Of a directory, its files. Without KDIR: all versions of linux-source-* that
#         this machine's apt offers, with ELSEWHERE=1 other releases of Debian too.
#   TAGS  patterns of tags, which each KDIR must have one of; v5* to v9* if not given
#   OVER  a vendor's patches, which are laid over each tree first, as far as they touch
#         a file of the series; a tree that does not take them is left out
# Prints a line a tree, then a table of ranges, then
# `N of N trees take their series, N left out`.
# Exit status: 0 all do; 1 one does not; 2 usage, or nothing was tried.
. "$(dirname -- "$0")/lib.sh"
. "$top/scripts/lib/git.sh"
. "$top/scripts/lib/version.sh"
. "$top/scripts/lib/place.sh"
. "$top/scripts/lib/own.sh"
trees=${KDIR:-} asked=${TAGS:-}
: "${TAGS:=v[5-9]*}" "${OVER:=}"
[ -z "$asked" ] || [ -n "$trees" ] || die "TAGS=$asked: say whose; name git trees with KDIR"

tmp=$(mktemp -d "${TMPDIR:-/tmp}/autoreap-reach.XXXXXX")
trap 'rm -rf "$tmp"' EXIT
trap 'exit 130' INT TERM
mkdir "$tmp/objects" "$tmp/top"
: >"$tmp/results"

# What the series read or change.
files="Makefile
$(files_of "$top"/patches/*/*.patch)"

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

# of_git REPO: its tags, or else its versions
of_git() {
	# Patterns for git, not for the shell, which would find files here.
	set -f
	# shellcheck disable=SC2086
	own_git --git-dir="$1" tag -l --sort=version:refname $TAGS >"$tmp/tags"
	set +f
	[ -z "$asked" ] || [ -s "$tmp/tags" ] || die "TAGS=$asked: ${1%/.git} has no such tag"
	while read -r tag; do
		try "$1" "$tag" "$tag"
	done <"$tmp/tags"
	[ ! -s "$tmp/tags" ] || return 0

	tips=HEAD
	own_git --git-dir="$1" rev-parse -q --verify HEAD:Makefile >/dev/null || tips=--branches
	own_git --git-dir="$1" log --reverse --diff-filter=AM --format=%H "$tips" -- Makefile | while read -r commit; do
		echo "$(own_git --git-dir="$1" show "$commit:Makefile" | kernel_version) $commit"
	done | awk '!seen[$1]++' | sort -V >"$tmp/versions"
	while read -r version commit; do
		try "$1" "$commit" "$version"
	done <"$tmp/versions"
}

# thin_of DIR: prints a tree of those of the files that are in DIR, in $thin
thin_of() {
	[ -f "$thin/config" ] || own_git init -q --bare "$thin"
	rm -f "$tmp/thin-index"
	for file in $files; do
		[ ! -f "$1/$file" ] || echo "$file"
	done | GIT_INDEX_FILE=$tmp/thin-index own_git --git-dir="$thin" --work-tree="$1" -C "$1" \
		update-index --add --stdin
	GIT_INDEX_FILE=$tmp/thin-index own_git --git-dir="$thin" write-tree
}

# of_debian: what of Debian's there is a series for, once a version. Thin trees stay in
# $O/reach, so that none is downloaded twice; their tags tell which files they have.
of_debian() {
	where_output
	own_output --make
	thin=$O/reach/debian.git
	set_of_files=$(echo "$files" | cksum | cut -d' ' -f1)
	"$top/scripts/debian.sh" list >"$tmp/list" || exit
	awk '/^[0-9]/ { print $1 }' "$top/patches/releases" | while read -r base; do
		sed -n "s/^linux-source-$base=//p" "$tmp/list" | awk -F- '!seen[$1]++'
	done >"$tmp/versions"
	while read -r version; do
		tag=$set_of_files/$(echo "$version" | tr '~:+' '___')
		own_git --git-dir="$thin" rev-parse -q --verify "$tag" >/dev/null 2>&1 ||
			get "linux-source-$(echo "$version" | cut -d. -f1-2 | cut -d'~' -f1)=$version" "$tag"
		try "$thin" "$tag" "Debian's $version"
	done <"$tmp/versions"
}

# get PACKAGE=VERSION TAG: downloads it, and keeps the thin tree of it as TAG
get() {
	step GET "$1"
	rm -rf "$tmp/get"
	mkdir -p "$tmp/get/tree"
	(cd "$tmp/get" && "$top/scripts/debian.sh" get "$1") || exit
	for file in $files; do
		echo "*/$file"
	done >"$tmp/get/files"
	# An error ends it: a file that only the series adds is not there.
	dpkg-deb --fsys-tarfile "$tmp/get"/*.deb | tar -xO --wildcards './usr/src/*.tar.xz' |
		tar -xJ -C "$tmp/get/tree" --strip-components=1 --wildcards --no-wildcards-match-slash \
			-T "$tmp/get/files" 2>"$tmp/get/log" || :
	[ -f "$tmp/get/tree/Makefile" ] || die "$1 holds no kernel: $(head -n 1 "$tmp/get/log")"
	own_git --git-dir="$thin" tag "$2" "$(thin_of "$tmp/get/tree")"
	rm -rf "$tmp/get"
}

# shellcheck disable=SC2086
for patch in $OVER; do
	[ -f "$patch" ] || die "OVER: there is no patch $patch"
done
OVER=$(for patch in $OVER; do realpath "$patch"; done)
[ -n "$trees" ] || of_debian
for dir in $trees; do
	[ -d "$dir" ] || die "KDIR: there is no directory $dir"
	dir=$(CDPATH='' cd -- "$dir" && pwd)
	may_git "$dir"
	if [ "$(git -C "$dir" rev-parse --show-prefix 2>/dev/null || echo none)" = "" ]; then
		# Git would fetch what is not there, into the tree.
		! git -C "$dir" config --get-regexp '^(remote[.].*[.]promisor|extensions[.]partialclone)$' >/dev/null ||
			die "KDIR: $dir is a partial clone, and lacks files; name a whole one"
		of_git "$(git -C "$dir" rev-parse --absolute-git-dir)"
	elif kernel_tree "$dir"; then
		[ -z "$asked" ] || die "TAGS=$asked: $dir is no git tree"
		thin=$tmp/thin.git
		try "$thin" "$(thin_of "$dir")" "$dir"
	else
		die "KDIR: $dir is neither a git tree nor one of a kernel"
	fi
done

out=$(cut -f3 "$tmp/results" | grep -c '^left out' || :)
all=$(cut -f3 "$tmp/results" | grep -c '^all ' || :)
tried=$(($(wc -l <"$tmp/results") - out))
echo
sort -V "$tmp/results" | awk -F'\t' '
	function row() { if (n) printf "%-10s %-10s %5d  %-15s  %s\n", from, to, n, series, result }
	BEGIN { printf "%-10s %-10s %5s  %-15s  %s\n", "from", "to", "trees", "series", "takes" }
	$2 != series || $3 != result { row(); from = $1; n = 0; series = $2; result = $3 }
	{ to = $1; n++ }
	END { row() }'
echo "$all of $tried trees take their series, $out left out"
[ "$tried" != 0 ] || die "no tree was tried"
[ "$all" = "$tried" ]
