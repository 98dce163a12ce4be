#!/bin/sh
# Usage: proof/tests/differ_test.sh
# What proof/differ.sh makes of the digests of two kernels: the same, different, or not all
# there. TAP on stdout.
# Exit status: 0 all passed; 1 otherwise.
set -eu
top=$(cd "$(dirname -- "$0")/../.." && pwd)
tmp=$(mktemp -d "${TMPDIR:-/tmp}/autoreap-differ.XXXXXX")
trap 'rm -rf "$tmp"' EXIT
. "$top/scripts/tests/tap.sh"
. "$top/scripts/tests/project.sh"
make_project
for bits in '' _32; do
	echo "clone3$bits/clone3_autoreap_random"
	echo "clone3$bits/clone3_autoreap_random random.programs noskip"
done >"$tmp/list"
cat >"$tmp/recorded" <<'RESULTS'
guest: begin 6.12.1
TAP version 13
1..2
# selftests: clone3: clone3_autoreap_random
# TAP version 13
# 1..1
# # 40 programs from 1, 5000 steps, digest 00c0ffee00c0ffee
# ok 1 random.programs
# took 7 s
ok 1 selftests: clone3: clone3_autoreap_random
# selftests: clone3_32: clone3_autoreap_random
# TAP version 13
# 1..1
# # 40 programs from 1, 5000 steps, digest 00c0ffee00c0ffee
# ok 1 random.programs
# took 9 s
ok 2 selftests: clone3_32: clone3_autoreap_random
guest: end 0
RESULTS
head='kernel               bits      steps  seconds  digest'

# differ SED [COMMAND]: what is said when the run on 7.3 is as SED alters that on 6.12, and
# QEMU ends by COMMAND there
differ() {
	cat >"$GUEST" <<RUN
if [ "\$BASE" = 6.12 ]; then cp '$tmp/recorded' results.log; exit; fi
sed 's/6.12.1/7.3.4/; $1' '$tmp/recorded' >results.log
${2:-}
RUN
	ran env BASES="6.12 7.3" "$project/proof/differ.sh" | grep -E '^([0-9]+|  MISSING .*|kernel  .* digest|[67].* .*|DIFFERENT.*|error.*)$'
}
six='6.12.1                 64       5000        7  00c0ffee00c0ffee
6.12.1                 32       5000        9  00c0ffee00c0ffee'
seven=$(echo "$six" | sed 's/6.12.1/7.3.4 /')
check "alike" "$(differ '')" "0
$head
$six
$seven"
check "one differs" "$(differ '/32:/,/end/s/digest 0/digest 1/')" "1
$head
$six
$(echo "$seven" | sed '/ 32 /s/00c0/10c0/')
DIFFERENT: the digests are not the same"
check "one kernel has no digest" "$(differ '/digest/d')" "1
  MISSING  7.3: 0 digests of 2 programs
$head
$six"
check "one program has none" "$(differ '/32:/,/end/s/digest .*//')" "1
  MISSING  7.3: 1 digests of 2 programs
$head
$six
7.3.4                  64       5000        7  00c0ffee00c0ffee"
check "one is cut off" "$(differ '/32:/,/end/s/ffee$/f/' | head -n 2)" "1
  MISSING  7.3: 1 digests of 2 programs"
cp "$tmp/recorded" "$tmp/whole"
sed -i /digest/d "$tmp/recorded"
check "none has" "$(differ '')" "1
  MISSING  6.12: 0 digests of 2 programs
  MISSING  7.3: 0 digests of 2 programs
$head"
cp "$tmp/whole" "$tmp/recorded"
check "a test fails, and its digest is the same" "$(differ '/32:/,/end/s/^# ok/# not ok/' | head -n 1)" 1
check "a kernel complains" "$(differ '' 'echo "WARNING: x" >console.log' | head -n 1)" 1
check "a kernel is not built" "$(differ '' 'exit 2' | sed -n '1p; /^[67]/p')" "2
$six"
cp "$tmp/list" "$tmp/both"
grep -v _32 "$tmp/both" >"$tmp/list"
sed -i '/32:/,/^ok 2/d; s/^1[.][.]2/1..1/' "$tmp/recorded"
check "without 32-bit programs" "$(differ '' | head -n 1)" 0
echo clone3/clone3_clone3 >"$tmp/list"
check "without a program of that kind" "$(differ '' | sed -n 1,2p)" "1
  MISSING  6.12: 1 digests of 0 programs"
sed -i '/digest/d; s/clone3_autoreap_random/clone3_clone3/' "$tmp/recorded"
check "and without a digest" "$(differ '' | sed 4q)" "1
  MISSING  6.12: 0 digests of 0 programs
  MISSING  7.3: 0 digests of 0 programs
$head"

echo "1..$number"
[ "$failures" = 0 ]
