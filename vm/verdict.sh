#!/bin/sh
# Usage: vm/verdict.sh [--status N] [--allow FILE] --expected FILE CONSOLE RESULTS
#
# Judges one kselftest run in a guest by its console and its results; prints what is wrong, then a summary.
#   --status N       QEMU's exit status; 124 is timeout(1)'s: the whole run took too long
#   --allow FILE     console lines that are no splat, one extended regex a line, "#" comments
#   --expected FILE  what must have run, one "collection/program [subtest] [noskip]" a line, "#" comments
#   RESULTS          "guest: begin RELEASE", the output of run_kselftest.sh, "guest: end STATUS"; absent is a failure
#
# Exit codes, the first that holds:
#   2    usage
#   3    the kernel complained: warning, oops, panic, sanitizer or lockdep report
#   124  the whole run timed out
#   1    a test failed, timed out or is missing, a skip where none may be, or incomplete results
#   4    nothing but skips
#   0    pass
set -eu
export LC_ALL=C # a console holds any bytes
AWK=${AWK:-awk}

die() {
	echo "verdict.sh: $*" >&2
	exit 2
}
# Serial lines end in CR, firmware sends escapes: neither may reach a comparison or a terminal.
clean() { tr -d '\r\000' <"$1" | tr '\001-\011\013-\037\177' ' '; }
words() { clean "$1" | sed 's/ *$//' | grep -Ev '^ *(#|$)' || :; }

status=0 allow='' expected=''
while [ $# -gt 0 ]; do
	case $1 in
	--status | --allow | --expected) [ $# -gt 1 ] || die "$1 needs a value" ;;
	-*) die "unknown option: $1" ;;
	*) break ;;
	esac
	case $1 in
	--status) status=$2 ;;
	--allow) allow=$2 ;;
	--expected) expected=$2 ;;
	esac
	shift 2
done
[ $# -eq 2 ] || die "usage: verdict.sh [--status N] [--allow FILE] --expected FILE CONSOLE RESULTS"
case $status in '' | *[!0-9]*) die "--status is not a number: $status" ;; esac
[ -n "$expected" ] || die "--expected is missing"
for file in "$expected" "$1" ${allow:+"$allow"}; do
	[ -f "$file" ] || die "no such file: $file"
	[ -r "$file" ] || die "cannot read: $file"
done
names=$(words "$expected")
[ -n "$names" ] || die "no test is expected: $expected"
console=$1 results=$2
[ -f "$results" ] || results=/dev/null

harmless=${allow:+$(words "$allow")}
: "${harmless:=.^}" # matches no line
rc=0
grep -E -e "$harmless" /dev/null 2>/dev/null || rc=$?
[ $rc -eq 1 ] || die "not an extended regex: $allow"

# Matched anywhere in a line, for userspace may have left one unfinished, and with their case: panic_on_warn=1 and
# "kasan: ... initialized" are no reports, nor is DEBUG:, nor a program's own "general protection fault ip:".
export SPLAT='WARNING:|(^|[^E])BUG:|(^|[^D])EBUG:|kernel BUG at|Oops|Kernel panic - not syncing|DEBUG_LOCKS_WARN_ON'
SPLAT="$SPLAT|general protection fault([,:]|\$)|Unable to handle|K[ACM]SAN:|UBSAN:|hard LOCKUP"
SPLAT="$SPLAT|INFO: possible|possible (circular|recursive) locking|INFO: trying to register non-static key"
SPLAT="$SPLAT|INFO: task .* blocked for more than|rcu.*(self-detected stall|detected .*stalls)"
SPLAT="$SPLAT|unreferenced object|suspected memory leak|sleeping function called from invalid context"

# grep applies the allowed patterns, because mawk's regexes know no intervals. A panic after a report is the same
# accident, and a storm of reports need not be printed whole.
# shellcheck disable=SC2016 # the dollars are awk's
reports=$(clean "$console" | grep -Ev -e "$harmless" | $AWK '
	left > 0 { print "  " $0; left = /---\[ end / ? 0 : left - 1; next }
	$0 ~ ENVIRON["SPLAT"] {
		panic = /Kernel panic - not syncing/
		n += !panic || !n
		if (panic || n <= 5) { print "SPLAT " $0; left = 9 }
	}
	END { if (n > 5) print "SPLAT " n " in all"; print n + 0 }')
export SPLATS="${reports##*
}" STATUS="$status" CONSOLE="$console" EXPECTED="$names"
[ "$SPLATS" -eq 0 ] || printf '%s\n' "${reports%
*}"

# shellcheck disable=SC2016
clean "$results" | $AWK -f "$(dirname "$0")/verdict.awk" | $AWK -F '\t' '
	function fail(text) { print text; failed++ }
	function skip(test, why, forbidden) {
		why = "SKIP " test (why == "" ? "" : ": " why)
		if (forbidden) { fail(why); return }
		skipped++
		skips = skips why "\n"
	}
	function program(test) { sub(/ .*/, "", test); return test }
	BEGIN {
		status = ENVIRON["STATUS"] + 0
		failed = splats = ENVIRON["SPLATS"] + 0
		names = split(ENVIRON["EXPECTED"], expected, "\n")
		for (i = 1; i <= names; i++)
			if (sub(/ +noskip$/, "", expected[i])) {
				noskip[expected[i]]
				strict[program(expected[i])]
			}
	}
	$1 == "begin" { begun = 1 }
	$1 == "start" { now = $2; started[$2]; ended = 0 }
	$1 == "pass" { seen[$2]; passed++ }
	$1 == "fail" { seen[$3]; fail($2) }
	$1 == "said" { print "  " $2 }
	$1 == "whole" { whole[$2] }
	$1 == "skip" { seen[$2]; skip($2, $3, $2 in noskip || $2 in whole && $2 in strict) }
	$1 == "idle" && $2 in noskip { fail("SKIP " $2) }
	$1 == "ran" { ran[$2]; last = $2; now = "" }
	$1 == "end" { ended = 1; runner = $2 + 0 }
	END {
		where = !begun ? "before the init" : ended ? "after the end marker" : now != "" ? "in " now : \
			last != "" ? "after " last : "before the first test"
		qemu = status ? " (exit status of QEMU: " status ")" : ""
		if (status == 124)
			fail("TIMEOUT of the whole run, " where)
		else if (!begun && !splats)
			fail("guest never reached its init: see " ENVIRON["CONSOLE"] qemu)
		else if (begun && !ended)
			fail("TRUNCATED results, no end marker, " where qemu)
		for (i = 1; begun && i <= names; i++) {
			test = expected[i]
			who = program(test)
			if (!(who in started) && !told[who]++) # one line, not one for each of its tests
				fail("MISSING " who)
			else if (who in started && (test == who ? !(who in ran) : !(test in seen) && !(who in whole)))
				fail("MISSING " test)
		}
		if (ended && runner && !failed)
			fail("FAIL run_kselftest.sh (exit status " runner ", yet no test failed)")
		if (!failed)
			printf "%s", skips
		print passed + 0 " passed, " failed + 0 " failed, " skipped + 0 " skipped"
		exit(splats ? 3 : status == 124 ? 124 : failed ? 1 : passed ? 0 : skipped ? 4 : 1)
	}'
