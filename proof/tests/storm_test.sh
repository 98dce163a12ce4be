#!/bin/sh
# Usage: proof/tests/storm_test.sh
# What proof/storm.sh and proof/faults.sh make of what their programs tell. TAP on stdout.
# Exit status: 0 all passed; 1 otherwise.
set -eu
top=$(cd "$(dirname -- "$0")/../.." && pwd)
tmp=$(mktemp -d "${TMPDIR:-/tmp}/autoreap-storm.XXXXXX")
trap 'rm -rf "$tmp"' EXIT
. "$top/scripts/tests/tap.sh"
. "$top/scripts/tests/project.sh"
make_project
# clone3 and clone3_32 PROGRAM TEST SAID: what must be reported, and what is
both() {
	for bits in '' _32; do
		echo "clone3$bits/$1"
		echo "clone3$bits/$1 $2 noskip"
	done >"$tmp/list"
	printf 'guest: begin 6.12.1\nTAP version 13\n1..2\n' >"$tmp/recorded"
	for bits in '1 clone3' '2 clone3_32'; do
		cat <<-RESULTS
			# selftests: ${bits#* }: $1
			# TAP version 13
			# 1..1
			# #  RUN           $2 ...
			# # $3
			# ok 1 $2
			ok ${bits% *} selftests: ${bits#* }: $1
		RESULTS
	done >>"$tmp/recorded"
	echo 'guest: end 0' >>"$tmp/recorded"
}

both clone3_autoreap_storm autoreap.storm '12 gusts, 130 children, 20 statuses, 0 wrong'
# storm SED [COMMAND]: what is said where the run under KCSAN is as SED alters the other, and
# QEMU ends by COMMAND
storm() {
	cat >"$GUEST" <<RUN
echo "\$MINUTES minutes each, \$SMP processors" >>'$tmp/asked'
cp '$tmp/recorded' results.log
[ "\$DEBUG" != kasan ] || exit 0
sed -i '$1' results.log
${2:-}
RUN
	ran env MINUTES=5 "$project/proof/storm.sh" | grep -E '^([0-9]+|  (STORM|MISSING) .*|DEBUG=.*|error.*)$'
}
one='  STORM    DEBUG=kasan, 5 minutes
DEBUG=kasan: 12 gusts, 130 children, 20 statuses, 0 wrong
DEBUG=kasan: 12 gusts, 130 children, 20 statuses, 0 wrong'
two=$(echo "$one" | sed 's/DEBUG=kasan/DEBUG=kcsan/')
check "storm: nothing is found" "$(storm '')" "0
$one
$two"
check "storm: the minutes are shared, and rounded up" "$(sort -u "$tmp/asked")" "3 minutes each, 4 processors"
check "storm: something is" "$(storm 's/0 wrong/1 wrong, the first a status/; s/^# ok/# not ok/')" "1
$one
$(echo "$two" | sed 's/0 wrong/1 wrong, the first a status/')"
check "storm: a kernel complains" "$(storm '' 'echo "BUG: KASAN: x" >console.log' | head -n 1)" 3
check "storm: a program has no gusts" "$(storm '/_32/,/end/s/12 gusts/0 gusts/')" "1
$one
  STORM    DEBUG=kcsan, 5 minutes
DEBUG=kcsan: 12 gusts, 130 children, 20 statuses, 0 wrong
  MISSING  DEBUG=kcsan: of 2 programs not each has told of its gusts"
check "storm: none tells of any" "$(storm /gusts/d | sed '1p; $!d')" "1
  MISSING  DEBUG=kcsan: of 2 programs not each has told of its gusts"
check "storm: there is no QEMU" "$(storm '' 'die "there is no QEMU"' | sed '1p; $!d')" "2
error: there is no QEMU"
check "storm: interrupted" "$(storm '' 'exit 130' | head -n 1)" 130
cat >"$GUEST" <<RUN
cp '$tmp/recorded' results.log
if [ "\$DEBUG" = kasan ]; then echo BUG: x >console.log; else sed -i 's/^# ok/# not ok/' results.log; fi
RUN
check "storm: the first kernel decides" "$(ran env MINUTES=5 "$project/proof/storm.sh" | head -n 1)" 3
cat >"$tmp/fails" <<'STUB'
[ "$DEBUG" = kasan ] || die "the kernel is not built"
exec "$top/vm/ready.builds.sh"
STUB
mv "$project/vm/ready.sh" "$project/vm/ready.builds.sh"
stub vm/ready.sh <"$tmp/fails"
check "storm: a kernel is not built" "$(storm '' | sed '1p; $!d')" "2
error: the kernel is not built"
mv "$project/vm/ready.builds.sh" "$project/vm/ready.sh"

both clone3_autoreap_faults faults.peer.leave_nothing_behind 'clone3_autoreap_faults.c:386:leave:42 points taken, 7 made the call fail'
export DEBUG=1
"$project/vm/ready.sh"
faults() {
	printf '%s\n' "sed '$1' '$tmp/recorded' >results.log" "${2:-}" >"$GUEST"
	ran "$project/proof/faults.sh" | grep -E '^([0-9]+|  MISSING .*|program .*failed|.*peer  .*|error.*)$'
}
table='program    call                points taken calls failed
           peer                          42            7
32-bit     peer                          42            7'
check "faults: nothing is left behind" "$(faults '')" "0
$table"
check "faults: something is" "$(faults 's/^# ok/# not ok/')" "1
$table"
check "faults: the kernel complains" "$(faults '' 'echo "BUG: KASAN: x" >console.log' | head -n 1)" 3
check "faults: no point is told" "$(faults /points/d)" "1
$(echo "$table" | head -n 1)
  MISSING  no failure point was taken"
check "faults: none is taken" "$(faults 's/42 points/0 points/' | sed '1p; $!d')" "1
  MISSING  no failure point was taken"
check "faults: there is no QEMU" "$(faults '' 'die "there is no QEMU"')" "2
error: there is no QEMU"
check "faults: interrupted" "$(faults '' 'exit 130')" 130

echo "1..$number"
[ "$failures" = 0 ]
