#!/bin/sh
# Usage: proof/tests/mutate_test.sh
# Which mutants proof/mutate.sh tries, and what it says of one that the tests notice, that
# they do not, and that is no kernel. TAP on stdout.
# Exit status: 0 all passed; 1 otherwise.
set -eu
top=$(cd "$(dirname -- "$0")/../.." && pwd)
tmp=$(mktemp -d "${TMPDIR:-/tmp}/autoreap-mutate.XXXXXX")
trap 'rm -rf "$tmp"' EXIT
. "$top/scripts/tests/tap.sh"
. "$top/scripts/tests/project.sh"
make_project
cat >"$tmp/list" <<'LIST'
clone3/clone3_autoreap
clone3/clone3_autoreap autoreap.leaves_no_zombie noskip
LIST
"$project/vm/initramfs.sh"
cat >"$tmp/recorded" <<'RESULTS'
guest: begin 6.12.1
TAP version 13
1..1
# selftests: clone3: clone3_autoreap
# TAP version 13
# 1..1
# ok 1 autoreap.leaves_no_zombie
ok 1 selftests: clone3: clone3_autoreap
guest: end 0
RESULTS
# The guest reads in the kernel how it is broken.
cat >"$GUEST" <<'RUN'
cp "${O%/*}/recorded" results.log
how=$(sed -n 's/.*autoreap = //p' "$tree/kernel/fork.c")
case $how in
*fails*) sed -i 's/ok/not ok/; s/end 0/end 1/' results.log ;;
*cut*) sed -i '/^ok/,$d' results.log ;;
*never*) : >results.log ;;
*complains*) echo 'BUG: KASAN: x' >console.log ;;
*hangs*) sed -i '/^ok/,$d' results.log; exit 124 ;;
*interrupted*) exit 130 ;;
*qemu*) die "QEMU is gone" ;;
esac
RUN

# mutant FOLDER NAME TEXT: a patch that makes the kernel say TEXT
rm -rf "$project/proof/mutants"
mutant() {
	mkdir -p "$project/proof/mutants/$1"
	cat >"$project/proof/mutants/$1/$2.patch" <<PATCH
What $2 means.
--- a/kernel/fork.c
+++ b/kernel/fork.c
@@ -2 +2 @@
-int autoreap = 1;
+int autoreap = $3;
PATCH
}
mutate() { ran env "$@" "$project/proof/mutate.sh" | grep -vE '^  CHECKOUT'; }
whole='  NONE     1 passed, 0 failed, 0 skipped'

refuses "no mutant" 'there is no mutant to try in .*/proof/mutants/suite/7[.]3' "$project/proof/mutate.sh"
mutant suite/7.3 fails 'fails'
check "one is noticed" "$(mutate)" "0
$whole
  KILLED   fails: FAIL clone3/clone3_autoreap autoreap.leaves_no_zombie
1 killed, 0 survived, 0 not built"
mutant suite/7.3 cut 'cut'
mutant suite/7.3 complains 'complains'
mutant suite/7.3 hangs 'hangs'
mutant suite/7.3 never 'never'
check "and by what" "$(mutate)" "0
$whole
  KILLED   complains: SPLAT BUG: KASAN: x
  KILLED   cut: TRUNCATED results, no end marker, in clone3/clone3_autoreap
  KILLED   fails: FAIL clone3/clone3_autoreap autoreap.leaves_no_zombie
  KILLED   hangs: TIMEOUT of the whole run, in clone3/clone3_autoreap
  KILLED   never: guest never reached its init: see o/6.12/run-mutant/console.log
5 killed, 0 survived, 0 not built"
mutant suite/7.3 survives '2'
check "one is not" "$(mutate MUTANTS="survives fails")" "1
$whole
  KILLED   fails: FAIL clone3/clone3_autoreap autoreap.leaves_no_zombie
  SURVIVED survives: What survives means.
1 killed, 1 survived, 0 not built"
mutant suite/7.3 broken 'does not build'
check "one does not build" "$(mutate MUTANTS="broken fails")" "2
$whole
  BROKEN   broken: error: kernel: error: it does not build
  KILLED   fails: FAIL clone3/clone3_autoreap autoreap.leaves_no_zombie
1 killed, 0 survived, 1 not built"
sed 's/= 1/= 7/' "$project/proof/mutants/suite/7.3/fails.patch" >"$project/proof/mutants/suite/7.3/stale.patch"
check "one does not apply" "$(mutate MUTANTS="stale")" "2
$whole
  BROKEN   stale: error: kernel/fork.c: patch does not apply
0 killed, 0 survived, 1 not built"
mutant suite/7.3 qemu 'qemu'
check "QEMU does not start" "$(mutate MUTANTS=qemu)" "2
$whole
  BROKEN   qemu: error: QEMU is gone
0 killed, 0 survived, 1 not built"
mutant suite/7.3 interrupted 'interrupted'
check "interrupted" "$(mutate MUTANTS=interrupted)" "130
$whole"
refuses "MUTANTS" 'MUTANTS: there is no none[.]patch' env MUTANTS="fails none" "$project/proof/mutate.sh"
check "the tree is whole again" "$(mutate MUTANTS=fails >/dev/null
	grep autoreap "$O/6.12/linux-mutant/kernel/fork.c")" "int autoreap = 1;"

# A debug kernel has to report it: that a test fails is not enough.
mutant kcsan/7.3 fails 'fails'
mutant kcsan/7.3 complains 'complains'
check "DEBUG" "$(mutate DEBUG=kcsan)" "1
$whole
  KILLED   complains: SPLAT BUG: KASAN: x
  SURVIVED fails: What fails means.
1 killed, 1 survived, 0 not built"
mutant faults/7.3 fails 'fails'
check "faults" "$(mutate DEBUG=1 TESTS=clone3_autoreap_faults)" "0
$whole
  KILLED   fails: FAIL clone3/clone3_autoreap autoreap.leaves_no_zombie
1 killed, 0 survived, 0 not built"
sed -i 's/^ok/not &/' "$tmp/recorded"
check "the tests fail on the whole kernel" "$(mutate)" "3
error: the tests fail on the unbroken kernel: FAIL clone3/clone3_autoreap"
sed -i 's/^not //' "$tmp/recorded"
cp "$project/vm/kernel.sh" "$tmp/kernel.sh"
echo 'die "no compiler"' >"$tmp/stub"
stub vm/kernel.sh <"$tmp/stub"
check "the whole kernel does not build" "$(mutate)" "2
error: the unbroken kernel: error: no compiler"
cp "$tmp/kernel.sh" "$project/vm/kernel.sh"

# Which there are, by what the base and the series have
mutant suite always fails
mutant suite/6.1 old fails
mutant suite/pidfs new fails
tried() { mutate | sed -n 's/^  KILLED   \([a-z]*\):.*/\1/p' | tr '\n' ' '; }
rebase() { git -C "$tmp/linux" push -q -f "$O/6.12/linux.git" base series; }
git -C "$tmp/linux" checkout -q base
: >"$tmp/linux/include/uapi/linux/sched.h"
committed "Linux 6.12.2"
rebase
check "of a kernel without pidfs" "$(tried)" "always old "
git -C "$tmp/linux" checkout -q series
mkdir "$tmp/linux/fs"
: >"$tmp/linux/fs/pidfs.c"
committed pidfs
rebase
check "of one with pidfs" "$(tried)" "always new "

echo "1..$number"
[ "$failures" = 0 ]
