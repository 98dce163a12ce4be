#!/bin/sh
# Usage: [BASE= | KDIR=] [TARGETS=] [TESTS="program ..."] [LINK=-static] vm/initramfs.sh
# Builds the kselftests of TARGETS, of which the guest runs TESTS or all, and the
# sample, statically, against the headers of the built kernel, and packs them with
# busybox into $initramfs. Some kselftests of the kernel cannot be linked with LINK;
# what is dynamic takes its libraries along.
# $expected lists what the tests of this series must report.
# Exit status: 0; 2 with the first error and the log's path.
. "$(dirname -- "$0")/../scripts/lib.sh"
. "$top/scripts/lib/version.sh"
. "$top/scripts/lib/place.sh"
. "$top/scripts/lib/build.sh"
where
: "${TARGETS:=clone3}" "${LINK=-static}"

rm -rf "$root"
mkdir -p "$root"

failed() {
	die "$1: $(grep -m1 -E 'error:|\*\*\*|No such' "$logs/$1.log" || tail -n 1 "$logs/$1.log") (log: $logs/$1.log)"
}

# make_tests LOG CFLAGS LDFLAGS ARGUMENTS...: make in the kselftests. The lib.mk of RHEL 9 takes
# no flags of the user's but from the environment.
make_tests() (
	log=$1 cflags=$2 ldflags=$3
	shift 3
	grep -q USERLDFLAGS "$tree/tools/testing/selftests/lib.mk" || export CFLAGS="$cflags" LDFLAGS="$ldflags"
	logged "$logs/$log.log" compile make USERCFLAGS="$cflags" USERLDFLAGS="$ldflags" "$@"
)

step TESTS "$TARGETS"
make_tests kselftest "-Wall${cross:+ -idirafter $cross/usr/include}" \
	"$LINK${cross:+ -L$(dirname "$cross"/usr/lib/*/libcap.a)}" -C "$tree/tools/testing/selftests" O="$obj" \
	ARCH="$ARCH" CROSS_COMPILE="$CROSS_COMPILE" TARGETS="$TARGETS" FORCE_TARGETS=1 \
	INSTALL_PATH="$root/kselftest" install || failed kselftest

sample=$tree/samples/pidfd/clone-autoreap.c
mkdir -p "$root/samples"
[ ! -f "$sample" ] ||
	logged "$logs/sample.log" compile "${CROSS_COMPILE}gcc" -O2 -Wall -static -isystem "$obj/usr/include" \
		-o "$root/samples/clone-autoreap" "$sample" || failed sample

if [ -z "$LINK" ]; then
	find "$root/kselftest" -type f -perm -u+x -exec ldd {} + 2>/dev/null |
		grep -o '/[^ ]*\.so[^ ]*' | sort -u | xargs cp --parents -L -t "$root" || failed kselftest
fi

version=$(kernel_version <"$tree/Makefile")
list=$root/kselftest/kselftest-list.txt
grep -v '^#' "$top/vm/upstream-tests-not-run" | while read -r before test reason; do
	grep -qx "$test" "$list" || continue
	[ "$before" = - ] || older "$before" || continue
	step NOT-RUN "$test $reason"
	sed -i "/^$test\$/d" "$list"
done

# Those that are run only if named are not in the list.
if [ -n "${TESTS:-}" ]; then
	for test in $TESTS; do
		grep ":$test\$" "$list" ||
			(cd "$root/kselftest" && echo */"$test" | sed -n "s,^\([^*/]*\)/,\1:,p" | grep .) ||
			die "TESTS: there is no program $test in $TARGETS"
	done >"$list.new"
	mv "$list.new" "$list"
fi

# The programs of this series once more as 32-bit ones, in a collection of their own.
cc32=$(cc32)
if [ -n "$cc32" ] && ! grep -qx CONFIG_COMPAT=y "$obj/.config"; then
	step NOT-RUN "32-bit programs: this kernel does not run them"
	cc32=
fi
for target in $TARGETS; do
	dir=$tree/tools/testing/selftests/$target out=$obj/kselftest_32/$target
	programs=$(sed -n "s/^$target:\(.*autoreap.*\)/\1/p" "$list")
	if [ -z "$programs" ] || [ -z "$cc32" ]; then continue; fi
	# shellcheck disable=SC2016 # that shell's
	if ! compile sh -c 'command -v "$1"' - "${cc32%% *}" >/dev/null; then
		step NOT-RUN "32-bit programs of $target: there is no ${cc32%% *} to build them"
		continue
	fi
	step TESTS "$target, 32-bit"
	mkdir -p "$out" "$root/kselftest/${target}_32"
	# shellcheck disable=SC2086,SC2046
	make_tests kselftest32 '-Wall -Werror=return-type' "-static $ldflags32" -C "$dir" OUTPUT="$out" CC="$cc32" \
		KHDR_INCLUDES="-isystem $obj/${headers32:+headers32/}usr/include" LDLIBS= \
		$(printf "$out/%s " $programs) || failed kselftest32
	[ ! -f "$dir/settings" ] || cp "$dir/settings" "$root/kselftest/${target}_32/"
	for program in $programs; do
		cp "$out/$program" "$root/kselftest/${target}_32/"
		echo "${target}_32:$program" >>"$list"
	done
done

# Programs of this series run by their list of tests, others by their name alone.
tr : / <"$list" >"$expected"
for target in $TARGETS; do
	for collection in "$target" "${target}_32"; do
		sed -n "s,^$collection:\(.*autoreap.*\),$tree/tools/testing/selftests/$target/\1.c,p" "$list" |
			xargs -r awk -f "$top/vm/expected.awk" -v collection="$collection"
	done
done >>"$expected"
# What an older kernel lacks may be skipped there.
grep -v '^#' "$top/vm/skips-on-older" | while read -r since test; do
	! older "$since" || sed -i "s,^\(.*/$test\) noskip$,\1," "$expected"
done
# Without this list a run in which all tests skip would pass.
listed=$(sed -n 's/ .* noskip$//p' "$expected" | sort -u | wc -l)
[ "$listed" -eq "$(grep -c ':.*autoreap' "$list")" ] ||
	die "the tests of only $listed programs are listed in $expected"

cd "$root"
mkdir -p bin dev proc sys tmp root etc usr/bin
# Distributions that have a dynamic one as well call the static one otherwise.
busybox=$(command -v busybox.static || command -v busybox-static || command -v busybox) ||
	die "there is no static busybox; run 'make deps'"
if [ -n "$cross" ]; then
	cp "$cross/bin/busybox" bin/
else
	cp -L "$busybox" bin/busybox
fi
# A foreign one cannot be asked; the list is the same.
for applet in $("$busybox" --list); do
	[ "$applet" = busybox ] || ln -s busybox "bin/$applet"
done
cp "$top/vm/init" init
cp "$top/vm/verdict.awk" "$top/vm/lab.awk" .
cp "$top/vm/timeout" usr/bin/timeout
cat >etc/motd <<'END'

  /samples/clone-autoreap      the demo's table
  /kselftest/run_kselftest.sh  the tests; single ones are in /kselftest/clone3
  Leave with 'exit' or Ctrl-D; Ctrl-A X kills the guest.

END
# In one order and of one time: the guest runs the same instructions each time.
find . -exec touch -h -d @0 {} +
find . | sort | cpio --quiet --reproducible -o -H newc -R 0:0 >"$initramfs.new"
mv "$initramfs.new" "$initramfs"
