#!/bin/sh
# Usage: vm/tests/run_test.sh
# What vm/qemu.sh and vm/run.sh do with a QEMU that is a script, and vm/timeout with programs
# that end and that do not. TAP on stdout.
# Exit status: 0 all passed; 1 otherwise.
set -eu
top=$(cd "$(dirname -- "$0")/../.." && pwd)
tmp=$(mktemp -d "${TMPDIR:-/tmp}/autoreap-run.XXXXXX")
trap 'rm -rf "$tmp"' EXIT
. "$top/scripts/tests/tap.sh"
. "$top/scripts/tests/project.sh"
make_project
cp "$top/vm/qemu.sh" "$project/vm/"
mkdir -p "$tmp/bin" "$O/6.12"
run=$O/6.12/run
cat >"$O/6.12/expected" <<'LIST'
clone3/clone3_set_tid
clone3/clone3_autoreap
clone3/clone3_autoreap autoreap.leaves_no_zombie noskip
LIST
cat >"$tmp/recorded" <<'RESULTS'
guest: begin 6.12.1 on 2 processors
TAP version 13
1..2
# selftests: clone3: clone3_set_tid
# took 3 s
ok 1 selftests: clone3: clone3_set_tid
# selftests: clone3: clone3_autoreap
# TAP version 13
# 1..1
# ok 1 autoreap.leaves_no_zombie
# took 7 s
ok 2 selftests: clone3: clone3_autoreap
guest: end 0
RESULTS
# As a serial line sends it
sed -i 's/$/\r/' "$tmp/recorded"
# QEMU, of whatever architecture this is: what $GUEST does with $console and $results
cat >"$tmp/qemu" <<'QEMU'
#!/bin/sh
printf '%s\n' "$*" >"$TMP/command"
for arg; do
	case $arg in
	*/console.log*) console=${arg#*[:=]} console=${console%%,*} ;;
	*/results.log*) results=${arg#*[:=]} results=${results%%,*} ;;
	esac
done
echo $$ >"$TMP/pid"
. "$GUEST"
QEMU
chmod +x "$tmp/qemu"
for name in $(sed -n "s/^qemu=//p" "$top"/vm/arch/*/arch.sh | tr -d "'"); do cp "$tmp/qemu" "$tmp/bin/$name"; done
export ACCEL=tcg TMP="$tmp" PATH="$tmp/bin:$PATH"

# boots COMMANDS [VARIABLE=VALUE]...: run.sh with a QEMU that does that; exit status and
# output, less the lines of progress
boots() {
	echo "$1" >"$GUEST"
	shift
	ran env "$@" "$project/vm/run.sh" kselftest | grep -vE '^(  BOOT|base |logs |again |Terminated)'
}
# reports [SED]: the command by which a guest reports what was recorded, as SED alters it
reports() { echo "sed '${1:-}' '$tmp/recorded' >\"\$results\""; }
passes=$(reports)
check "run: all pass" "$(boots "$passes")" "0
  ok 1 selftests: clone3: clone3_set_tid
  ok 2 selftests: clone3: clone3_autoreap
kernel    6.12.1 on 2 processors
2 passed, 0 failed, 0 skipped"
check "run: which took longest" "$(ran "$project/vm/run.sh" kselftest >/dev/null
	"$project/vm/run.sh" kselftest | sed -n 's/.*slowest: //p')" "clone3/clone3_autoreap, 7 s"
check "run: the verdict is kept" "$(tail -n 1 "$run/verdict.txt")" "2 passed, 0 failed, 0 skipped"
check "run: each line with V=1" "$(boots "$passes" V=1 | grep -c '^  ')" "$(grep -c . "$tmp/recorded")"
command=$(cat "$tmp/command")
check "run: the same guest again" "$(rm "$run/results.log"; sh "$run/qemu.sh"; tail -n 1 "$run/results.log" | tr -d '\r'
	cat "$tmp/command")" "guest: end 0
$command"
check "run: a test fails" "$(boots "$(reports 's/^# ok/# not ok/; s/^ok 2/not ok 2/; s/end 0/end 1/')")" "1
  ok 1 selftests: clone3: clone3_set_tid
  not ok 2 selftests: clone3: clone3_autoreap
FAIL clone3/clone3_autoreap autoreap.leaves_no_zombie
kernel    6.12.1 on 2 processors
1 passed, 1 failed, 0 skipped"
check "run: nothing is left of that" "$(boots true | sed 's/ see .*//')" "1
guest never reached its init:
kernel    did not boot
0 passed, 1 failed, 0 skipped"
check "run: QEMU fails" "$(boots 'echo "qemu: no such machine" >&2; exit 3' | sed 's/ see .*log / /')" "1
qemu: no such machine
guest never reached its init: (exit status of QEMU: 3)
kernel    did not boot
0 passed, 1 failed, 0 skipped"
check "run: the kernel complains" "$(boots "$passes; echo 'BUG: KCSAN: data-race in a / b' >\"\$console\"" | sed '1p; /^SPLAT/!d')" "3
SPLAT BUG: KCSAN: data-race in a / b"
# What a base says by itself, and what a debug kernel may
echo 'KCSAN: data-race in c / d' >"$project/vm/config/base.allow"
check "run: which the base does" "$(boots "$passes; echo 'BUG: KCSAN: data-race in c / d' >\"\$console\"" | head -n 1)" 0
echo 'KCSAN: data-race in a / b' >"$project/vm/config/debug/kcsan.allow"
cp "$O/6.12/expected" "$tmp/list"
check "run: which a debug kernel may" "$(boots "$passes; echo 'BUG: KCSAN: data-race in a / b' >\"\$console\"" DEBUG=kcsan | head -n 1)" 0
check "run: and the plain one may not" "$(boots "$passes; echo 'BUG: KCSAN: data-race in a / b' >\"\$console\"" | head -n 1)" 3

# lives: whether that QEMU does
lives() { kill -0 "$(cat "$tmp/pid")" 2>/dev/null && echo yes || echo no; }
begin=$(date +%s)
check "run: it takes too long" "$(boots "$(reports '/^# selftests/,/^nothing/d'); exec sleep 60" TIMEOUT=1)" "124
TIMEOUT of the whole run, before the first test
MISSING clone3/clone3_set_tid
MISSING clone3/clone3_autoreap
kernel    6.12.1 on 2 processors
0 passed, 3 failed, 0 skipped"
check "run: and QEMU is gone by then" "$(($(date +%s) - begin < 10)), $(lives)" "1, no"
begin=$(date +%s)
check "run: STOP_AT_FAILURE=results" "$(boots "$(reports '/^# ok/s/ok/not ok/; /^ok 2/,/^nothing/d'); exec sleep 60" \
	STOP_AT_FAILURE=results | sed -n '1p; /^FAIL/p')" "1
FAIL clone3/clone3_autoreap autoreap.leaves_no_zombie"
check "run: STOP_AT_FAILURE=console" "$(boots "echo 'BUG: KASAN: x' >\"\$console\"; exec sleep 60" \
	STOP_AT_FAILURE=console | sed -n '1p; /^SPLAT/p')" "3
SPLAT BUG: KASAN: x"
check "run: neither waits for the guest" "$(($(date +%s) - begin < 30)), $(lives)" "1, no"
rm "$tmp/pid"
echo 'exec sleep 60' >"$GUEST"
"$project/vm/qemu.sh" demo >/dev/null 2>&1 &
pid=$!
await "$tmp/pid" "$pid" || :
kill "$pid"
rc=0
wait "$pid" || rc=$?
check "qemu: interrupted, and QEMU is gone" "$rc, $(lives)" "130, no"

# demo COMMANDS: what is said of the sample
demo() {
	echo "$1" >"$GUEST"
	ran "$project/vm/run.sh" demo | grep -E '^([0-9]|table|the guest|children)'
}
check "run: the demo" "$(demo "printf 'guest: begin 6.12.1\r\nchildren 5\r\nguest: end 0\r\n' >\"\$results\"")" "0
children 5"
check "run: the demo fails" "$(demo "printf 'guest: begin 6.12.1\r\nchildren 5\r\nguest: end 1\r\n' >\"\$results\"" | sed -n 1,2p)" "1
the guest did not finish the demo:"
check "run: its end marker is cut" "$(demo "printf 'guest: begin 6.12.1\r\nchildren 5\r\nguest: end ' >\"\$results\"" | head -n 1)" 1

# The command of the guest
asks() {
	echo "$passes" >"$GUEST"
	env "$@" "$project/vm/qemu.sh" kselftest >/dev/null 2>&1
	sed 's/^.*-append //' "$tmp/command" | tr ' ' '\n'
}
words() { grep -xE "$1" | tr '\n' ' '; }
check "qemu: what the guest is told" "$(asks ROUNDS=5 SEED=6 MINUTES=7 REPEAT=8 | words '(GUEST|REPEAT|KSFT_.*)=.*')" \
	"GUEST=kselftest REPEAT=8 KSFT_ROUNDS=5 KSFT_SEED=6 KSFT_MINUTES=7 "
check "qemu: and nothing that was not said" "$(asks REPEAT=1 | words '(GUEST|REPEAT|KSFT_.*)=.*')" "GUEST=kselftest REPEAT=1 "
check "qemu: a report is a panic, a panic the end" "$(asks REPEAT=1 | words '(panic|oops).*')" "panic_on_warn=1 panic=-1 oops=panic "
check "qemu: but a debug kernel's are wanted all" "$(asks DEBUG=1 | words '(panic|oops).*')" "panic=-1 oops=panic "
check "qemu: and have room" "$(grep -o -e '-m [0-9]*' "$tmp/command"; asks REPEAT=1 >/dev/null; grep -o -e '-m [0-9]*' "$tmp/command")" "-m 3072
-m 1024"
check "qemu: no guest reboots, or draws" "$(grep -o -e '-no-reboot\|-display none' "$tmp/command" | sort)" "-display none
-no-reboot"
# limit [VARIABLE=VALUE]...: how long it may take
limit() {
	# shellcheck disable=SC2016 # the script expands it
	printf '#!/bin/sh\necho "$2" >"$TMP/limit"\n' >"$tmp/limits/timeout"
	chmod +x "$tmp/limits/timeout"
	env PATH="$tmp/limits:$PATH" "$@" "$project/vm/qemu.sh" kselftest >/dev/null 2>&1
	cat "$tmp/limit"
}
mkdir "$tmp/limits"
check "qemu: a guest has ten minutes, one of a debug kernel an hour" "$(limit REPEAT=1; limit DEBUG=1; limit DEBUG=1 TIMEOUT=5)" "600
3600
5"
for bad in SMP=0 SMP=9 TIMEOUT=0 TIMEOUT=-1 TIMEOUT=1m REPEAT=0 REPEAT=x ROUNDS=0 ROUNDS=x SEED=0 MINUTES=0 ACCEL=xen; do
	refuses "$bad" "^error: $bad is " env "$bad" "$project/vm/qemu.sh" check
done
check "what is checked need not be there" "$(ran "$project/vm/qemu.sh" check)" "0"

if command -v busybox >/dev/null; then
	# limited ARGUMENT...: what the guest's timeout says, and how it ends
	limited() { rc=0; "$top/vm/timeout" "$@" 2>/dev/null || rc=$?; echo "$rc"; }
	check "timeout: a program that ends" "$(limited 10 sh -c "echo 'a  b'; exit 3")" "a  b
3"
	check "timeout: one that does not" "$(limited 1 sleep 30)" 124
	check "timeout: one that is killed" "$(limited 10 sh -c 'kill -9 $$')" 137
	check "timeout: one in another" "$(limited --foreground 10 "$top/vm/timeout" 10 sh -c 'exit 3' | sed "s,took 1 s,took 0 s,")" "took 0 s
3"
	check "timeout: one in another that does not end" "$(limited --foreground 10 "$top/vm/timeout" 1 sleep 30 | tr 2 1)" "took 1 s
114"
	# It may not have called exec yet.
	check "timeout: what a program leaves behind" "$(limited --foreground 10 sh -c 'sleep 777 & exit 3' |
		sed 's,took 1 s,took 0 s,; s/^\(ended what it has left: \).*sleep 777.*/\1sleep/')" "ended what it has left: sleep
took 0 s
3"
else
	skip "timeout" "this machine has no busybox"
fi

echo "1..$number"
[ "$failures" = 0 ]
