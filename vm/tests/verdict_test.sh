#!/bin/sh
# Usage: vm/tests/verdict_test.sh
#
# Tests of vm/verdict.sh, with every awk that this machine has; TAP on stdout. Exit codes: 0 pass, 1 a test failed.
# A case is a folder logs/NAME: console, results, expected, perhaps args and allow; want is the exit code and, below
# it, the output. The results were recorded from the runners of 6.1 to 7.3, then cut or altered as the name says.
set -eu
cd "$(dirname "$0")/logs"
verdict=$PWD/../../verdict.sh
nl='
'
# shellcheck source=scripts/tests/tap.sh
. ../../../scripts/tests/tap.sh

# judge ARGUMENT... -> $got: exit code, newline, what it printed
judge() {
	rc=0
	text=$("$verdict" "$@" 2>&1) || rc=$?
	got="$rc$nl$text"
}

# refused NAME MESSAGE ARGUMENT...: a usage error is one line on stderr and exit code 2
refused() {
	name="usage: $1" message=$2
	shift 2
	rc=0
	text=$("$verdict" "$@" 2>&1 >/dev/null) || rc=$?
	check "$name" "$rc $text" "2 verdict.sh: $message"
}

for AWK in mawk gawk 'busybox awk'; do
	has_awk "$AWK" || continue
	export AWK
	for dir in *; do
		cd "$dir"
		# shellcheck disable=SC2046 # args are words
		judge $(cat args 2>/dev/null || :) --expected expected console results
		check "$AWK: $dir" "$got" "$(cat want)"
		cd ..
	done

	# Each kind of report is one by itself, in the middle of a console.
	tmp=$(mktemp)
	while IFS= read -r line; do
		printf '[    0.1] Run /init\n[    0.2] %s\n' "$line" >"$tmp"
		judge --expected pass/expected "$tmp" pass/results
		check "$AWK: splat: $line" "${got%%"$nl"*} $(echo "$got" | grep '^SPLAT')" "3 SPLAT [    0.2] $line"
	done <../splat.lines
	rm "$tmp"
done
unset AWK

usage="usage: verdict.sh [--status N] [--allow FILE] --expected FILE CONSOLE RESULTS"
e=pass/expected c=pass/console r=pass/results
refused "no arguments" "$usage"
refused "one file" "$usage" --expected $e $c
refused "three files" "$usage" --expected $e $c $r $r
refused "option without value" "--status needs a value" --status
refused "unknown option" "unknown option: --quiet" --quiet $c $r
refused "no expected names" "--expected is missing" $c $r
refused "odd status" "--status is not a number: -1" --status -1 --expected $e $c $r
refused "empty status" "--status is not a number: " --status '' --expected $e $c $r
refused "absent expected file" "no such file: none" --expected none $c $r
refused "absent console" "no such file: none" --expected $e none $r
refused "absent allow file" "no such file: none" --allow none --expected $e $c $r
refused "empty expected file" "no test is expected: empty/results" --expected empty/results $c $r
regex=$(mktemp)
echo 'WARNING: (' >"$regex"
refused "broken regex" "not an extended regex: $regex" --allow "$regex" --expected $e $c $r
rm "$regex"

echo "1..$number"
[ $failures -eq 0 ]
