#!/bin/sh
# Usage: [BASE= | KDIR=] [MUTANTS="name ..."] [ROUNDS=] proof/helper.sh
# Breaks samples/pidfd/helper.h in one place at a time, as proof/mutants/helper says, and runs
# its tests on this machine, with the kernel that it has: which test notices? What is for the
# flag alone is noticed only where there is the flag.
# Exit status: 0 none survived; 1 one did; 2 usage, build, or a mutant that changes nothing;
# 3 the tests fail on the unbroken header.
. "$(dirname -- "$0")/../scripts/lib.sh"
. "$top/scripts/lib/place.sh"
where

selftests=tools/testing/selftests list=$top/proof/mutants/helper
[ -f "$tree/$selftests/kselftest_harness.h" ] || die "there is no harness; 'make tree' makes it"
dir=$(mktemp -d "${TMPDIR:-/tmp}/autoreap-helper.XXXXXX")
trap 'rm -rf "$dir"' EXIT
trap 'exit 130' INT TERM
mkdir -p "$dir/$selftests" "$dir/samples/pidfd"
cp "$tree/$selftests"/kselftest*.h "$dir/$selftests"
cp -r "$top/$selftests/clone3" "$dir/$selftests"
header=$dir/samples/pidfd/helper.h
# All processes of a test end with it.
user=''
[ "$(id -u)" = 0 ] || user=--map-root-user

# try: $found says which test fails first, or that it is not built
try() {
	for program in clone3_autoreap_helper clone3_autoreap_helper_life \
		clone3_autoreap_helper_thread clone3_autoreap_helper_race; do
		gcc -O2 -std=gnu99 -w -o "$dir/test" "$dir/$selftests/clone3/$program.c" >"$dir/log" 2>&1 || {
			found=$(grep -m1 error "$dir/log")
			return 2
		}
		# The first failure closes the pipe, and with that all ends.
		{ rc=0; KSFT_ROUNDS=${ROUNDS:-10} unshare $user --pid --fork --kill-child --mount-proc \
			timeout -s KILL 100 "$dir/test" 2>&1 </dev/null || rc=$?; echo "ended $rc"; } |
			grep -m1 -E '^not ok|^ended' >"$dir/log" || :
		found=$(cat "$dir/log")
		[ "$found" = 'ended 0' ] || return 1
	done
}

cp "$top/samples/pidfd/helper.h" "$header"
rc=0
try || rc=$?
case $rc in
0) step NONE "the tests pass" ;;
1) echo "error: the tests fail on the unbroken header: $found" >&2; exit 3 ;;
*) die "the tests: $found" ;;
esac
killed=0 survived=0 broken=0
while read -r name script; do
	case $name in '#'* | '') continue ;; esac
	case " ${MUTANTS:-$name} " in *" $name "*) ;; *) continue ;; esac
	sed "$script" "$top/samples/pidfd/helper.h" >"$header"
	rc=0 found='it changes nothing'
	if cmp -s "$top/samples/pidfd/helper.h" "$header"; then rc=2; else try || rc=$?; fi
	case $rc in
	0) step SURVIVED "$name: $script"; survived=$((survived + 1)) ;;
	1) step KILLED "$name: $found"; killed=$((killed + 1)) ;;
	*) step BROKEN "$name: $found"; broken=$((broken + 1)) ;;
	esac
done <"$list"
echo "$killed killed, $survived survived, $broken not built"
[ "$broken" = 0 ] || exit 2
[ "$survived" = 0 ]
