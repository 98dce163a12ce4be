#!/bin/sh
# Usage: DEBUG=1 TESTS=clone3_autoreap_faults [BASE= | KDIR=] [SMP=] proof/faults.sh
# Takes each failure point of the calls that make a CLONE_AUTOREAP child or a pidfd, on
# the kernel with KASAN and kmemleak, and prints how many there are, a row a call.
# Exit status: 0 nothing is left behind; 1 something is, or no point was taken; otherwise
# that of vm/run.sh.
. "$(dirname -- "$0")/../scripts/lib.sh"
. "$top/scripts/lib/place.sh"
where
: "${ROUNDS:=1}" # so that the runner waits for it
export ROUNDS

rc=0
"$top/vm/run.sh" kselftest || rc=$?
case $rc in 2 | 130) exit "$rc" ;; esac
taken=0
tr -d '\r' <"$run/results.log" | awk '
	BEGIN { printf "%-10s %-18s %13s %12s\n", "program", "call", "points taken", "calls failed" }
	/selftests: / { bits = /_32:/ ? "32-bit" : "" }
	/ RUN  .*faults\./ { sub(/.*faults\./, ""); sub(/\..*/, ""); call = $0 }
	match($0, /[0-9]+ points taken, [0-9]+ /) {
		split(substr($0, RSTART, RLENGTH), n, /[^0-9]+/)
		printf "%-10s %-18s %13d %12d\n", bits, call, n[1], n[2]
		taken += n[1]
	}
	END { exit !taken }' || taken=no
if [ "$taken" = no ]; then
	step MISSING "no failure point was taken"
	[ "$rc" != 0 ] || rc=1
fi
exit "$rc"
