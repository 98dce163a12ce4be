#!/bin/sh
# Usage: [BASE= | KDIR=] [SMP=] [REGRESS="target ..."] proof/regress.sh
# Runs the base kernel's own selftests, those that touch what the series changes,
# on the base and on the patched kernel, in the same guest, and prints every test
# whose outcome differs.
# Exit status: 0 none differs; 1 one does; 2 usage or build; otherwise that of vm/run.sh
# on a kernel that complained or was not done in time.
. "$(dirname -- "$0")/../scripts/lib.sh"
. "$top/scripts/lib/git.sh"
. "$top/scripts/lib/place.sh"
. "$top/vm/guest.sh"
where
guest_settings

native
: "${REGRESS:=clone3 pidfd ptrace pid_namespace exec signal sigaltstack timens coredump proc}"
series=$(own_git --git-dir="$work/linux.git" rev-parse series)
# Whether a slow test is done in time is no difference: with ROUNDS the runner waits.
[ "$TIMEOUT" -ge 3000 ] || TIMEOUT=3000
: "${ROUNDS:=1}"
export TIMEOUT ROUNDS

KIND=base "$top/scripts/checkout.sh" base
KIND=regress "$top/scripts/checkout.sh" "$series"
TARGETS=
for target in $REGRESS; do
	[ ! -f "$work/linux-base/tools/testing/selftests/$target/Makefile" ] || TARGETS="$TARGETS $target"
done
export TARGETS LINK=

# outcomes KIND: "test: outcome", sorted, one a line. Some tests of the kernel print their
# plan twice, or out of order, or name their results by the process: that is not what is
# asked here.
outcomes() {
	tr -d '\r' <"$work/run-$1/results.log" | awk -f "$top/vm/verdict.awk" | awk -F'\t' '
		{ gsub(/\[[0-9]+\]/, "[pid]"); gsub(/\([0-9]+,/, "(pid,") }
		$1 == "pass" { print $2 ": pass" }
		$1 == "skip" { print $2 ": skip" }
		$1 == "fail" && $2 !~ /^(ORDER|PLAN) / { print ($3 == "" ? $2 : $3) ": fail" }' | sort -u
}

for KIND in base regress; do
	export KIND
	"$top/vm/kernel.sh"
	# The tests are those of the base, for both.
	[ "$KIND" = regress ] || "$top/vm/initramfs.sh"
	rc=0 log=$work/log-$KIND/run.log
	INITRAMFS=$work/initramfs-base.cpio EXPECTED=$work/expected-base "$top/vm/run.sh" kselftest \
		>"$log" 2>&1 || rc=$?
	# Tests may fail, or skip all: they are the base's own. What else there is to see is of
	# no whole run, or of an earlier one.
	case $rc in
	0 | 1 | 4) ;;
	*)
		echo "error: the run on $KIND: $(grep -m1 -E '^(SPLAT|TIMEOUT) ' "$log" || tail -n 1 "$log") (log: $log)" >&2
		exit "$rc" ;;
	esac
	grep -q '^guest: end [0-9]' "$work/run-$KIND/results.log" || die "the run on $KIND: the tests did not finish (log: $log)"
	outcomes "$KIND" >"$work/run-$KIND/outcomes"
	[ -s "$work/run-$KIND/outcomes" ] || die "the run on $KIND: no test has run (log: $log)"
	step RAN "$(sed -n 's/^kernel  *//p' "$work/log-$KIND/run.log"): $(sed 's/.*: //' "$work/run-$KIND/outcomes" | sort | uniq -c | awk '{ printf "%s%s %s", sep, $1, $2; sep = ", " }')"
done

if diff -U0 --label base --label series "$work/run-base/outcomes" "$work/run-regress/outcomes"; then
	echo "no difference in $(wc -l <"$work/run-base/outcomes") outcomes"
else
	exit 1
fi
