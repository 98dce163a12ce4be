#!/bin/sh
# Usage: BASE=version KDIR=path scripts/base-name.sh
# Remembers the kernel tree KDIR as the base BASE, in bases.local, which git
# ignores. The tree is only read, each time that the base is used.
# Exit status: 0; 2 with the reason.
. "$(dirname -- "$0")/lib.sh"
. "$top/scripts/lib/version.sh"
. "$top/scripts/lib/place.sh"
. "$top/scripts/lib/own.sh"
where_kdir

named=${BASE:-}
case $named in [0-9]*.[0-9]*) ;; *) die "say which base and where: make base BASE=6.18 KDIR=path" ;; esac
[ -n "$KDIR" ] || die "say which tree: make base BASE=$named KDIR=path"
kernel_tree "$KDIR" || die "KDIR=$KDIR is no kernel tree; name the top of one"
is=$(kernel_version <"$KDIR/Makefile")
is=${is%.*}
[ "$is" = "$named" ] || die "KDIR=$KDIR is Linux $is, not $named"
others=$(grep -v "^$named " "$top/bases.local" 2>/dev/null || :)
printf '%s\n' ${others:+"$others"} "$named $KDIR" | keep "$top/bases.local"
step BASE "$named is $KDIR"
