# shellcheck shell=sh disable=SC2034,SC2154 # $run is of where; rc is of those who call
# Sourced by proofs that run tests of which some are known to fail.

# known_faults LIST: of the run in $run, which ended with $rc, prints each fault: KNOWN with the
# reason, if LIST has it, or UNKNOWN. LIST has "test: reason" lines, the test as an extended
# regex of what the verdict prints after FAIL, or PLAN and that of a program that gives up. That
# all is known excuses a run in which tests fail, and nothing else: rc is 0 then.
known_faults() {
	[ "$rc" != 0 ] || return 0
	known=0 unknown=0
	# Each line of the verdict that is not indented is a fault, but the last. Only what a test
	# says can be known.
	sed '$d; /^ /d' "$run/verdict.txt" >"$run/failed"
	while IFS= read -r fault; do
		test=${fault#FAIL } why='' lines='^[^#]'
		case $fault in "PLAN "*) lines='^PLAN ' test=" $fault" ;; esac
		[ "$test" = "$fault" ] || why=$(grep -e "$lines" "$1" | while IFS= read -r line; do
			if printf '%s\n' "$test" | grep -qE -e "${line%%: *}"; then
				echo "${line#*: }"
				break
			fi
		done)
		if [ -n "$why" ]; then
			step KNOWN "${test# }: $why"
			known=$((known + 1))
		else
			step UNKNOWN "${test# }"
			unknown=$((unknown + 1))
		fi
	done <"$run/failed"
	[ "$rc:$unknown" != 1:0 ] || [ "$known" = 0 ] || rc=0
}
