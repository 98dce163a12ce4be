#!/bin/sh
# Usage: [BASE= | KDIR=] [ARCH=] [CONFIG=file] scripts/deb.sh
# Builds Debian packages of the kernel with the series, for real machines, by the kernel's
# own bindeb-pkg; makes the compiler and the tree if they are missing. The configuration is
# CONFIG, else that of the running kernel, else that of Debian's kernel of BASE; a name
# without a slash, such as cloud-amd64, is another of Debian's. Left out are debugging
# information, which takes 20 GB, and the certificates of whoever built the kernel that the
# configuration is of. The release ends in -autoreap.
# Packages go to $work/deb; those of an earlier run are there until new ones are done.
# Exit status: 0; 2 with the reason.
. "$(dirname -- "$0")/lib.sh"
. "$top/scripts/lib/place.sh"
. "$top/scripts/lib/build.sh"
where

: "${CONFIG:=}"
deb=$work/deb$where_arch obj=$work/deb$where_arch/obj logs=$work/log-deb$where_arch
mkdir -p "$obj"

# debian FLAVOUR: the configuration that Debian gives such a kernel of BASE
debian() {
	package=linux-config-$BASE
	{ [ -z "$KDIR" ] && [ "$ARCH" = "$host_arch" ] && command -v apt-get >/dev/null; } ||
		die "no configuration of Debian's for ${KDIR:+KDIR=}${KDIR:-BASE=$BASE ARCH=$ARCH} is at hand; say CONFIG=/path/to/.config"
	rm -rf "$deb/config"
	mkdir -p "$deb/config"
	(cd "$deb/config" && "$top/scripts/debian.sh" get "$package" >/dev/null && dpkg-deb -x "$package"_*.deb .) 2>"$deb/why" ||
		die "there is no $package ($(sed 's/^error: //' "$deb/why")); say CONFIG=/path/to/.config"
	dir=$deb/config/usr/src/$package/config.${debian_arch}_none_
	[ -f "$dir$1.xz" ] ||
		die "CONFIG=$1 is no file, and of Debian's there are: $(cd "${dir%/*}" && echo "${dir##*/}"*.xz | sed "s/${dir##*/}//g; s/[.]xz//g")"
	from="Debian's, $1 ($(dpkg-deb -f "$deb/config/$package"_*.deb Version))"
	xz -dc "$dir$1.xz" >"$obj/.config.new"
}

# take FILE
take() {
	[ -r "$1" ] || die "CONFIG=$1: no such file, or not yours to read"
	grep -q '^CONFIG_' "$1" || die "CONFIG=$1 is no configuration of a kernel"
	cp "$1" "$obj/.config.new"
	from=$1
}

running=/boot/config-$(uname -r)
case $CONFIG in
*/* | .config)	take "$CONFIG" ;;
?*)	debian "$CONFIG" ;;
*)	if [ "$ARCH" = "$host_arch" ] && [ -r "$running" ]; then take "$running"; else debian "$debian_arch"; fi ;;
esac

step CONFIG "$from"
"$top/scripts/cross.sh"
"$top/scripts/tree.sh"
"$tree/scripts/config" --file "$obj/.config.new" \
	--set-str LOCALVERSION -autoreap --disable LOCALVERSION_AUTO --set-str BUILD_SALT '' \
	--set-str SYSTEM_TRUSTED_KEYS '' --set-str SYSTEM_REVOCATION_KEYS '' \
	--disable DEBUG_INFO_DWARF_TOOLCHAIN_DEFAULT --disable DEBUG_INFO_DWARF4 \
	--disable DEBUG_INFO_DWARF5 --enable DEBUG_INFO_NONE
mv "$obj/.config.new" "$obj/.config"

build config olddefconfig
step BUILD "Linux $(kmake -s kernelrelease), $(nproc) jobs; an hour or more (log: $logs/packages.log)"
# A line a directory of the kernel's; one for each module would be too much.
show="^  (AR +[a-z0-9_]+/built-in.a|LD +vmlinux|BUILD .*|MODPOST .*)\$|^dpkg-deb: building"
build packages -j"$(nproc)" bindeb-pkg
unset show

# What this run has built, and nothing older.
built=$(cut -d' ' -f1 "$obj/debian/files" | grep '[.]deb$')
for file in "$deb"/*.deb "$deb"/*.buildinfo "$deb"/*.changes; do
	[ ! -f "$file" ] || echo "$built" | grep -qx "$(basename "$file")" || rm "$file"
done
echo "$built" | while read -r file; do
	step DEB "$deb/$file ($(du -m "$deb/$file" | cut -f1) MB)"
done
