#!/bin/sh
# Usage: TESTS=clone3_autoreap_storm [BASE= | KDIR=] [MINUTES=] [SMP=] proof/storm.sh
# Lets many processes do everything at once, MINUTES long, on each debug kernel: none may
# report anything, and nothing may be left. SMP is 4 unless said, MINUTES 20.
# Exit status: 0 nothing was found; otherwise that of vm/run.sh on the first kernel on
# which something was, or 2 if it was not built.
: "${SMP:=4}" "${MINUTES:=20}" "${TIMEOUT:=86400}"
export SMP MINUTES TIMEOUT
. "$(dirname -- "$0")/../scripts/lib.sh"
. "$top/vm/guest.sh"

cd "$top"
status=0
for config in "$top"/vm/config/debug/*.config; do
	name=$(basename "$config" .config)
	step STORM "DEBUG=$name, $MINUTES minutes"
	rc=0
	env DEBUG="$name" sh -ec 'vm/kernel.sh; vm/initramfs.sh; vm/run.sh kselftest' || rc=$?
	[ "$status" != 0 ] || status=$rc
	(
		where DEBUG="$name"
		tr -d '\r' <"$run/results.log" | sed -n "s/^[# ]*\([0-9]* gusts.*wrong.*\)/DEBUG=$name: \1/p"
	) || :
done
exit "$status"
