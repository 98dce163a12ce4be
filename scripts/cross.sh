#!/bin/sh
# Usage: ARCH=name scripts/cross.sh
# Makes what builds for another architecture than this machine's: Debian's cross compiler,
# the busybox of the guest and libcap, unpacked into $O/cross/$ARCH. Nothing is installed:
# Debian's cross compilers and gcc-multilib, which -m32 needs, are not for one machine.
# CROSS_COMPILE=prefix is another compiler, which is not fetched.
# A failed run leaves what was there.
# Exit status: 0; 2 with the reason.
. "$(dirname -- "$0")/lib.sh"

[ "$ARCH" != "$host_arch" ] || exit 0
[ ! -f "$cross/done" ] || exit 0
log=$O/log/cross.log new=$cross.new
rm -rf "$new"
mkdir -p "$new/debs" "$new/lists/partial"
trap 'rm -rf "$new"' EXIT
trap 'exit 130' INT TERM
cd "$new/debs"

# get PACKAGE...: with the options of apt before them, if any
get() {
	logged "$log" apt-get "$@" || die "cannot get what builds for $ARCH: $(tail -n 1 "$log") (log: $log)"
}

if [ "$CROSS_COMPILE" = "$cross/usr/bin/$triplet-" ]; then
	step GET "cross compiler of Debian for $ARCH"
	# Of all that they need, the rest is what this machine's own compiler needs, too.
	# shellcheck disable=SC2046
	get download $(apt-cache depends --recurse --important "gcc-$triplet" "libc6-dev-$debian_arch-cross" |
		sed -n 's/^.*Depends: *//p' | sort -u | grep -E -e "-$triplet(-|\$)" -e "-$debian_arch-cross\$") \
		"gcc-$triplet" "libc6-dev-$debian_arch-cross"
fi
step GET "busybox and libcap for $ARCH"
set -- -o APT::Architecture="$debian_arch" -o APT::Architectures="$debian_arch" -o Dir::State::Lists="$new/lists" \
	-o Dir::State::status=/dev/null -o APT::Sandbox::User=root
get "$@" update
get "$@" download busybox-static libcap-dev
for deb in *.deb; do
	dpkg-deb -x "$deb" "$new"
done
rm -rf "$new/debs" "$new/lists"
touch "$new/done"
rm -rf "$cross"
mv "$new" "$cross"
