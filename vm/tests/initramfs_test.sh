#!/bin/sh
# Usage: vm/tests/initramfs_test.sh
# What vm/initramfs.sh decides: which programs the guest runs, which tests they must report,
# which of these may be skipped on an older kernel, and that what cannot be built is no guest
# without it. The kselftests are a Makefile, compilers and busybox scripts. TAP on stdout.
# Exit status: 0 all passed; 1 otherwise.
set -eu
top=$(cd "$(dirname -- "$0")/../.." && pwd)
tmp=$(mktemp -d "${TMPDIR:-/tmp}/autoreap-initramfs.XXXXXX")
trap 'rm -rf "$tmp"' EXIT
. "$top/scripts/tests/tap.sh"
. "$top/scripts/tests/project.sh"
make_project
cp "$top/vm/initramfs.sh" "$project/vm/"
tree=$O/6.12/linux obj=$O/6.12/obj root=$O/6.12/root expected=$O/6.12/expected
list=$root/kselftest/kselftest-list.txt initramfs=$O/6.12/initramfs.cpio
tests=$tree/tools/testing/selftests
mkdir -p "$tests/clone3" "$obj" "$O/6.12/log" "$tmp/bin"
printf 'VERSION = 6\nPATCHLEVEL = 12\nSUBLEVEL = 1\n' >"$tree/Makefile"
echo CONFIG_COMPAT=y >"$obj/.config"
# shellcheck disable=SC2016 # make's
echo 'LDFLAGS += $(USERLDFLAGS)' >"$tests/lib.mk"
# All sources are built; the list leaves out what is run only by name.
cat >"$tests/Makefile" <<'END'
install:
	@[ -z "$$LDFLAGS" ] || echo "$$CFLAGS $$LDFLAGS"
	@! grep -s error: clone3/*.c
	@mkdir -p $(INSTALL_PATH)/clone3
	@cd clone3 && for p in *.c; do touch $(INSTALL_PATH)/clone3/$${p%.c}; done
	@cd clone3 && for p in *.c; do grep -q 'run only by name' $$p || echo clone3:$${p%.c}; done >$(INSTALL_PATH)/kselftest-list.txt
END
cat >"$tests/clone3/Makefile" <<'END'
$(OUTPUT)/%: %.c
	@! grep -s 'no 32 bits' $*.c
	@echo $(CC) >$@
END
echo timeout=5 >"$tests/clone3/settings"
echo 'int main(void);' >"$tests/clone3/clone3_set_tid.c"
printf 'TEST_F(autoreap, leaves_no_zombie)\nTEST_F(autoreap, tells_the_end)\n' >"$tests/clone3/clone3_autoreap.c"
printf 'FIXTURE_VARIANT_ADD(way, pidfd) {\nFIXTURE_VARIANT_ADD(way, io_uring) {\nTEST_F(way, is_told)\n' >"$tests/clone3/clone3_autoreap_wait.c"
printf '// run only by name\nTEST(is_cheap)\n' >"$tests/clone3/clone3_autoreap_bench.c"
printf '# comment\n- clone3:none never\n' >"$project/vm/upstream-tests-not-run"
echo '# comment' >"$project/vm/skips-on-older"
for arch in "$project"/vm/arch/*/; do
	printf '%s\n' 'cc32() { echo "compiler32 -m32"; }' >>"$arch/arch.sh"
done
# shellcheck disable=SC2016 # the script expands it
printf '#!/bin/sh\n[ "${1:-}" != --list ] || printf "%%s\\n" busybox sh ls\n' >"$tmp/bin/busybox.static"
cp "$tmp/bin/busybox.static" "$tmp/bin/compiler32"
chmod +x "$tmp/bin"/*
export PATH="$tmp/bin:$PATH"

# made [VARIABLE=VALUE]...: exit status and what is said, but for the usual
made() {
	ran env "$@" "$project/vm/initramfs.sh" | sed '/^  TESTS /d; s/ (log:.*//'
}
# of PROGRAM: what it must report
of() { sed -n "s,^$1 ,,p" "$expected"; }
programs='clone3:clone3_autoreap
clone3:clone3_autoreap_wait
clone3:clone3_set_tid'
check "it is made" "$(made)" 0
check "the list of the guest" "$(cat "$list")" "$programs
clone3_32:clone3_autoreap
clone3_32:clone3_autoreap_wait"
check "all of it is expected" "$(grep -v ' ' "$expected")" "$(tr : / <"$list")"
check "the tests of a program" "$(of clone3/clone3_autoreap)" "autoreap.leaves_no_zombie noskip
autoreap.tells_the_end noskip"
check "the variants of a fixture" "$(of clone3/clone3_autoreap_wait)" "way.pidfd.is_told noskip
way.io_uring.is_told noskip"
check "the same of 32 bits" "$(of clone3_32/clone3_autoreap)" "$(of clone3/clone3_autoreap)"
check "32-bit programs are others, with the settings of the collection" \
	"$(cat "$root/kselftest/clone3_32/clone3_autoreap" "$root/kselftest/clone3_32/settings")" "compiler32 -m32
timeout=5"
check "the guest has init, judge, runner's timeout and busybox" \
	"$(cd "$root" && cpio --quiet -t <"$initramfs" | grep -xE 'init|verdict.awk|lab.awk|usr/bin/timeout|bin/.*')" "bin/busybox
bin/ls
bin/sh
init
lab.awk
usr/bin/timeout
verdict.awk"
check "the same again is the same" "$(cksum <"$initramfs"; touch "$tests/clone3"/*; sleep 0.01; made)" "$(cksum <"$initramfs")
0"

check "flags of a lib.mk that has no USERLDFLAGS" "$(mv "$tests/lib.mk" "$tmp"; : >"$tests/lib.mk"; made
	mv "$tmp/lib.mk" "$tests"; grep -e -static "$O/6.12/log/kselftest.log")" "0
-Wall -static"

# TESTS
check "TESTS: one" "$(made TESTS=clone3_autoreap; cat "$list")" "0
clone3:clone3_autoreap
clone3_32:clone3_autoreap"
check "TESTS: one that is run only by name" "$(made TESTS='clone3_set_tid clone3_autoreap_bench'; cat "$list")" "0
clone3:clone3_set_tid
clone3:clone3_autoreap_bench
clone3_32:clone3_autoreap_bench"
check "TESTS: none of that name" "$(made TESTS=clone3_auto)" "2
error: TESTS: there is no program clone3_auto in clone3"

# upstream-tests-not-run: BEFORE is the release that mended it.
not_run() {
	printf '# comment\n%s\n' "$1" >"$project/vm/upstream-tests-not-run"
	made
	grep -c set_tid "$list" || :
}
check "upstream-tests-not-run: on any kernel" "$(not_run '- clone3:clone3_set_tid it fails')" "0
  NOT-RUN  clone3:clone3_set_tid it fails
0"
check "upstream-tests-not-run: on an older kernel" "$(not_run '6.13 clone3:clone3_set_tid it fails')" "0
  NOT-RUN  clone3:clone3_set_tid it fails
0"
check "upstream-tests-not-run: not on that which mended it" "$(not_run '6.12 clone3:clone3_set_tid it fails')" "0
1"
check "upstream-tests-not-run: not another" "$(not_run '- clone3:clone3_set it fails')" "0
1"
printf '# comment\n- clone3:none never\n' >"$project/vm/upstream-tests-not-run"

# lacks: SINCE is the first that has it.
lacks() {
	printf '# comment\n%s\n' "$1" >"$project/vm/skips-on-older"
	made
	of clone3/clone3_autoreap_wait
}
check "lacks: on an older kernel" "$(lacks '6.13 clone3_autoreap_wait way.io_uring.is_told')" "0
way.pidfd.is_told noskip
way.io_uring.is_told"
check "lacks: in 32 bits, too" "$(of clone3_32/clone3_autoreap_wait)" "$(of clone3/clone3_autoreap_wait)"
check "lacks: not on that which has it" "$(lacks '6.12 clone3_autoreap_wait way.io_uring.is_told')" "0
way.pidfd.is_told noskip
way.io_uring.is_told noskip"
echo '# comment' >"$project/vm/skips-on-older"

# What is not built
echo '# CONFIG_COMPAT is not set' >"$obj/.config"
check "a kernel without 32-bit programs" "$(made; cat "$list")" "0
  NOT-RUN  32-bit programs: this kernel does not run them
$programs"
echo CONFIG_COMPAT=y >"$obj/.config"
mv "$tmp/bin/compiler32" "$tmp/kept"
check "no compiler for them" "$(made; cat "$list")" "0
  NOT-RUN  32-bit programs of clone3: there is no compiler32 to build them
$programs"
mv "$tmp/kept" "$tmp/bin/compiler32"
before=$(cksum <"$initramfs")
echo '// error: no such thing' >>"$tests/clone3/clone3_set_tid.c"
check "a program that does not build" "$(made)" "2
error: kselftest: clone3/clone3_set_tid.c:// error: no such thing"
check "and the guest is as it was" "$(cksum <"$initramfs")" "$before"
sed -i '/error:/d' "$tests/clone3/clone3_set_tid.c"
echo '// no 32 bits' >>"$tests/clone3/clone3_autoreap.c"
check "one that does not build for 32 bits" "$(made | sed 's/\(kselftest32\): .*/\1/')" "2
error: kselftest32"
sed -i '/no 32/d' "$tests/clone3/clone3_autoreap.c"
cp "$tests/clone3/clone3_autoreap.c" "$tmp/kept"
echo 'int main(void);' >"$tests/clone3/clone3_autoreap.c"
check "a program of the series that lists no tests" "$(made)" "2
error: the tests of only 2 programs are listed in o/6.12/expected"

echo "1..$number"
[ "$failures" = 0 ]
