#!/bin/sh
# Usage: bench/tests/table_test.sh
#
# Tests of bench/table.awk, with every awk that this machine has; TAP on stdout. Exit codes: 0 pass, 1 a test failed.
# The file figures meets all targets, two of them just so. A case is that file with one line altered: the run of a
# benchmark must fail for a target, whichever it is, and for nothing else.
set -eu
cd "$(dirname "$0")"
. ../../scripts/tests/tap.sh

# table SED -> $text, $rc: the table of the figures that SED makes of the file's
table() {
	rc=0
	# shellcheck disable=SC2086 # an awk may be two words
	text=$(sed "$1" figures | $awk -f ../table.awk) || rc=$?
}

# fails TARGET SED, passes WHAT SED: the exit code, and the targets that are missed
fails() {
	table "$2"
	check "$awk: missed: $1" "$rc $(echo "$text" | sed -n 's/  *[^ ]* *[^ ]*  MISSED.*//p')" "1 $1"
}
passes() {
	table "$2"
	check "$awk: passes: $1" "$rc $(echo "$text" | grep MISSED)" "0 "
}

# line BEGIN SED WANT: the end of the line that begins with BEGIN
line() {
	table "$2"
	check "$awk: $1: $3" "$(echo "$text" | sed -n "s/^$1 *//p")" "$3"
}

for awk in mawk gawk 'busybox awk'; do
	has_awk "$awk" || continue
	passes "all targets are met" ''
	fails "without the flag, series against base: fork, exit, wait; least" 's/\(series waitpid fork 0\) 100100/\1 100101/'
	fails "text of the kernel, patch of the flag alone; %" 's/\(objects core\) .*/\1 60401/'
	for struct in task_struct signal_struct pid; do
		fails "growth of struct $struct; bytes" "s/\(series $struct\) .*/\1 9999/"
	done
	for by in fork vfork; do
		fails "CLONE_AUTOREAP against waitpid, by $by; mean" "s/\(series waitpid $by 0 [0-9]*\) .*/\1 33000 2/"
		fails "CLONE_AUTOREAP, 10,000 siblings against none, by $by; mean" "s/\(series autoreap $by 10000 [0-9]*\) .*/\1 140000 1/"
		passes "no target: the status, by $by" "s/\(series autoreap+epoll+status $by 0\) .*/\1 900000 999999 5/"
	done
	fails "boot to init, against Debian's cloud kernel" 's/start cloud .*/start cloud 1000000000/'
	passes "no cloud kernel" /cloud/d

	status="with pidfd, epoll, status against waitid, by"
	line "$status fork; mean" '' "1.000  no target; floor 0.996, without the status 0.992"
	line "$status vfork; mean" '' "1.013  no target; floor 0.987, without the status 0.971"
	line "$status fork; mean" '/epoll+waitid/d' "-  not measured"
	line "CLONE_AUTOREAP against waitpid, by fork; mean" 's/^version .*/version 6.1.192/' "0.98          -  not measured"
	line "CLONE_AUTOREAP against waitpid, by fork; mean" 's/^version .*/version 6.6.0/' "0.98      0.962  met"
	passes "what 6.1 cannot measure" 's/^version .*/version 6.1.192/; s/\(series autoreap fork [0-9]* [0-9]*\) .*/\1 9999999 1/'
	line "growth of struct pid; bytes" '/sizeof/d' "0          -  not measured"
	by="a helper by helper.h against posix_spawn, waitpid; mean"
	fails "$by" 's/\(series helper.h 0 [0-9]*\) .*/\1 406981 64/'
	fails "the same, 1 GiB written to; mean" 's/\(series helper.h 1024 [0-9]*\) .*/\1 410000 64/'
	fails "the same, 64 threads; mean" 's/\(series helper.h,64_threads 0 [0-9]*\) .*/\1 410000 64/'
	passes "no target: a helper without the flag, or by fork()" 's/\(base helper.h 0 [0-9]*\|series fork 0 [0-9]*\) .*/\1 999999 64/'
	line "$by" '' "1.02      0.940  met"
	line "the same without the flag: exit signal 0, waitid; mean" '' "0.938  of the base; 1 GiB 0.922"
	line "$by" '/helper.h/d' "1.02          -  not measured"
	line "helper.h  *375000" '' "407878        1056761"
	line "fork  *529319" '' "110835677      283603301"
	line "posix_spawn, 64 threads" '' "401200            -              -"
done

echo "1..$number"
[ $failures -eq 0 ]
