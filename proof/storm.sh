#!/bin/sh
# Usage: TESTS=clone3_autoreap_storm [BASE= | KDIR=] [MINUTES=] [SMP=] proof/storm.sh
# Lets many processes do everything at once, on each debug kernel MINUTES long, which the
# 64-bit and the 32-bit program share: none may report anything, and nothing may be left.
# SMP is 4 unless said, MINUTES 20: by the clock of the guest, which goes slower where a
# guest without KVM has more processors than the host.
# Exit status: 0 nothing was found; otherwise that of vm/run.sh on the first kernel on
# which something was, or 2 if it was not built.
: "${SMP:=4}" "${MINUTES:=20}" "${TIMEOUT:=86400}"
export SMP MINUTES TIMEOUT
. "$(dirname -- "$0")/../scripts/lib.sh"
. "$top/vm/guest.sh"

cd "$top"
# share DEBUG: the minutes of each program on that kernel
share() (
	where DEBUG="$1"
	programs=$(grep -vc ' ' "$expected")
	echo $(((MINUTES + programs - 1) / programs))
)

status=0
for config in "$top"/vm/config/debug/*.config; do
	name=$(basename "$config" .config)
	step STORM "DEBUG=$name, $MINUTES minutes"
	rc=0
	if env DEBUG="$name" vm/ready.sh; then
		env DEBUG="$name" MINUTES="$(share "$name")" vm/run.sh kselftest || rc=$?
		(
			where DEBUG="$name"
			tr -d '\r' <"$run/results.log" | sed -n "s/^[# ]*\([0-9]* gusts.*wrong.*\)/DEBUG=$name: \1/p"
		) || :
	else
		rc=$?
	fi
	[ "$status" != 0 ] || status=$rc
done
exit "$status"
