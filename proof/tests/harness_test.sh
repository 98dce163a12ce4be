#!/bin/sh
# Usage: proof/tests/harness_test.sh
# Which mutants proof/harness.sh tries on which tests, and what it says of one that they
# notice, that they do not, that hangs, and that does not apply; on a project of two scripts
# and two tests. TAP on stdout.
# Exit status: 0 all passed; 1 otherwise.
set -eu
top=$(cd "$(dirname -- "$0")/../.." && pwd)
tmp=$(mktemp -d "${TMPDIR:-/tmp}/autoreap-harness.XXXXXX")
trap 'rm -rf "$tmp"' EXIT
. "$top/scripts/tests/tap.sh"
. "$top/scripts/tests/project.sh"
make_project
mkdir -p "$tmp/bin" "$O/6.12/linux"
printf '#!/bin/sh\necho /nowhere\n' >"$tmp/bin/ccache"
chmod +x "$tmp/bin/ccache"
export PATH="$tmp/bin:$PATH"
git -C "$tmp/linux" checkout -q series
mkdir -p "$tmp/linux/tools/testing/selftests/clone3"
touch "$tmp/linux/tools/testing/selftests/harness.h" "$tmp/linux/tools/testing/selftests/clone3/a.c"
committed "clone: tests"
git -C "$O/6.12/linux.git" fetch -q "$tmp/linux" +series:series
# shellcheck disable=SC2016 # they expand it
printf 'headers:; @mkdir -p $(O)/usr/include $(O)/other\n' >"$O/6.12/linux/Makefile"
touch "$O/6.12/series.id" "$O/6.12/series.commit"

# Two scripts, each with a test; a third test reads neither.
find "$project" -type f ! -path '*/scripts/lib.sh' ! -path '*/scripts/lib/*' ! -path '*/scripts/attributes' ! -path '*/vm/arch/*' ! -name 'harness.*' -delete
rm -rf "$project"/*/tests "$project/proof/mutants"
mkdir -p "$project/scripts/tests" "$project/vm/tests" "$project/proof/mutants/harness"
script() { printf '#!/bin/sh\n%s\n' "$2" >"$project/$1"; chmod +x "$project/$1"; }
# shellcheck disable=SC2016
{
script scripts/one.sh '# one
[ "$1" -lt 5 ] || exit 1
echo less
rm -f "$O/kept"'
script vm/two.sh 'while [ "$1" != 0 ]; do echo two; set -- $(($1 - 1)); done'
script scripts/tests/one_test.sh 'echo one >>"$LOG"
got=$(scripts/one.sh 4; scripts/one.sh 6 || echo "status $?")
if [ "$got" = "less
status 1" ]; then echo "ok 1 - less"; else echo "not ok 1 - less"; failed=1; fi
echo 1..1
[ -z "${failed:-}" ]'
script vm/tests/two_test.sh 'echo two >>"$LOG"
[ "$(vm/two.sh 2 | grep -c two)" = 2 ] && echo "ok 1 - two"
echo 1..1'
script vm/tests/a_test.sh 'echo a >>"$LOG"; echo "ok 1 - nothing of these"; echo 1..1'
}
export LOG="$tmp/log"
cat >"$project/proof/mutants/harness/scripts" <<'SET'
# The first

off-by-one scripts/one.sh
5 is less than 5.
- -lt 5
+ -le 5

inverted scripts/one.sh
What is less
is not.
- [ "$1" -lt 5 ] || exit 1
+ [ "$1" -lt 5 ] && exit 1

no-cleaning scripts/one.sh
What was kept stays.
- echo less
- rm -f "$O/kept"
+ echo less
# survives: nothing is kept here

SET
cat >"$project/proof/mutants/harness/vm" <<'SET'
no-end vm/two.sh
It never ends.
- set -- $(($1 - 1))
+ :
SET
cd "$project"
git init -q
# kept: all that there is becomes what git tracks
kept() { git add -A . && git -c user.name=t -c user.email=t@localhost commit -q -m "$1"; }
kept project
harness() {
	rm -f "$LOG"
	ran env "$@" proof/harness.sh | sed 's/, [0-9]* s$//; s/ KILLED   no-end: vm.tests.two_test.sh: hangs.*/ KILLED   no-end: hangs/'
}
tried() { tr '\n' ' ' <"$LOG"; }
# A minute is long for a test of this.
sed -i 's/60 + seconds/1 + seconds/' proof/harness.sh
kept quick
before=$(find . -path ./.git -prune -o -type f -exec cksum {} + | sort; git status --porcelain)
check "one survives, one is listed" "$(harness)" "1
  HEADERS  of Linux Linux 6.12.1, with the series
  NONE     scripts/tests/one_test.sh
  NONE     vm/tests/a_test.sh
  NONE     vm/tests/two_test.sh
  SURVIVED off-by-one: 5 is less than 5.
  KILLED   inverted: scripts/tests/one_test.sh: less
  LISTED   no-cleaning: nothing is kept here
  KILLED   no-end: hangs
2 killed, 1 survived, 1 listed, 0 not applied"
if tried | grep -q '^one a two one one one two $'; then
	check "each on the tests that read its file" "" ""
else
	# Where times of reading are not kept, on all.
	check "each on all tests" "$(tried | grep -c '^one a two one')" 1
fi
check "the project is as it was" "$(find . -path ./.git -prune -o -type f -exec cksum {} + | sort; git status --porcelain)" "$before"
check "again: what was found is kept" "$(harness; tried 2>/dev/null)" "1
  SURVIVED off-by-one: 5 is less than 5.
  KILLED   inverted: scripts/tests/one_test.sh: less
  LISTED   no-cleaning: nothing is kept here
  KILLED   no-end: hangs
2 killed, 1 survived, 1 listed, 0 not applied"
head -n 2 "$O/6.12/harness/tests" >"$O/6.12/harness/tests.new"
rm "$O/6.12/harness/tests"
check "a run that was cut off before the first mutant goes on" "$(harness MUTANTS=inverted | grep NONE)" "  NONE     vm/tests/a_test.sh
  NONE     vm/tests/two_test.sh"
check "MUTANTS: these alone, anew" "$(harness MUTANTS='no-cleaning inverted'; tried | grep -c one)" "0
  KILLED   inverted: scripts/tests/one_test.sh: less
  LISTED   no-cleaning: nothing is kept here
1 killed, 0 survived, 1 listed, 0 not applied
1"
refuses "MUTANTS: none of that name" 'MUTANTS: there is no mutant in .*/harness' env MUTANTS='inverted mutant' proof/harness.sh

# The sets
set=proof/mutants/harness/scripts
alter() { cp $set "$tmp/kept"; sed -i "$1" $set; kept altered; }
back() { cp "$tmp/kept" $set; kept back; }
alter '/survives/s/.*/# survives: it cannot show/; /^inverted/,/^$/s/^+ .*/&\n# survives: so it is said/'
check "one that is listed is noticed" "$(harness MUTANTS='no-cleaning inverted')" "1
  KILLED   inverted, though it is listed as one that survives: scripts/tests/one_test.sh: less
  LISTED   no-cleaning: it cannot show
0 killed, 1 survived, 1 listed, 0 not applied"
back
alter 's/^- -lt 5/- -lt 7/; /^inverted/,/^$/{s/^- .*/- e/;s/^+ .*/+ f/;}'
check "one does not apply, one would twice" "$(harness MUTANTS='off-by-one inverted no-cleaning')" "2
  BROKEN   off-by-one: scripts/one.sh has no such text
  BROKEN   inverted: scripts/one.sh has that text twice
  LISTED   no-cleaning: nothing is kept here
0 killed, 0 survived, 1 listed, 2 not applied"
back
alter 's/^inverted/off-by-one/'
check "two of one name" "$(harness)" "2
off-by-one: there are two of that name
error: proof/mutants/harness is not in order"
back
alter '/^What is/d; /^is not/d'
check "one that says not what it means" "$(harness | sed -n 2p)" "inverted: a record has a name, a file, what it means, - and +"
back
# Tests that fail by themselves
sed -i 's/-lt 5/-lt 7/' scripts/one.sh
kept fails
check "the tests fail without any mutant" "$(harness MUTANTS=inverted)" "3
error: scripts/tests/one_test.sh fails on the unbroken copy: less"
sed -i 's/-lt 7/-lt 5/' scripts/one.sh
kept mended
for end in 'echo 1..2' 'exit 1'; do
	printf '#!/bin/sh\necho "ok 1 - a"\n%s\n' "$end" >vm/tests/a_test.sh
	kept "$end"
	check "a test that ends by: $end" "$(harness MUTANTS=inverted | sed 's/.*copy: //')" "3
  NONE     scripts/tests/one_test.sh
$(case $end in exit*) echo 'exit status 1: ' ;; *) echo 'no complete TAP' ;; esac)"
done

# Ctrl-C: what was found before is kept
git checkout -q HEAD~2 -- vm/tests/a_test.sh
kept again
harness MUTANTS=inverted >/dev/null
sed -i 's/1 + seconds/600 + seconds/' proof/harness.sh
kept slow
harness MUTANTS=inverted >/dev/null
env --default-signal=INT proof/harness.sh >"$tmp/out" 2>&1 &
pid=$!
for _ in $(seq 100); do
	! grep -qs no-cleaning "$tmp/out" || break
	sleep 0.1
done
sleep 0.3
kill -s INT "$pid"
rc=0
wait "$pid" || rc=$?
check "interrupted" "$rc:$(grep -c "^  " "$tmp/out"):$(pgrep -f "$O/6.12/harness/now/project/vm/two.sh" | grep -c .)" 130:3:0
check "what was found is kept" "$(cut -d' ' -f3 "$O/6.12/harness/found" | tail -n 2 | tr '\n' ' ')" "off-by-one no-cleaning "

cd /
echo "1..$number"
[ "$failures" = 0 ]
