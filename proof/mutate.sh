#!/bin/sh
# Usage: [BASE=] [DEBUG=] [TESTS=] [SMP=] [MUTANTS="name ..."] proof/mutate.sh
# Breaks the patched kernel in one place at a time and runs the tests on it. Each
# mutant is a patch in proof/mutants/suite, whose first lines say what it means; with
# DEBUG, one in proof/mutants/$DEBUG: a fault that this debug kernel must report. With
# DEBUG=1 TESTS=clone3_autoreap_faults it is one in proof/mutants/faults. Those of code that
# differs are in a folder there: pidfs, or 6.1 for the kernels that have none. Where the flag
# is mainline's, those of the fixes are all that there is: 7.3.
# A race shows only if it is interrupted half-way: so the kernel is a preemptible one,
# and SMP is 4 unless said, more processors than many a host has.
# Prints which test or report has found it, or that it has survived.
# Exit status: 0 none survived; 1 one did; 2 usage, build, or a mutant that does
# not apply; 3 the tests fail on the unbroken kernel.
. "$(dirname -- "$0")/../scripts/lib.sh"
. "$top/scripts/lib/git.sh"
. "$top/scripts/lib/place.sh"
where
: "${SMP:=4}"
export SMP

series=$(own_git --git-dir="$work/linux.git" rev-parse series)
set=${DEBUG:-suite}
if [ "${TESTS:-}" = clone3_autoreap_faults ]; then
	set=faults
	: "${ROUNDS:=1}" # so that the runner waits for it
	export ROUNDS
fi
dir=$top/proof/mutants/$set
if own_git --git-dir="$work/linux.git" grep -q CLONE_AUTOREAP base -- include/uapi/linux/sched.h; then
	dirs=$dir/7.3
elif own_git --git-dir="$work/linux.git" cat-file -e "$series:fs/pidfs.c" 2>/dev/null; then
	dirs="$dir $dir/pidfs"
else
	dirs="$dir $dir/6.1"
fi
mutants=$(for folder in $dirs; do find "$folder" -maxdepth 1 -name '*.patch' 2>/dev/null | sort; done)
for wanted in ${MUTANTS:-}; do
	echo "$mutants" | grep -qF "/$wanted.patch" ||
		die "MUTANTS: there is no $wanted.patch in $dirs"
done
# The tests are those of the series.
export KIND=mutant INITRAMFS="$initramfs" EXPECTED="$expected"
where
mkdir -p "$logs"

# A debug kernel has to report its fault; otherwise, any failure will do.
case $set in
suite | faults) killed_by='[1-9]*' STOP_AT_FAILURE=results ;;
*) killed_by=3 STOP_AT_FAILURE=console ;;
esac
export STOP_AT_FAILURE

# try: build the tree and run the tests on it; $found says what they found, which is the first
# line of the verdict that is not indented, or why there is no verdict
try() {
	found=
	"$top/vm/kernel.sh" >"$logs/build.log" 2>&1 || {
		found=$(tail -n 1 "$logs/build.log")
		return 2
	}
	rc=0
	"$top/vm/run.sh" kselftest >"$logs/run.log" 2>&1 || rc=$?
	case $rc in
	130) exit 130 ;;
	2) found=$(tail -n 1 "$logs/run.log") ;;
	*) found=$(grep -m1 '^[^ ]' "$run/verdict.txt") ;;
	esac
	return "$rc"
}

"$top/scripts/checkout.sh" "$series"
rc=0
try || rc=$?
case $rc in
0) step NONE "$(tail -n 1 "$logs/run.log")" ;;
2) die "the unbroken kernel: $found" ;;
*) echo "error: the tests fail on the unbroken kernel: $found" >&2; exit 3 ;;
esac

killed=0 survived=0 broken=0
for patch in $mutants; do
	name=$(basename "$patch" .patch)
	case " ${MUTANTS:-$name} " in *" $name "*) ;; *) continue ;; esac
	own_git -C "$tree" checkout -q --force --detach "$series"
	rc=0
	if own_git -C "$tree" apply --unidiff-zero "$patch" 2>"$logs/build.log"; then
		try || rc=$?
	else
		rc=2 found=$(tail -n 1 "$logs/build.log")
	fi
	# shellcheck disable=SC2254 # a pattern
	case $rc in
	2) step BROKEN "$name: $found"; broken=$((broken + 1)) ;;
	$killed_by) step KILLED "$name: $found"; killed=$((killed + 1)) ;;
	*) step SURVIVED "$name: $(sed -n '1p' "$patch")"; survived=$((survived + 1)) ;;
	esac
done
own_git -C "$tree" checkout -q --force --detach "$series"
echo "$killed killed, $survived survived, $broken not built"
[ "$((killed + survived + broken))" != 0 ] || die "there is no mutant to try in $dirs"
[ "$broken" = 0 ] || exit 2
[ "$survived" = 0 ]
