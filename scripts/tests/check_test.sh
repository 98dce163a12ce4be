#!/bin/sh
# Usage: scripts/tests/check_test.sh
# What scripts/check.sh makes of the tests that it runs: each fault of one counts, and a
# test that says nothing is a fault. TAP on stdout.
# Exit status: 0 all passed; 1 otherwise.
set -eu
top=$(cd "$(dirname -- "$0")/../.." && pwd)
tmp=$(mktemp -d "${TMPDIR:-/tmp}/autoreap-check.XXXXXX")
trap 'rm -rf "$tmp"' EXIT
. "$top/scripts/tests/tap.sh"
. "$top/scripts/tests/project.sh"
make_project
# All that check.sh calls passes; a script of tests and the guest's run are what a case makes.
for script in scripts/added scripts/refresh scripts/mail scripts/reach scripts/messages scripts/cited \
	scripts/picture scripts/debian; do
	stub "$script.sh" </dev/null
done
stub vm/run.sh <<'END'
. "$GUEST"
END
checkpatch=$O/6.12/linux/scripts/checkpatch.pl
rm -rf "$project"/*/tests
mkdir -p "$project/.ci" "$project/man" "$project/patches/6.12" "$project/patches/common" "$tmp/bin" "${checkpatch%/*}"
for file in patches/common/a.patch patches/6.12/0001-a.patch patches/6.12/cover-letter man/0001-a.patch man/A.2const; do
	echo a >"$project/$file"
done
for tool in "$tmp/bin/shellcheck" "$tmp/bin/codespell" "$tmp/bin/mandoc" "$checkpatch"; do
	printf '#!/bin/sh\n' >"$tool"
	chmod +x "$tool"
done
for folder in vm proof bench scripts; do
	mkdir "$project/$folder/tests"
	printf '#!/bin/sh\necho "ok 1 - it is so"\necho 1..1\n' >"$project/$folder/tests/a_test.sh"
	chmod +x "$project/$folder/tests/a_test.sh"
done
# One mutant: those of the project do not fit what a mutant has made of it.
rm "$project"/proof/mutants/harness/*
printf 'b man/A.2const\nIt says b.\n- a\n+ b\n' >"$project/proof/mutants/harness/man"
# One after the other, so that the first can stop the rest.
printf '#!/bin/sh\necho 1\n' >"$tmp/bin/nproc"
chmod +x "$tmp/bin/nproc"
cp "$project/vm/tests/a_test.sh" "$tmp/passes"
echo 'echo "1 passed, 0 failed, 0 skipped"' >"$GUEST"

# checked: exit status of check.sh, what it says that fails or is skipped, and how many of
# that script and of the three runs of the guest have passed, failed and were skipped: of
# all else there are $beside, which pass
beside=0
checked() {
	text=$(ran env PATH="$tmp/bin:$PATH" "$project/scripts/check.sh")
	printf '%s\n' "$text" | sed -n '1p; s/^  \(FAIL\|SKIP\)  */\1 /p; /^not ok/p'
	# shellcheck disable=SC2046 # words
	set -- $(printf '%s\n' "$text" | tail -n 1)
	echo "$(($1 - beside)) passed, $3 failed, $5 skipped"
}
# tests NAME COMMANDS WANTED: that script does that
tests() {
	printf '#!/bin/sh\n%s\n' "$2" >"$project/vm/tests/a_test.sh"
	check "tests: $1" "$(checked)" "$3"
}
# guests NAME COMMANDS WANTED: the guests do that
guests() {
	echo "$2" >"$GUEST"
	check "guest: $1" "$(checked)" "$3"
}

echo 'echo "1 passed, 0 failed, 0 skipped"' >"$GUEST"
beside=$(checked | sed -n 's/ passed.*//p')
beside=$((beside - 4))
incomplete='FAIL vm/tests/a_test.sh: no complete TAP, exit status'
tests "all passes" 'echo "ok 1 - a"; echo "ok 2 - b"; echo 1..2' "0
5 passed, 0 failed, 0 skipped"
tests "there is none" 'echo 1..0' "1
$incomplete 0
3 passed, 1 failed, 0 skipped"
tests "nothing is said" 'true' "1
$incomplete 0
3 passed, 1 failed, 0 skipped"
tests "one fails" 'echo "ok 1 - a"; echo "not ok 2 - b"; echo "# why"; echo "ok 3 - c"; echo 1..3; exit 1' "1
not ok 2 - b
5 passed, 1 failed, 0 skipped"
tests "one fails, and the exit status is 0" 'echo "ok 1 - a"; echo "not ok 2 - b"; echo 1..2' "1
not ok 2 - b
$incomplete 0
not ok 2 - b
4 passed, 2 failed, 0 skipped"
tests "none fails, and the exit status is 1" 'echo "ok 1 - a"; echo 1..1; exit 1' "1
$incomplete 1
4 passed, 1 failed, 0 skipped"
tests "the plan is longer" 'echo "ok 1 - a"; echo 1..2' "1
$incomplete 0
4 passed, 1 failed, 0 skipped"
tests "the plan is missing" 'echo "ok 1 - a"' "1
$incomplete 0
4 passed, 1 failed, 0 skipped"
# shellcheck disable=SC2016 # for that script
tests "what runs it is killed" 'kill -9 $PPID' "1
FAIL of 4 scripts of tests only 0 have ended
0 passed, 1 failed, 0 skipped"
tests "one is skipped" 'echo "ok 1 - a # SKIP there is no awk"; echo "ok 2 - b"; echo 1..2' "0
SKIP a: there is no awk
4 passed, 0 failed, 1 skipped"

cp "$project/bench/tests/a_test.sh" "$project/vm/tests/a_test.sh"
guests "some are skipped" 'echo "2 passed, 0 failed, 1 skipped"' "0
7 passed, 0 failed, 3 skipped"
guests "one fails" 'echo "FAIL a"; echo "2 passed, 1 failed, 0 skipped"; exit 1' "1
7 passed, 3 failed, 0 skipped"
guests "nothing but skips" 'echo "0 passed, 0 failed, 2 skipped"; exit 4' "0
1 passed, 0 failed, 6 skipped"
ended="FAIL the guest's run ended with exit status"
guests "none fails, and the exit status is 3" 'echo "2 passed, 0 failed, 0 skipped"; exit 3' "1
$ended 3
$ended 3
$ended 3
1 passed, 3 failed, 0 skipped"
guests "none has run" 'echo "0 passed, 0 failed, 0 skipped"' "1
$ended 0
$ended 0
$ended 0
1 passed, 3 failed, 0 skipped"
guests "nothing is said" 'true' "1
$ended 0
$ended 0
$ended 0
1 passed, 3 failed, 0 skipped"

# The patches
echo 'echo "1 passed, 0 failed, 0 skipped"' >"$GUEST"
echo 'Reviewed-by: A <a@localhost>' >>"$project/patches/6.12/cover-letter"
ln -s ../common/none.patch "$project/patches/6.12/0002-none.patch"
check "patches: a sign-off, and a link that leads nowhere" "$(checked)" "1
FAIL patches: every link leads to a patch, every series has a cover letter
FAIL patches: nobody's sign-off
2 passed, 2 failed, 0 skipped"
echo 'Signed-off-by: A <a@localhost>' >"$project/patches/6.12/cover-letter"
rm "$project/patches/6.12/0002-none.patch"
check "patches: another sign-off" "$(checked)" "1
FAIL patches: nobody's sign-off
3 passed, 1 failed, 0 skipped"
echo a >"$project/patches/6.12/cover-letter"

printf 'c man/A.2const\nIt says c.\n- b\n+ c\n' >"$project/proof/mutants/harness/other"
check "mutants: one does not apply" "$(checked)" "1
FAIL proof/mutants/harness: each applies
3 passed, 1 failed, 0 skipped"
rm "$project/proof/mutants/harness/other"

# What is not built is not tested.
echo 'echo "1 passed, 0 failed, 0 skipped"' >"$GUEST"
# fails SCRIPT CONDITION WANTED: where that script does, if CONDITION
fails() {
	mv "$project/$1" "$tmp/kept"
	printf '%s || exit 0\ndie "it cannot be done"\n' "$2" >"$tmp/stub"
	stub "$1" <"$tmp/stub"
	check "fails: $1" "$(checked)" "$3"
	mv "$tmp/kept" "$project/$1"
}
fails scripts/refresh.sh true "1
FAIL patches/6.12: applies with no fuzz; refresh changes nothing
3 passed, 1 failed, 0 skipped"
# shellcheck disable=SC2016 # the stub expands it
fails vm/initramfs.sh '[ "${TESTS:-}" = clone3_autoreap_random ]' "1
FAIL the guest of the random programs is not built
3 passed, 1 failed, 0 skipped"
# shellcheck disable=SC2016
fails vm/ready.sh '[ "$ARCH" != "$host_arch" ]' "1
FAIL the kernel of $(case $(uname -m) in aarch64) echo x86_64 ;; *) echo arm64 ;; esac), or its guest, is not built
3 passed, 1 failed, 0 skipped"
fails scripts/debian.sh true "0
SKIP the tests on $(case $(uname -m) in aarch64) echo x86_64 ;; *) echo arm64 ;; esac), as Debian's compiler for it is not to be had: it cannot be done
3 passed, 0 failed, 1 skipped"
check "fails: what is to be made" "$(printf 'die "no packages"\n' >"$tmp/stub"; stub scripts/deps.sh <"$tmp/stub"
	ran "$project/scripts/check.sh")" "2
error: no packages"

echo "1..$number"
[ "$failures" = 0 ]
