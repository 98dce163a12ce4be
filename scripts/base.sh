#!/bin/sh
# Usage: [BASE=6.12 | KDIR=path] scripts/base.sh
# Makes the base kernel the branch `base` of the git repository $work/linux.git.
# BASE is Debian's linux-source-$BASE, downloaded by apt (which checks it), once.
# KDIR is any kernel tree, committed or not; it is read anew each time and never
# written to. A failed run leaves an earlier import as it was.
# Exit status: 0; 2 with the reason.
. "$(dirname -- "$0")/lib.sh"

repo=$work/linux.git

# import DIR TEXT: commits what the kernel tree DIR holds to `base`
import() {
	own_git init -q --bare "$repo"
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

if [ -n "$KDIR" ]; then
	if [ ! -f "$KDIR/Kbuild" ] || [ ! -f "$KDIR/kernel/fork.c" ]; then
		die "KDIR=$KDIR is no kernel tree; name the top of one"
	fi
	mkdir -p "$work"
	import "$KDIR" "$KDIR"
	exit
fi

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
	logged "$work/log/get.log" apt-get download "$package" ||
		die "cannot get $package: $(tail -n 1 "$work/log/get.log"); try 'apt-get update', or name a kernel tree with KDIR="
	dpkg-deb -x "$package"_*.deb .
	text="$package $(dpkg-deb -f "$package"_*.deb Version)"
	deb=$work/new/usr/src/$package.tar.xz
fi
step EXTRACT "$text"
mkdir linux
logged "$work/log/extract.log" tar -xf "$deb" -C linux --strip-components=1 ||
	die "cannot extract $deb: $(head -n 1 "$work/log/extract.log")"
step IMPORT "$text into git"
import "$work/new/linux" "$text"
