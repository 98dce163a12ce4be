#!/bin/sh
# Usage: [BASE= | KDIR=] [TARGETS=] vm/initramfs.sh
# Builds the kselftests of TARGETS and the sample, statically, against the headers
# of the built kernel, and packs them with busybox into $work/initramfs.cpio.
# $work/expected lists what the tests of this series must report.
# Exit status: 0; 2 with the first error and the log's path.
. "$(dirname -- "$0")/../scripts/lib.sh"
: "${TARGETS:=clone3}"

tree=$work/linux obj=$work/obj root=$work/root
rm -rf "$root"
mkdir -p "$root"

failed() {
	die "$1: $(grep -m1 -E 'error:|\*\*\*|No such' "$work/log/$1.log" || tail -n 1 "$work/log/$1.log") (log: $work/log/$1.log)"
}

step TESTS "$TARGETS"
logged "$work/log/kselftest.log" make -C "$tree/tools/testing/selftests" O="$obj" \
	TARGETS="$TARGETS" FORCE_TARGETS=1 USERCFLAGS=-Wall USERLDFLAGS=-static \
	INSTALL_PATH="$root/kselftest" install || failed kselftest

sample=$tree/samples/pidfd/clone-autoreap.c
mkdir -p "$root/samples"
[ ! -f "$sample" ] ||
	logged "$work/log/sample.log" gcc -O2 -Wall -static -isystem "$obj/usr/include" \
		-o "$root/samples/clone-autoreap" "$sample" || failed sample

list=$root/kselftest/kselftest-list.txt
grep -v '^#' "$top/vm/not-run" | while read -r test reason; do
	grep -qx "$test" "$list" || continue
	step NOT-RUN "$test $reason"
	sed -i "/^$test\$/d" "$list"
done

# Programs of this series run by their list of tests, others by their name alone.
tr : / <"$list" >"$work/expected"
for target in $TARGETS; do
	awk -f "$top/vm/expected.awk" -v collection="$target" \
		"$tree/tools/testing/selftests/$target/"*autoreap*.c 2>/dev/null || :
done >>"$work/expected"

cd "$root"
mkdir -p bin dev proc sys tmp root etc usr/bin
cp /bin/busybox bin/
for applet in $(bin/busybox --list); do
	[ "$applet" = busybox ] || ln -s busybox "bin/$applet"
done
cp "$top/vm/init" init
cp "$top/vm/timeout" usr/bin/timeout
cat >etc/motd <<'END'

  /samples/clone-autoreap      the demo's table
  /kselftest/run_kselftest.sh  the tests; single ones are in /kselftest/clone3
  Leave with 'exit' or Ctrl-D; Ctrl-A X kills the guest.

END
find . | cpio --quiet -o -H newc -R 0:0 >"$work/initramfs.new"
mv "$work/initramfs.new" "$work/initramfs.cpio"
