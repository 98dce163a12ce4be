#!/bin/sh
# Usage: scripts/tests/message_test.sh
# Tests scripts/messages.sh on small patches, each with one fault or none. TAP on stdout.
# Exit status: 0 all passed; 1 otherwise.
. "$(dirname -- "$0")/../lib.sh"
. "$top/scripts/tests/tap.sh"
tmp=$(mktemp -d "${TMPDIR:-/tmp}/autoreap-message.XXXXXX")
trap 'rm -rf "$tmp"' EXIT

# found NAME WANTED MESSAGE [LINE]: what is said of a patch with this message, which adds LINE
found() {
	{
		printf 'From 0000000000000000000000000000000000000000 Mon Sep 17 00:00:00 2001\n'
		printf 'Subject: [PATCH] signal: a subject\n\n%b\n---\n kernel/signal.c | 1 +\n\n' "$3"
		printf '%s\n+++ b/kernel/signal.c\n@@ -1 +1,2 @@\n void f(void);\n' '--- a/kernel/signal.c'
		printf '+%b\n' "${4:-int i;}"
	} >"$tmp/patch"
	status=0
	said=$(cd "$tmp" && "$top/scripts/messages.sh" patch) || status=$?
	check "$1" "$status: $said" "$2"
}

found "a patch without a fault" "0: " "The status is kept. Mainline does so since\ncommit 4513522984a0 (\"pidfs: record\nexit code\")."
found "a repair by a later patch" "1: patch: leaves a repair to a later patch" "A pidfd can miss the status. The next\npatch fixes that."
found "an addition by a later patch" "1: patch: leaves a repair to a later patch" "The bit is not set here. A subsequent\npatch adds it."
found "a repair by a later commit" "1: patch: leaves a repair to a later patch" "The next commit fixes the race."
found "a repair in the passive" "1: patch: leaves a repair to a later patch" "The race is fixed by the next\npatch."
found "a later patch that uses it" "0: " "The next patch calls the function."
found "a commit without its subject" "1: patch: commit 4513522984a0 is not named as 12 digits (\"subject\")" "Merged for 7.1 as 4513522984a0."
found "a commit of too few digits" "1: patch: commit 7477d7dce4 is not named as 12 digits (\"subject\")" "See 7477d7dce4 (\"pidfs: record exit code\")."
found "a commit of 40 digits" "1: patch: commit 4513522984a04513522984a04513522984a04513 is not named as 12 digits (\"subject\")" "See 4513522984a04513522984a04513522984a04513 (\"pidfs: record exit code\")."
found "a commit of 7 digits" "1: patch: commit 7477d7d is not named as 12 digits (\"subject\")" "See 7477d7d."
found "a commit of letters" "1: patch: commit feedbeefabcd is not named as 12 digits (\"subject\")" "See feedbeefabcd."
found "a commit of few letters" "1: patch: commit deadbeef is not named as 12 digits (\"subject\")" "See\ncommit deadbeef."
found "a commit of decimals" "1: patch: commit 4513522 is not named as 12 digits (\"subject\")" "See commit 4513522."
found "the commit that a backport is of" "0: " "commit 12ae2c81b21cfaa193db2faf035d495807edc3a7 upstream.\n\nText."
found "forty digits elsewhere" "1: patch: commit 12ae2c81b21cfaa193db2faf035d495807edc3a7 is not named as 12 digits (\"subject\")" "See commit 12ae2c81b21cfaa193db2faf035d495807edc3a7."
found "a word and a number" "0: " "The facade has 1000000 calls."
found "a commit in Link:" "0: " "Text.\n\nLink: https://lore.kernel.org/r/4513522984a0@redhat.com"
found "a comment of 80 columns" "0: " "Text." "$(printf '/* %074d */' 0)"
found "a comment of 81 columns" "1: patch: b/kernel/signal.c: a comment of 81 columns: $(printf '/* %075d */' 0)" "Text." "$(printf '/* %075d */' 0)"
found "a comment behind a tab" "1: patch: b/kernel/signal.c: a comment of 81 columns: $(printf '        /* %067d */' 0)" "Text." "\\t$(printf '/* %067d */' 0)"
found "a comment by slashes" "1: patch: b/kernel/signal.c: a comment of 81 columns: // $(printf '%078d' 0)" "Text." "// $(printf '%078d' 0)"
found "a comment behind code" "0: " "Text." "int i; $(printf '/* %075d */' 0)"

# A cover letter is a message as a whole, and a patch after it is read as ever.
printf 'signal: a letter\n\nSee 7477d7d.\n---\nThe next commit\nfixes it.\n' >"$tmp/letter"
cd "$tmp"
check "a cover letter, and a patch" "$("$top/scripts/messages.sh" letter patch || :)" \
	'letter: leaves a repair to a later patch
letter: commit 7477d7d is not named as 12 digits ("subject")'
check "a cover letter at the end" "$("$top/scripts/messages.sh" patch letter || :)" \
	'letter: leaves a repair to a later patch
letter: commit 7477d7d is not named as 12 digits ("subject")'
echo "1..$number"
[ "$failures" = 0 ]
