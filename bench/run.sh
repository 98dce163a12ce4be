#!/bin/sh
# Usage: [BASE= | KDIR=] bench/run.sh
# What the flag costs and what it saves: runs clone3_autoreap_bench on the base and on
# the built kernel of the series, which have one configuration, in a guest that counts
# instructions; compares what the patch of the flag alone and the series add to the
# objects that they touch; and boots Debian's cloud kernel of the same version beside
# them. $O/bench gets:
#   figures       all that was measured, a line each
#   table         the targets with their results, the life of a child by the way in
#                 which it is reaped, and that of a helper by the way in which it is
#                 started; printed, too
#   figures.json  figures, for programs
#   *.svg         the same as pictures
# An earlier $O/bench survives a failed run.
# Exit status: 0 all targets are met; 1 one is not; 2 usage or build.
. "$(dirname -- "$0")/../scripts/lib.sh"
. "$top/scripts/lib/git.sh"
. "$top/scripts/lib/version.sh"
. "$top/scripts/lib/place.sh"
. "$top/scripts/lib/build.sh"
where

repo=$work/linux.git new=$O/bench.new
series=$(own_git --git-dir="$repo" rev-parse series)
# The patch of the flag needs those before it. Of a kernel that has the flag there is none.
core=$(own_git --git-dir="$repo" log -1 --format=%H --grep='^clone: add CLONE_AUTOREAP$' "base..$series")
version=$(own_git --git-dir="$repo" show base:Makefile | kernel_version)
objects=$(touched "$repo" "$series" '*.c' | sed 's/c$/o/')
rm -rf "$new"
mkdir -p "$new"
echo "version $version" >"$new/figures"

# bench NAME: run it in the guest, the lines of its report go to figures
bench() {
	"$top/vm/qemu.sh" bench || die "$1: the guest failed"
	tr -d '\r' <"$run/results.log" >"$new/guest.log"
	grep -qx 'guest: end 0' "$new/guest.log" ||
		die "$1: the benchmark did not finish: $(grep -v '^life' "$new/guest.log" | tail -n 2 | tr '\n' ' ')"
	sed -n "s/^\(start\|memory\|life\|helper\)  */\1 $1 /p" "$new/guest.log" | tr -s ' ' >>"$new/figures"
}

# text OBJECT...: bytes of code
text() { compile "${CROSS_COMPILE}size" -A "$@" | awk '$1 ~ /^[.]text/ { sum += $2 } END { print sum }'; }

# The benchmark is that of the series, for all kernels.
export INITRAMFS="$initramfs" EXPECTED="$expected"
config=$obj/.config
for kernel in base series; do
	[ "$kernel" = base ] && KIND=base || KIND=
	export KIND
	where
	step KERNEL "$kernel"
	[ "$kernel" = series ] || "$top/scripts/checkout.sh" base
	"$top/vm/kernel.sh"
	diff "$config" "$obj/.config" >"$new/config.diff" ||
		die "base and series have not the same configuration: $(grep -m1 '^[<>]' "$new/config.diff")"
	# Not of vmlinux, whose text is padded to a huge page.
	echo "text $kernel $(text "$obj/vmlinux.o")" >>"$new/figures"
	bench "$kernel"
done

export KIND=bisect
where
mkdir -p "$obj/debuginfo"
cp "$config" "$obj/debuginfo/"
for kernel in base before core series; do
	case $kernel in
	base) rev=base ;;
	before) rev=${core:+$core~} ;;
	core) rev=$core ;;
	series) rev=$series ;;
	esac
	[ -n "$rev" ] || continue
	step OBJECTS "$kernel"
	"$top/scripts/checkout.sh" "$rev"
	# shellcheck disable=SC2086
	logged "$logs/debuginfo.log" kmake O="$obj/debuginfo" KCFLAGS=-g -j"$(nproc)" $objects ||
		die "$(grep -m1 -E 'error:|\*\*\*' "$logs/debuginfo.log") (log: $logs/debuginfo.log)"
	# shellcheck disable=SC2086
	echo "objects $kernel $(cd "$obj/debuginfo" && text $objects)" >>"$new/figures"
	for struct in task_struct signal_struct pid; do
		echo "sizeof $kernel $struct $(pahole -C "$struct" "$obj/debuginfo/kernel/fork.o" |
			sed -n 's,^\t/[*] size: \([0-9]*\).*,\1,p')" >>"$new/figures"
	done
done

# The same version as Debian's cloud has it, for the time to boot; only where it is.
cloud=$(apt-cache pkgnames "linux-image-$version" 2>/dev/null | grep -m1 -e "-cloud-$debian_arch\$" || :)
if [ -n "$cloud" ] && (cd "$new" && logged "$new/get.log" apt-get download "$cloud"); then
	dpkg-deb --fsys-tarfile "$new/$cloud"_*.deb | tar -x -C "$new" --wildcards './boot/vmlinuz*'
	step KERNEL "$cloud"
	KERNEL=$(echo "$new"/boot/vmlinuz*) MILLIONS=1 bench cloud
	rm -rf "$new/$cloud"_*.deb "${new:?}/boot"
else
	step NOTE "Debian has no cloud kernel of $version here; the boot is not compared"
fi

awk -f "$top/bench/json.awk" "$new/figures" >"$new/figures.json"
missed=0
awk -f "$top/bench/table.awk" "$new/figures" >"$new/table" || missed=1
(cd "$new" && awk -f "$top/bench/plot.awk" figures | gnuplot) || die "gnuplot failed"
rm -rf "$O/bench" "$new/guest.log" "$new/get.log" "$new/config.diff"
mv "$new" "$O/bench"
echo
cat "$O/bench/table"
echo
echo "figures, JSON and plots: $O/bench"
[ "$missed" = 0 ]
