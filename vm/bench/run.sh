#!/bin/sh
# Usage: [BASE= | KDIR=] vm/bench/run.sh
# What the flag costs and what it saves: builds the base, the base with the patch of the
# flag alone, and the series, from one configuration, and runs clone3_autoreap_bench in
# a guest that counts instructions; boots Debian's cloud kernel of the same version
# beside them; and times this project's own loop. $O/bench gets:
#   figures       all that was measured, a line each
#   table         the targets with their results, and the life of a child by the way
#                 in which it is reaped; printed, too
#   figures.json  figures, for programs
#   *.svg         the same as pictures
# An earlier $O/bench survives a failed run.
# Exit status: 0 all targets are met; 1 one is not; 2 usage or build.
. "$(dirname -- "$0")/../../scripts/lib.sh"

repo=$work/linux.git new=$O/bench.new
series=$(own_git --git-dir="$repo" rev-parse series)
core=$(find "$("$top/scripts/series.sh" "$repo" base)/" -name '*-clone-add-CLONE_AUTOREAP.patch')
[ -z "$core" ] || core=$("$top/scripts/assemble.sh" "$repo" "$core")
version=$(own_git --git-dir="$repo" show base:Makefile | kernel_version)
rm -rf "$new"
mkdir -p "$new"

# The benchmark is that of the series, for all kernels.
export KIND=bench INITRAMFS="$initramfs" EXPECTED="$expected"
. "$top/scripts/lib.sh"

# bench NAME: run it in the guest, the lines of its report go to figures
bench() {
	"$top/vm/qemu.sh" bench || die "$1: the guest failed"
	tr -d '\r' <"$run/results.log" >"$new/guest.log"
	grep -qx 'guest: end 0' "$new/guest.log" ||
		die "$1: the benchmark did not finish: $(grep -v '^life' "$new/guest.log" | tail -n 2 | tr '\n' ' ')"
	sed -n "s/^\(start\|memory\|life\)  */\1 $1 /p" "$new/guest.log" | tr -s ' ' >>"$new/figures"
}

echo "version $version" >"$new/figures"
for name in base core series; do
	case $name in base) rev=base ;; core) rev=$core ;; series) rev=$series ;; esac
	[ -n "$rev" ] || continue
	step KERNEL "$name"
	"$top/scripts/checkout.sh" "$rev"
	"$top/vm/kernel.sh"
	echo "text $name $(size -A "$obj/vmlinux" | awk '$1 == ".text" { print $2 }')" >>"$new/figures"
	# One object with debug information knows the structs.
	mkdir -p "$obj/dwarf"
	cp "$obj/.config" "$obj/dwarf/"
	logged "$logs/dwarf.log" kmake O="$obj/dwarf" KCFLAGS=-g -j"$(nproc)" kernel/fork.o ||
		die "$(grep -m1 -E 'error:|\*\*\*' "$logs/dwarf.log") (log: $logs/dwarf.log)"
	for struct in task_struct signal_struct pid; do
		echo "sizeof $name $struct $(pahole -s -C "$struct" "$obj/dwarf/kernel/fork.o" | cut -f2)" >>"$new/figures"
	done
	[ "$name" = core ] || bench "$name"
done

# The same version as Debian's cloud has it, for the time to boot; only where it is.
cloud=$(apt-cache pkgnames "linux-image-$version" 2>/dev/null | grep -m1 -e '-cloud-amd64$' || :)
if [ -n "$cloud" ] && (cd "$new" && logged "$new/get.log" apt-get download "$cloud"); then
	dpkg-deb --fsys-tarfile "$new/$cloud"_*.deb | tar -x -C "$new" --wildcards './boot/vmlinuz*'
	step KERNEL "$cloud"
	KERNEL=$(echo "$new"/boot/vmlinuz*) MILLIONS=1 bench cloud
	rm -rf "$new/$cloud"_*.deb "${new:?}/boot"
else
	step NOTE "Debian has no cloud kernel of $version here; the boot is not compared"
fi

if [ -z "$KDIR" ]; then
	step LOOP "cold, after an edit of a test, after an edit of the kernel"
	"$top/vm/bench/loop.sh" "$O/bench.loop" >"$new/loop"
	sed 's/^/loop /' "$new/loop" >>"$new/figures"
fi

awk -f "$top/vm/bench/json.awk" "$new/figures" >"$new/figures.json"
missed=0
awk -f "$top/vm/bench/table.awk" "$new/figures" >"$new/table" || missed=1
(cd "$new" && awk -f "$top/vm/bench/plot.awk" figures | gnuplot) || die "gnuplot failed"
rm -rf "$O/bench" "$new/guest.log" "$new/get.log" "$new/loop"
mv "$new" "$O/bench"
echo
cat "$O/bench/table"
echo
echo "figures, JSON and plots: $O/bench"
[ "$missed" = 0 ]
