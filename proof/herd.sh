#!/bin/sh
# Usage: proof/herd.sh
# Makes herd7, which proof/model.sh needs: that of Debian sid with the C library that it
# was built for, unpacked into $O/herd. Nothing is installed. It is kept, and there are
# no others: releases of Debian have none, or one too old for the models of later kernels.
# A failed run leaves nothing.
# Exit status: 0; 2 with the reason.
. "$(dirname -- "$0")/../scripts/lib.sh"
. "$top/scripts/lib/place.sh"
where_output

[ ! -x "$O/herd/usr/bin/herd7" ] || exit 0
new=$O/herd.new
rm -rf "$new"
mkdir -p "$new/debs"
trap 'rm -rf "$new"' EXIT
trap 'exit 130' INT TERM
cd "$new/debs"

step GET "herd7 of Debian sid"
for package in herdtools7 libc6 libgmp10; do
	"$top/scripts/debian.sh" get "$package/sid" >/dev/null
done
for deb in *.deb; do
	dpkg-deb -x "$deb" "$new"
done
# Of some forty programs.
find "$new/usr/bin" -type f ! -name herd7 -delete
rm -rf "$new/debs" "$O/herd"
mv "$new" "$O/herd"
