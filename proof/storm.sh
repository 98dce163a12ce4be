#!/bin/sh
# Usage: TESTS=clone3_autoreap_storm [BASE= | KDIR=] [MINUTES=] [SMP=] proof/storm.sh
# Lets many processes do everything at once, on each debug kernel MINUTES long, which the
# 64-bit and the 32-bit program share: none may report anything, and nothing may be left.
# SMP is 4 unless said, MINUTES 20: by the clock of the guest, which goes slower where a
# guest without KVM has more processors than the host.
# Exit status: 0 nothing was found; otherwise that of vm/run.sh on the first kernel on
# which something was, 1 if a program did not tell of its gusts, or 2 if it was not built.
. "$(dirname -- "$0")/../scripts/lib.sh"
. "$top/scripts/lib/place.sh"
. "$top/vm/guest.sh"
where
: "${SMP:=4}" "${MINUTES:=20}" "${TIMEOUT:=86400}"
export SMP MINUTES TIMEOUT
guest_settings

cd "$top"
# programs DEBUG: how many there are on that kernel, which share its minutes
programs() (
	# shellcheck disable=SC2030,SC2031 # for this shell alone
	export DEBUG="$1"
	where
	grep -vc ' ' "$expected"
)
# gusts DEBUG: what each of them has told at its end
gusts() (
	# shellcheck disable=SC2030,SC2031 # for this shell alone
	export DEBUG="$1"
	where
	tr -d '\r' <"$run/results.log" | sed -n "s/^[# ]*\([1-9][0-9]* gusts.*wrong.*\)/DEBUG=$1: \1/p"
)

status=0
for config in "$top"/vm/config/debug/*.config; do
	name=$(basename "$config" .config)
	step STORM "DEBUG=$name, $MINUTES minutes"
	rc=0
	if env DEBUG="$name" vm/ready.sh; then
		programs=$(programs "$name")
		env DEBUG="$name" MINUTES="$(((MINUTES + programs - 1) / programs))" vm/run.sh kselftest || rc=$?
		[ "$rc" != 130 ] || exit 130
		if [ "$rc" != 2 ]; then
			told=$(gusts "$name")
			echo "$told"
			if [ "$rc" = 0 ] && [ "$(echo "$told" | grep -c gusts)" -lt "$programs" ]; then
				step MISSING "DEBUG=$name: of $programs programs not each has told of its gusts"
				rc=1
			fi
		fi
	else
		rc=$?
	fi
	[ "$status" != 0 ] || status=$rc
done
exit "$status"
