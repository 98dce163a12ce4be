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
. "$top/scripts/lib/trial.sh"
. "$top/scripts/lib/thin.sh"

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

# of_tree DIR: of a git tree its releases, of another one its files
of_tree() {
	[ -d "$1" ] || die "KDIR: there is no directory $1"
	dir=$(CDPATH='' cd -- "$1" && pwd)
	may_git "$dir"
	if git_top "$dir"; then
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
}

# table: ranges of releases with the same series and result
table() {
	sort -V "$tmp/results" | awk -F'\t' '
		function row() { if (n) printf "%-10s %-10s %5d  %-15s  %s\n", from, to, n, series, result }
		BEGIN { printf "%-10s %-10s %5s  %-15s  %s\n", "from", "to", "trees", "series", "takes" }
		$2 != series || $3 != result { row(); from = $1; n = 0; series = $2; result = $3 }
		{ to = $1; n++ }
		END { row() }'
}

main() {
	trees=${KDIR:-} asked=${TAGS:-}
	: "${TAGS:=v[5-9]*}" "${OVER:=}"
	[ -z "$asked" ] || [ -n "$trees" ] || die "TAGS=$asked: say whose; name git trees with KDIR"
	# shellcheck disable=SC2086
	for patch in $OVER; do
		[ -f "$patch" ] || die "OVER: there is no patch $patch"
	done
	OVER=$(for patch in $OVER; do realpath "$patch"; done)

	tmp=$(mktemp -d "${TMPDIR:-/tmp}/autoreap-reach.XXXXXX")
	trap 'rm -rf "$tmp"' EXIT
	trap 'exit 130' INT TERM
	mkdir "$tmp/objects" "$tmp/top"
	: >"$tmp/results"
	files="Makefile
$(files_of "$top"/patches/*/*.patch)"

	[ -n "$trees" ] || of_debian
	for dir in $trees; do
		of_tree "$dir"
	done

	out=$(cut -f3 "$tmp/results" | grep -c '^left out' || :)
	all=$(cut -f3 "$tmp/results" | grep -c '^all ' || :)
	tried=$(($(wc -l <"$tmp/results") - out))
	echo
	table
	echo "$all of $tried trees take their series, $out left out"
	[ "$tried" != 0 ] || die "no tree was tried"
	[ "$all" = "$tried" ]
}

main
