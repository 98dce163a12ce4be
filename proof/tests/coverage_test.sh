#!/bin/sh
# Usage: proof/tests/coverage_test.sh
# What proof/coverage.awk makes of gcov's files, with every awk that this machine has, and
# proof/coverage.sh of the counts that a guest sends. TAP on stdout.
# Exit status: 0 all passed; 1 otherwise.
set -eu
top=$(cd "$(dirname -- "$0")/../.." && pwd)
tmp=$(mktemp -d "${TMPDIR:-/tmp}/autoreap-coverage.XXXXXX")
trap 'rm -rf "$tmp"' EXIT
. "$top/scripts/tests/tap.sh"
. "$top/scripts/tests/project.sh"

# A function of two lines that are added, and one that is not; the first has a branch that
# is never taken. Lines that were not added, and files elsewhere, do not matter.
cat >"$tmp/fork.c.gcov" <<'END_OF_FILE'
        -:    0:Source:/tree/kernel/fork.c
function fork called 3 returned 100% blocks executed 80%
        3:    7:int fork(int n)
        3:    8:	if (n > 1)
branch  0 taken 0 (fallthrough)
branch  1 taken 3
    #####:    9:		return 2;
        3:   10:	return n;
        -:   11:}
END_OF_FILE
cat >"$tmp/string.h.gcov" <<'END_OF_FILE'
        -:    0:Source:/usr/include/kernel/fork.c
function strlen called 0 returned 0% blocks executed 0%
    #####:    8:	return 0;
END_OF_FILE
printf 'kernel/fork.c %s\n' 8 10 11 >"$tmp/added"
branch='kernel/fork.c: fork(): if (n > 1): branch 0'
echo "$branch: nobody forks twice" >"$tmp/unreached"

# coverage FILE...: exit status, and what is said that is no listing
coverage() {
	rc=0
	text=$($awk -v tree=/tree/ -f "$top/proof/coverage.awk" "$@") || rc=$?
	echo "$rc"
	echo "$text" | sed '/^listing /d'
}
head='file                              lines reached   branches taken   listed'
row='kernel/fork.c                         2 of    2        1 of    2 '
counted="$tmp/fork.c.gcov $tmp/string.h.gcov"
for awk in mawk gawk 'busybox awk'; do
	has_awk "$awk" || continue
	# shellcheck disable=SC2086 # words
	{
	check "$awk: all is reached, but what is listed" "$(coverage "$tmp/added" "$tmp/unreached" $counted)" "0
$head
$row       1"
	check "$awk: what is listed by line and branch" "$($awk -v tree=/tree/ -f "$top/proof/coverage.awk" \
		"$tmp/added" "$tmp/unreached" $counted | sed -n 's/^listing //p')" "kernel/fork.c:8         3 	if (n > 1)
kernel/fork.c:8   branch 0: 0
kernel/fork.c:8   branch 1: 3
kernel/fork.c:10         3 	return n;"
	: >"$tmp/empty"
	check "$awk: nothing is listed" "$(coverage "$tmp/added" "$tmp/empty" $counted)" "1
UNREACHED kernel/fork.c:8: fork(): if (n > 1): branch 0
$head
$row       0"
	printf '# FILE: ...\n\n' >"$tmp/comments"
	check "$awk: nothing but a comment" "$(coverage "$tmp/added" "$tmp/comments" $counted | sed -n 1,2p)" "1
UNREACHED kernel/fork.c:8: fork(): if (n > 1): branch 0"
	check "$awk: nothing is added" "$(coverage "$tmp/empty" "$tmp/unreached" $counted)" "0
$head"
	echo 'kernel/fork.c 9' | cat "$tmp/added" - >"$tmp/added.9"
	check "$awk: a line is not reached" "$(coverage "$tmp/added.9" "$tmp/unreached" $counted)" "1
UNREACHED kernel/fork.c:9: fork(): return 2;: line
$head
kernel/fork.c                         2 of    3        1 of    2        1"
	echo "kernel/fork.c: fork(): return n;: line: it cannot be" | cat "$tmp/unreached" - >"$tmp/reached"
	check "$awk: what is listed is reached" "$(coverage "$tmp/added" "$tmp/reached" $counted | sed -n 1,2p)" "1
LISTED, yet reached: kernel/fork.c: fork(): return n;: line"
	sed -i 's/it cannot be/now and then: by luck/' "$tmp/reached"
	check "$awk: which it may be now and then" "$(coverage "$tmp/added" "$tmp/reached" $counted | head -n 1)" 0
	sed '/   10:/{s/:.*/:   10:	if (n > 1)/; n; s/.*/branch  0 taken 0/;}' "$tmp/fork.c.gcov" >"$tmp/twice.c.gcov"
	check "$awk: what is listed is two lines" "$(coverage "$tmp/added" "$tmp/unreached" "$tmp/twice.c.gcov" | sed -n 1,2p)" "1
LISTED, but which of lines 8 and 10? $branch"
	echo 'kernel/exit.c 3' | cat "$tmp/added" - >"$tmp/added.exit"
	check "$awk: a file is not counted" "$(coverage "$tmp/added.exit" "$tmp/unreached" $counted | sed -n 1,2p)" "1
NOT COUNTED: kernel/exit.c"
	# What an inline function does in one file, it need not do in the other.
	sed 's/^branch  0 taken 0/branch  0 taken 2/; s/^branch  1 taken 3/branch  1 taken 0/' "$tmp/fork.c.gcov" >"$tmp/more.gcov"
	check "$awk: counts of two files add up" "$(coverage "$tmp/added" "$tmp/empty" "$tmp/fork.c.gcov" "$tmp/more.gcov")" "0
$head
kernel/fork.c                         2 of    2        2 of    2        0"
	}
done

# All of it, on a kernel of two functions, which the guest calls as a program.
make_project
git -C "$tmp/linux" checkout -q base
printf 'int forks;\nint copy(int n)\n{\n\treturn n;\n}\n' >"$tmp/linux/kernel/fork.c"
printf 'int unix_call(int n)\n{\n\treturn n;\n}\n' >"$tmp/linux/net/unix/af_unix.c"
committed "Linux 6.12.2"
git -C "$tmp/linux" checkout -q -b grown
cat >"$tmp/linux/kernel/fork.c" <<'END_OF_FILE'
int forks;
int copy(int n)
{
	if (n > 1)
		forks = n;
	return n;
}
END_OF_FILE
committed "clone: add CLONE_AUTOREAP"
git -C "$tmp/linux" push -q -f "$O/6.12/linux.git" base grown:series
stub vm/kernel.sh <<'END_OF_STUB'
mkdir -p "$obj/kernel" "$obj/net/unix" "$logs"
cat "$tree"/*/Makefile "$tree"/*/*/Makefile >"$obj/counted"
for file in kernel/fork net/unix/af_unix; do gcc --coverage -c -o "$obj/$file.o" "$tree/$file.c"; done
echo 'int copy(int), unix_call(int); int main(int c, char **v) { return copy(c) + unix_call(c) < 0; }' >"$obj/main.c"
gcc -o "$obj/main" "$obj/main.c" "$obj/kernel/fork.o" "$obj/net/unix/af_unix.o" --coverage -fprofile-dir="$obj"
END_OF_STUB
cat >"$tmp/list" <<'LIST'
clone3/clone3_clone3
LIST
"$project/vm/initramfs.sh"
cat >"$tmp/recorded" <<'RESULTS'
guest: begin 6.12.2
TAP version 13
1..1
# selftests: clone3: clone3_clone3
ok 1 selftests: clone3: clone3_clone3
RESULTS
# counts "N ..." [SED] [COMMAND]: what is said of a guest that calls the kernel so, with N words,
# whose results SED alters, and where QEMU ends by COMMAND
counts() {
	cat >"$GUEST" <<RUN
for n in $1; do GCOV_PREFIX=\$run/gcda "\$obj/main" \$(seq \$n); done
{
	cat '$tmp/recorded'
	(cd gcda && find . -type f | cpio -o -H newc 2>/dev/null) | gzip | base64 | sed 's/^/gcov: /'
	echo "guest: end 0"
} | sed '${2:-}' >results.log
${3:-}
RUN
	ran "$project/proof/coverage.sh" | sed '/^  /d; 2,/^again/d; s,o/6.12/log-coverage/,,'
}
rm -rf "$project/proof/lines-not-reached"
: >"$project/proof/lines-not-reached"
told="1 passed, 0 failed, 0 skipped"
listing="each line with its counts: o/6.12/coverage/listing"
check "coverage.sh: all is reached" "$(counts "0 2")" "0
$told
$head
kernel/fork.c                         2 of    2        2 of    2        0
$listing"
check "coverage.sh: the listing" "$(cat "$O/6.12/coverage/listing")" "kernel/fork.c:4         2 	if (n > 1)
kernel/fork.c:4   branch 0: 1
kernel/fork.c:4   branch 1: 1
kernel/fork.c:5         1 		forks = n;"
check "coverage.sh: what the kernel counts" "$(cat "$O/6.12/obj-coverage/counted")" "GCOV_PROFILE_fork.o := y
GCOV_PROFILE_af_unix.o := y"
unreached="$told
UNREACHED kernel/fork.c:5: copy(): forks = n;: line"
check "coverage.sh: a line is not reached" "$(counts 0 | sed '/: branch/d; /^file/,$d')" "1
$unreached"
cat >"$project/proof/lines-not-reached" <<'LIST'
kernel/fork.c: copy(): if (n > 1): branch 0: now and then: which is which is gcc's affair
kernel/fork.c: copy(): if (n > 1): branch 1: now and then: the same
kernel/fork.c: copy(): forks = n;: line: nobody says 2
LIST
check "coverage.sh: which is listed" "$(counts 0 | head -n 1)" 0
check "coverage.sh: what is listed is reached" "$(counts "0 2" | head -n 4)" "1
$told
LISTED, yet reached: kernel/fork.c: copy(): forks = n;: line
$head"
check "coverage.sh: a test fails" "$(counts 0 's/^ok/not &/' | sed -n '1p; s/of .*/of/p')" "1
kernel/fork.c                         1 of"
check "coverage.sh: the kernel complains" "$(counts 0 '' 'echo BUG: x >console.log' |
	sed -n '1p; /^file/p')" 3
mkdir "$tmp/bin"
printf '#!/bin/sh\n' >"$tmp/bin/gcov"
chmod +x "$tmp/bin/gcov"
check "coverage.sh: gcov says nothing" "$(PATH=$tmp/bin:$PATH counts 0 | sed '2,$d'; ran env PATH="$tmp/bin:$PATH" "$project/proof/coverage.sh" | tail -n 1)" \
	"2
error: gcov says nothing of o/6.12/linux-coverage (log: o/6.12/log-coverage/gcov.log)"
check "coverage.sh: no counts are sent" "$(counts 0 /gcov/d 2>&1 | tail -n 1)" "error: the guest sent no counts (log: gcov.log)"

echo "1..$number"
[ "$failures" = 0 ]
