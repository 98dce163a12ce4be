#!/bin/sh
# Usage: TESTS=clone3_autoreap_storm [BASE= | KDIR=] [MINUTES=] [SMP=] proof/storm.sh
# Lets many processes do everything at once, MINUTES long, on each debug kernel: none may
# report anything, and nothing may be left. SMP is 4 unless said, MINUTES 20.
# Exit status: 0 nothing was found; 1 something was; 2 usage or build; 3 kernel splat.
: "${SMP:=4}" "${MINUTES:=20}" "${TIMEOUT:=86400}"
export SMP MINUTES TIMEOUT
. "$(dirname -- "$0")/../scripts/lib.sh"
. "$top/vm/guest.sh"

status=0
for config in "$top"/vm/config/debug/*.config; do
	name=$(basename "$config" .config)
	step STORM "DEBUG=$name, $MINUTES minutes"
	rc=0
	(
		where DEBUG="$name"
		"$top/vm/kernel.sh"
		"$top/vm/initramfs.sh"
		"$top/vm/run.sh" kselftest && rc=0 || rc=$?
		tr -d '\r' <"$run/results.log" | sed -n 's/^[# ]*\([0-9]* gusts.*wrong.*\)/storm     \1/p'
		exit "$rc"
	) &
	wait $! || rc=$?
	[ "$rc" -le "$status" ] || status=$rc
done
exit "$status"
