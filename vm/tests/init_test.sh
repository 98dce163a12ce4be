#!/bin/sh
# Usage: vm/tests/init_test.sh
# What the guest's init reports: on the port what was run and how it ended, on the console
# what leaked. Its absolute paths are below a directory here, and its mount and reboot do
# nothing. TAP on stdout.
# Exit status: 0 all passed; 1 otherwise.
set -eu
top=$(cd "$(dirname -- "$0")/../.." && pwd)
tmp=$(mktemp -d "${TMPDIR:-/tmp}/autoreap-init.XXXXXX")
trap 'rm -rf "$tmp"' EXIT
. "$top/scripts/tests/tap.sh"
unset REPEAT MILLIONS KSFT_ROUNDS KSFT_MINUTES SLOW
guest=$tmp/guest
mkdir -p "$tmp/bin"
for name in mount stty reboot sleep; do
	printf '#!/bin/sh\n' >"$tmp/bin/$name"
	chmod +x "$tmp/bin/$name"
done
sed "s,\(^\|[ \"=>]\)/\(dev\|proc\|sys\|tmp\|etc\|kselftest\|samples\|verdict.awk\|lab.awk\),\1$guest/\2,g; s,^export PATH=.*,," \
	"$top/vm/init" >"$tmp/init"

# program NAME COMMANDS: of the guest
program() {
	mkdir -p "$guest/${1%/*}"
	printf '#!/bin/sh\n%s\n' "$2" >"$guest/$1"
	chmod +x "$guest/$1"
}
# new: a guest that has booted
new() {
	rm -rf "$guest"
	mkdir -p "$guest/dev" "$guest/proc/self/fd" "$guest/sys/kernel/debug" "$guest/tmp" "$guest/kselftest/clone3"
	cp "$top/vm/verdict.awk" "$top/vm/lab.awk" "$guest/"
}
# boot WHAT [VARIABLE=VALUE]...: what is on the port, but for the kernel's name
boot() {
	what=$1
	shift
	env GUEST="$what" RESULTS=port PATH="$tmp/bin:$PATH" "$@" sh "$tmp/init" >"$tmp/out" 2>&1 || :
	sed 's/^guest: begin [^ ]* on [1-9][0-9]* processors$/guest: begin/' "$guest/dev/port"
}

new
program kselftest/run_kselftest.sh 'echo "tests $*"'
check "the tests pass" "$(boot kselftest)" "guest: begin
tests 
guest: end 0"
check "REPEAT" "$(boot kselftest REPEAT=3)" "guest: begin
tests 
tests 
tests 
guest: end 0"
check "what takes long is not cut off" "$(boot kselftest KSFT_ROUNDS=5; cat "$guest/kselftest/clone3/settings")" "guest: begin
tests 
guest: end 0
timeout=86400"
program kselftest/run_kselftest.sh 'echo "tests $*" # override-timeout'
check "nor by a runner that has an option for it" "$(boot kselftest KSFT_MINUTES=5)" "guest: begin
tests -o 86400
guest: end 0"
check "nor what is slow by its kernel" "$(boot kselftest SLOW=kasan)" "guest: begin
tests -o 86400
guest: end 0"
program kselftest/run_kselftest.sh 'echo tests; exit 3'
check "the tests fail" "$(boot kselftest)" "guest: begin
tests
guest: end 3"
program kselftest/run_kselftest.sh "echo tests; [ -e '$tmp/again' ] || { touch '$tmp/again'; exit 3; }"
check "they fail the first time" "$(boot kselftest REPEAT=2)" "guest: begin
tests
tests
guest: end 3"

new
program kselftest/run_kselftest.sh 'echo tests'
touch "$guest/sys/kernel/debug/kmemleak"
check "leaks: the port has only the results" "$(boot kselftest)" "guest: begin
tests
guest: end 0"
check "leaks: the console has what was found" "$(cat "$guest/dev/console")" scan

new
program kselftest/run_kselftest.sh "echo 12 >'$guest/sys/kernel/debug/gcov/a.gcda'"
mkdir "$guest/sys/kernel/debug/gcov"
echo 0 >"$guest/sys/kernel/debug/gcov/reset"
if command -v cpio >/dev/null; then
	check "coverage: the counts are reported" "$(boot kselftest | sed -n 's/^gcov: //p' | base64 -d | gzip -d | cpio --quiet -i --to-stdout '*a.gcda')" 12
else
	skip "coverage: the counts are reported" "this machine has no cpio"
fi
check "coverage: they begin at 0" "$(cat "$guest/sys/kernel/debug/gcov/reset")" 1

new
program samples/clone-autoreap 'echo table'
check "demo" "$(boot demo)" "guest: begin
table
guest: end 0"
program samples/clone-autoreap 'echo table; exit 1'
check "demo: it fails" "$(boot demo)" "guest: begin
table
guest: end 1"
program kselftest/clone3/clone3_autoreap_bench 'echo "life $*"'
check "bench" "$(boot bench MILLIONS=5)" "guest: begin
life 5
guest: end 0"
check "probe" "$(boot probe)" "guest: begin
guest: end 0"
rmdir "$guest/kselftest/clone3" 2>/dev/null || rm -rf "$guest/kselftest"
check "there are no tests" "$(boot kselftest | sed 's/.*init: .*/why/')" "guest: begin
why"

new
program kselftest/run_kselftest.sh 'cat <<END
TAP version 13
1..1
# selftests: clone3: a
# 1..1
# not ok 1 b.c
not ok 1 selftests: clone3: a # exit=1
END'
check "lab: a line for each result" "$(boot lab | grep ^lab:)" "lab: fail clone3/a.b.c"

echo "1..$number"
[ "$failures" = 0 ]
