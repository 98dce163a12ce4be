#!/bin/sh
# Usage: [BASE=6.12 | KDIR=path] scripts/base.sh
# Makes the base kernel the branch `base` of the git repository $work/linux.git.
# KDIR is any kernel tree, committed or not, and so is one that 'make base' has
# named for BASE; it is read anew each time and never written to. Any other BASE is
# Debian's linux-source-$BASE, downloaded by apt (which checks it), once.
# A failed run leaves an earlier import as it was.
# Exit status: 0; 2 with the reason.
. "$(dirname -- "$0")/lib.sh"

repo=$work/linux.git

# import DIR TEXT: commits what the kernel tree DIR holds to `base`
import() {
	# Once: init would make its worktrees bare again.
	[ -f "$repo/config" ] || own_git init -q --bare "$repo"
	# Of a git tree, what it tracks. Of another, all but what a build makes.
	if [ "$(git -C "$1" rev-parse --show-prefix 2>/dev/null || echo none)" = "" ]; then
		git -C "$1" ls-files -z
	else
		own_git --git-dir="$repo" --work-tree="$1" -C "$1" ls-files -z --others \
			-x '*.o' -x '*.a' -x '*.ko' -x '*.mod' -x '*.cmd' -x '*.order' \
			-x '/.config*' -x '/.tmp*' -x '/vmlinux*' -x '/System.map' \
			-x '/Module.symvers' -x '/include/config/' -x '/include/generated/' -x '/arch/*/include/generated/'
	fi >"$work/files"
	# An index of its own remembers what was read, so a second import is quick.
	GIT_INDEX_FILE=$repo/base-index; export GIT_INDEX_FILE
	own_git --git-dir="$repo" ls-files -z >>"$work/files"
	own_git --git-dir="$repo" --work-tree="$1" -C "$1" \
		update-index --add --remove -z --stdin <"$work/files"
	tree=$(own_git --git-dir="$repo" write-tree)
	unset GIT_INDEX_FILE
	rm "$work/files"
	commit=$(GIT_AUTHOR_NAME=clone-autoreap GIT_AUTHOR_EMAIL=clone-autoreap@localhost \
		GIT_AUTHOR_DATE='@0 +0000' GIT_COMMITTER_DATE='@0 +0000' \
		own_git --git-dir="$repo" commit-tree -m "$2" "$tree")
	own_git --git-dir="$repo" update-ref refs/heads/base "$commit"
}

dir=${KDIR:-$(base_named "$BASE")}
if [ -n "$dir" ]; then
	kernel_tree "$dir" || die "${KDIR:+KDIR=}$dir is no kernel tree; name the top of one"
	mkdir -p "$work"
	import "$dir" "$dir"
	exit
fi

# What this machine's own sources do not have, sid or the backports of the current
# release may. The lists of this call lie apart, so it changes nothing else.
from_elsewhere() {
	apt=$O/apt
	mkdir -p "$apt/lists/partial" "$apt/cache/archives/partial"
	for suite in sid trixie-backports; do
		echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://deb.debian.org/debian $suite main"
	done >"$apt/sources.list"
	step APT "looking for $package in sid and backports"
	set -- -o Dir::Etc::SourceList="$apt/sources.list" -o Dir::Etc::SourceParts=/dev/null \
		-o Dir::State::Lists="$apt/lists" -o Dir::Cache="$apt/cache" -o APT::Sandbox::User=root
	logged "$logs/get.log" apt-get "$@" update &&
		logged "$logs/get.log" apt-get "$@" download "$package"
}

rm -rf "$work/new"
if own_git --git-dir="$repo" rev-parse -q --verify base >/dev/null 2>&1; then
	exit
fi

package=linux-source-$BASE
mkdir -p "$work/new"
trap 'cd /; rm -rf "$work/new"' EXIT
trap 'exit 130' INT TERM
# The source, its objects in git, the tree and the build.
need=6000000
free=$(df -Pk "$work" | awk 'NR == 2 { print $4 }')
[ "$free" -ge "$need" ] ||
	die "no space: $((free / 1000)) MB free below $O, $((need / 1000)) MB needed; say O=another-directory"
cd "$work/new"
deb=/usr/src/$package.tar.xz
if [ -f "$deb" ]; then
	text="$package $(dpkg-query -W -f '${Version}' "$package" 2>/dev/null || echo "($deb)")"
else
	step GET "$package"
	logged "$logs/get.log" apt-get download "$package" || from_elsewhere ||
		die "cannot get $package: $(tail -n 1 "$logs/get.log"); name a kernel tree of it with 'make base BASE=$BASE KDIR=path'"
	dpkg-deb -x "$package"_*.deb .
	text="$package $(dpkg-deb -f "$package"_*.deb Version)"
	deb=$work/new/usr/src/$package.tar.xz
fi
step EXTRACT "$text"
mkdir linux
logged "$logs/extract.log" tar -xf "$deb" -C linux --strip-components=1 ||
	die "cannot extract $deb: $(head -n 1 "$logs/extract.log")"
step IMPORT "$text into git"
import "$work/new/linux" "$text"
