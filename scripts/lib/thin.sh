# shellcheck shell=sh disable=SC2154 # $top is of lib.sh
# Thin trees: of a kernel without a repository only $files, which those who call set, in a
# repository $thin. Uses git.sh, place.sh and own.sh, and $tmp, a directory.

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
