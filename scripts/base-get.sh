#!/bin/sh
# Usage: [BASE=6.12 | KDIR=path] [MIRROR=url] scripts/base-get.sh
# Makes the base kernel the branch `base` of the git repository $work/linux.git.
# KDIR is any kernel tree, committed or not, and so is one that 'make base' has
# named for BASE; it is read anew each time and never written to. Any other BASE is
# fetched once: from kernel.org, or MIRROR, if patches/releases has its checksum; else
# as Debian's linux-source-$BASE, by apt (which checks it); else what patches/tarballs names.
# A failed run leaves an earlier import as it was.
# Exit status: 0; 2 with the reason.
. "$(dirname -- "$0")/lib.sh"
. "$top/scripts/lib/git.sh"
. "$top/scripts/lib/version.sh"
. "$top/scripts/lib/place.sh"
where

repo=$work/linux.git

# whole DIR: ends if git has files of that tree elsewhere
whole() {
	case $(git -C "$1" ls-files -t -s | awk '$1 == "S" || $2 == 160000 { print $2; exit }') in
	'') ;;
	160000) die "${KDIR:+KDIR=}$1 has submodules, whose files its git does not know; copy it without .git, and name that" ;;
	*) die "${KDIR:+KDIR=}$1 is a sparse tree, and lacks files; say git -C '$1' sparse-checkout disable" ;;
	esac
}

# import DIR TEXT: commits what the kernel tree DIR holds to `base`
import() (
	# Once: init would make its worktrees bare again.
	[ -f "$repo/config" ] || own_git init -q --bare "$repo"
	# Of a git tree, what it tracks. Of another, all but what a build makes.
	if git_top "$1"; then
		whole "$1"
		git -C "$1" ls-files -z
	else
		# O may be in it.
		real=$(cd -P "$1" && pwd)
		case $O in "$real"/*) set -- "$1" "$2" -x "${O#"$real"}/" ;; esac
		own_git --git-dir="$repo" --work-tree="$1" -C "$1" ls-files -z --others \
			-x '*.o' -x '*.a' -x '*.ko' -x '*.mod' -x '*.cmd' -x '*.order' \
			-x '/.config*' -x '/.tmp*' -x '/vmlinux*' -x '/System.map' \
			-x '/Module.symvers' -x '/include/config/' -x '/include/generated/' -x '/arch/*/include/generated/' ${3:+"$3" "$4"}
	fi >"$work/files"
	# An index of its own remembers what was read, so a second import is quick.
	GIT_INDEX_FILE=$repo/base-index; export GIT_INDEX_FILE
	# One run at a time works here: these are of one that a power cut has ended.
	rm -f "$GIT_INDEX_FILE.lock" "$repo/refs/heads/base.lock"
	own_git --git-dir="$repo" ls-files -z >>"$work/files"
	own_git --git-dir="$repo" --work-tree="$1" -C "$1" \
		update-index --add --remove -z --stdin <"$work/files" 2>"$work/why" ||
		die "cannot read ${KDIR:+KDIR=}$1: $(reason <"$work/why")"
	rm "$work/why"
	tree=$(own_git --git-dir="$repo" write-tree)
	unset GIT_INDEX_FILE
	rm "$work/files"
	commit=$(GIT_AUTHOR_NAME=clone-autoreap GIT_AUTHOR_EMAIL=clone-autoreap@localhost \
		GIT_AUTHOR_DATE='@0 +0000' GIT_COMMITTER_DATE='@0 +0000' \
		own_git --git-dir="$repo" commit-tree -m "$2" "$tree")
	own_git --git-dir="$repo" update-ref refs/heads/base "$commit"
)

dir=${KDIR:-$(base_named "$BASE")}
if [ -n "$dir" ]; then
	may_git "$dir"
	kernel_tree "$dir" || die "${KDIR:+KDIR=}$dir is no kernel tree; name the top of one"
	mkdir -p "$work"
	import "$dir" "$dir"
	exit
fi

# from_kernel_org VERSION SHA256: a release, kept in $O/download, whole or not at all, and
# checked each time. What there is of it by a download that was cut off is where the next
# one begins.
from_kernel_org() {
	tar=linux-${1%.0}.tar.xz
	url=${MIRROR:-https://cdn.kernel.org/pub/linux/kernel}/v${1%%.*}.x/$tar
	tar=$O/download/$tar
	mkdir -p "$O/download"
	if [ -f "$tar" ]; then
		echo "$2  $tar" >"$work/new/sum"
		! sha256sum -c --status "$work/new/sum" 2>/dev/null || return 0
		step DROP "$tar: its SHA-256 is not that of patches/releases"
		rm "$tar"
	fi
	step GET "$url"
	echo "$2  $tar.part" >"$work/new/sum"
	sha256sum -c --status "$work/new/sum" 2>/dev/null ||
	logged "$logs/get.log" curl -fsSL --retry 3 -C - -o "$tar.part" "$url" ||
		die "cannot get $url: $(tail -n 1 "$logs/get.log"); say MIRROR=url of another copy of kernel.org's pub/linux/kernel, or name a tree with 'make base BASE=$BASE KDIR=path'"
	if ! sha256sum -c --status "$work/new/sum"; then
		rm "$tar.part"
		die "$url is not what it should be (its SHA-256 is not that of patches/releases); dropped. Try again, or say MIRROR=another"
	fi
	mv "$tar.part" "$tar"
}

# by_apt: Debian's package, unpacked here
by_apt() (
	command -v apt-get >/dev/null || die "$package is Debian's, and there is no apt-get here"
	"$top/scripts/debian.sh" get "$package" && dpkg-deb -x "$package"_*.deb .
)

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
# shellcheck disable=SC2046
set -- $(awk -v base="$BASE" '$1 == base { print $5, $6 }' "$top/patches/releases")
tar=/usr/src/$package.tar.xz
if [ "${2:--}" != - ]; then
	from_kernel_org "$@"
	text="Linux $1"
elif [ -f "$tar" ]; then
	text="$package $(dpkg-query -W -f '${Version}' "$package" 2>/dev/null || echo "($tar)")"
elif step GET "$package" && by_apt 2>"$work/new/why"; then
	text="$package $(dpkg-deb -f "$package"_*.deb Version)"
	tar=$work/new/usr/src/$package.tar.xz
else
	why=$(sed 's/^error: //' "$work/new/why")
	# shellcheck disable=SC2046
	set -- $(awk -v base="$BASE" '$1 == base { print $2, $3 }' "$top/patches/tarballs")
	[ $# = 2 ] || die "$why; say BASE=6.12, which kernel.org has, or name a kernel tree of it with 'make base BASE=$BASE KDIR=path'"
	step NOTE "$why; Linux $1 of kernel.org is in its place"
	from_kernel_org "$@"
	text="Linux $1"
fi
step EXTRACT "$text"
mkdir linux
logged "$logs/extract.log" tar -xf "$tar" -C linux --strip-components=1 ||
	die "cannot extract $tar: $(head -n 1 "$logs/extract.log")"
step IMPORT "$text into git"
import "$work/new/linux" "$text"
