#!/bin/sh
# Usage: ARCH=name scripts/cross.sh
# Makes what builds for another architecture than this machine's: Debian's cross compiler,
# the busybox of the guest and libcap, unpacked into $O/cross/$ARCH. Nothing is installed:
# Debian's cross compilers and gcc-multilib, which -m32 needs, are not for one machine.
# CROSS_COMPILE=prefix is another compiler, which is not fetched.
# A failed run leaves what was there.
# Exit status: 0; 2 with the reason.
. "$(dirname -- "$0")/lib.sh"
. "$top/scripts/lib/place.sh"
where

[ "$ARCH" != "$host_arch" ] || exit 0
compilers=$packages_cross
[ "$CROSS_COMPILE" = "$cross/usr/bin/$triplet-" ] || compilers=
[ "$compilers" != "$(cat "$cross/compilers" 2>/dev/null || echo none)" ] || [ -e "$cross/usr/bin/busybox" ] || exit 0
log=$O/log/cross.log new=$cross.new
rm -rf "$new"
mkdir -p "$new/debs"
trap 'rm -rf "$new"' EXIT
trap 'exit 130' INT TERM
cd "$new/debs"

# get ARGUMENTS...: of apt-get
get() {
	logged "$log" apt-get "$@" || die "cannot get what builds for $ARCH: $(tail -n 1 "$log") (log: $log)"
}

# lists ARCHITECTURE SUITE: from here on apt knows what Debian has for it, and nothing else
lists() {
	dir=$new/apt-$1
	mkdir -p "$dir/lists/partial"
	unset APT_CONFIG
	"$top/scripts/debian.sh" sources "$2" >"$dir/sources.list"
	cat >"$dir/apt.conf" <<-END
		APT::Architecture "$1";
		APT::Architectures "$1";
		Dir::State::Lists "$dir/lists";
		Dir::State::status "/dev/null";
		Dir::Etc::SourceList "$dir/sources.list";
		Dir::Etc::SourceParts "/dev/null";
	END
	export APT_CONFIG="$dir/apt.conf"
	get update
}

release=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)
if [ -n "$compilers" ]; then
	step GET "Debian's cross compiler for $ARCH"
	lists "$(dpkg --print-architecture)" "$release"
	# Of all that they need, the rest is what this machine's own compiler needs, too.
	# shellcheck disable=SC2046,SC2086
	get download $(apt-cache depends --recurse --important $compilers | tr -d ' <>' |
		sed 's/^.*Depends://' | grep -E -e '-linux-gnu[a-z]*(-base)?$' -e '-cross(-base)?$' |
		grep -v -e "-$(gcc -dumpmachine | tr _ -)" | sort -u)
fi
step GET "busybox and libcap for $ARCH"
lists "$debian_arch" "${suite:-$release}"
get download busybox-static libcap-dev
for deb in *.deb; do
	dpkg-deb -x "$deb" "$new"
done
rm -rf "$new/debs" "$new"/apt-*
# From trixie on, /bin is a link to /usr/bin. That is in PATH, where it would hide the busybox
# that runs here.
[ -x "$new/bin/busybox" ] || { mkdir -p "$new/bin" && mv "$new/usr/bin/busybox" "$new/bin/"; }
echo "$compilers" >"$new/compilers"
rm -rf "$cross"
mv "$new" "$cross"
