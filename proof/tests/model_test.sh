#!/bin/sh
# Usage: proof/tests/model_test.sh
# What proof/model.sh makes of what herd7 and spin say, which are scripts here, and
# proof/lava.sh of what LAVA does. TAP on stdout.
# Exit status: 0 all passed; 1 otherwise.
set -eu
top=$(cd "$(dirname -- "$0")/../.." && pwd)
tmp=$(mktemp -d "${TMPDIR:-/tmp}/autoreap-model.XXXXXX")
trap 'rm -rf "$tmp"' EXIT
. "$top/scripts/tests/tap.sh"
. "$top/scripts/tests/project.sh"
make_project
mkdir -p "$tmp/bin" "$O/6.12/linux/tools/memory-model" "$O/herd/usr/lib/x86_64-linux-gnu"
touch "$O/6.12/linux/tools/memory-model/linux-kernel.cfg"
# tool NAME COMMANDS: in PATH
tool() {
	printf '#!/bin/sh\n%s\n' "$2" >"$tmp/bin/$1"
	chmod +x "$tmp/bin/$1"
}
export PATH="$tmp/bin:$PATH"

# A litmus test says what herd7 does of it.
rm -f "$project"/proof/model/*.litmus
litmus() { printf '%s\n' "$@" >"$project/proof/model/a.litmus"; }
# What comes last is the test's: without the barrier, that line is another, or is not there.
# shellcheck disable=SC2016
printf '#!/bin/sh\nfor last; do :; done\nsed -n "s/^[ \\t]*say /Observation a /p; s/^[ \\t]*flag /Flag /p" "$last"\n' \
	>"$O/herd/usr/lib/x86_64-linux-gnu/ld-linux.so.2"
chmod +x "$O/herd/usr/lib/x86_64-linux-gnu/ld-linux.so.2"
stub proof/herd.sh </dev/null
# spin only makes what gcc makes a pan of; that says what $tmp/said has of the definition.
# shellcheck disable=SC2016
{
tool spin 'for word; do case $word in -D*) echo "${word#-D}" >what ;; esac; done; [ "$1" != -t ] || echo story'
tool gcc 'cp "$SAID/$(cat what)" said; printf "#!/bin/sh\ncat said\n" >pan; chmod +x pan'
}
export SAID="$tmp/said"
mkdir "$SAID"
whole='     123 states, stored
    1.5	total actual memory usage'
echo "$whole" >"$SAID/GOOD"
printf 'pan:1: assertion violated promise_3\n%s\n' "$whole" >"$SAID/BAD"
printf 'Warning: Search not completed\n%s\n' "$whole" >"$SAID/HALF"
echo 'spin: error: syntax' >"$SAID/NONE"
searches() { printf '# comment\n'; printf '%s\n' "$@"; }
# model: exit status, and what is not as it should be
model() {
	ran "$project/proof/model.sh" | sed -n '1p; /^  \(FAIL\|SKIP\)/p; 1!{$p;}' | sed 's/ ([0-9]* states, [0-9.]* s, [0-9]* MB)//; s/ (log:.*)//'
}
sound="say Never 0 7	// barrier smp_mb: say Sometimes 1 7"
litmus "$sound"
searches 'OK|holds|all steps|-DGOOD' 'FAULT|promise_3|a fault|-DBAD' >"$project/proof/model/searches"
check "model: all is as expected" "$(model)" "0
1 litmus tests, 2 searches, 0 not as expected"
litmus "say Sometimes 1 7	// barrier smp_mb: say Sometimes 1 7"
check "model: a litmus test that is seen" "$(model)" "1
  FAIL     a: Sometimes 8;
1 litmus tests, 2 searches, 1 not as expected"
litmus "say Never 0 7	// barrier smp_mb: say Never 0 7"
check "model: a barrier that does nothing" "$(model)" "1
  FAIL     a: without smp_mb Never 7;
1 litmus tests, 2 searches, 1 not as expected"
litmus "say Never 0 0	// barrier smp_mb: say Sometimes 1 7"
check "model: a test that has no state" "$(model)" "1
  FAIL     a: Never 0;
1 litmus tests, 2 searches, 1 not as expected"
litmus "$sound" 'flag data-race'
check "model: a data race" "$(model)" "1
  FAIL     a: Never 7 race;
1 litmus tests, 2 searches, 1 not as expected"
litmus 'say Never 0 7'
check "model: a test without a barrier" "$(model)" "1
  FAIL     a: no barrier to take away;
1 litmus tests, 2 searches, 1 not as expected"
litmus "$sound"
searches 'OK|holds|all steps|-DBAD' 'FAULT|promise_3|a fault|-DGOOD' 'FAULT|promise_4|another|-DBAD' >"$project/proof/model/searches"
check "model: a promise that is broken, faults that are not found" "$(model)" "1
  FAIL     all steps: assertion violated promise_3; expected: holds
  FAIL     a fault: holds; expected: promise_3
  FAIL     another: assertion violated promise_3; expected: promise_4
1 litmus tests, 3 searches, 3 not as expected"
searches 'OK|holds|all steps|-DHALF' >"$project/proof/model/searches"
check "model: a search that is not whole" "$(model)" "1
  FAIL     all steps: not searched to the end; expected: holds
1 litmus tests, 1 searches, 1 not as expected"
searches 'OK|holds|all steps|-DNONE' >"$project/proof/model/searches"
check "model: no search" "$(model)" "2
error: spin: spin: error: syntax"
searches 'OK|holds|all steps|-DGOOD' >"$project/proof/model/searches"
printf 'die "no network"\n' >"$tmp/stub"
stub proof/herd.sh <"$tmp/stub"
check "model: no herd7" "$(model)" "0
  SKIP     the litmus tests: no network
0 litmus tests, 1 searches, 0 not as expected; skipped: the litmus tests, as there is no herd7"

# LAVA: its root file system is made, and what runs in it is a script.
mkdir -p "$O/6.12/lab" "$O/lava/root"
touch "$O/lava/made"
printf 'url: file:///kernel\nno_kvm: true\n' >"$O/6.12/lab/job.yaml"
tool id 'echo 0'
# shellcheck disable=SC2016
tool unshare 'for last; do :; done
case $last in
*device.py*) [ ! -e "$SAID/refused" ] || { echo "Invalid: no such method" >&2; exit 1; } ;;
*lava-run*) cat "$SAID/lava" ;;
esac'
# lava RESULT...: exit status and what is said, of these results of tests and of the job
lava() {
	job=$1
	shift
	for result; do
		echo "- {\"case\": \"a\", \"definition\": \"kselftest-clone3\", \"result\": \"$result\"}"
	done >"$SAID/lava"
	echo "- {\"error_msg\": \"it is gone\", \"case\": \"job\", \"definition\": \"lava\", \"result\": \"$job\"}" >>"$SAID/lava"
	ran "$project/proof/lava.sh" | grep -v '^  '
}
check "lava: all pass" "$(lava pass pass pass skip)" "0
2 passed, 0 failed, 1 skipped"
check "lava: a test fails" "$(lava pass pass fail)" "1
1 passed, 1 failed, 0 skipped"
check "lava: nothing passes" "$(lava pass skip skip)" "1
0 passed, 0 failed, 2 skipped"
check "lava: the job fails" "$(lava fail pass)" "1
1 passed, 0 failed, 0 skipped
LAVA: \"error_msg\": \"it is gone\""
touch "$SAID/refused"
check "lava: the job is refused" "$(lava pass pass)" "1
LAVA refuses the job: Invalid: no such method"
echo 'url: http://lab' >"$O/6.12/lab/job.yaml"
refuses "lava: a job of another lab" "is for a lab elsewhere" "$project/proof/lava.sh"

echo "1..$number"
[ "$failures" = 0 ]
