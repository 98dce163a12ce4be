#!/bin/sh
# Usage: [BASE=] [SMP=] [ACCEL=] scripts/check.sh
# All tests of this project: of the series, of the scripts, of the verdict, the
# kselftests in the guest, some random programs there, and a few tests on another
# architecture. Makes what is missing of all that. A line for each test; the last line is
# `N passed, N failed, N skipped`.
# Exit status: 0 if none failed; 1 otherwise; 2 if something could not be made.
. "$(dirname -- "$0")/lib.sh"
. "$top/scripts/lib/place.sh"

# check NAME COMMAND...: a test that is a command; its output matters if it fails
check() {
	name=$1; shift
	if "$@" >"$log/check.log" 2>&1 </dev/null; then
		step OK "$name"
		count 1 0 0
	else
		step FAIL "$name"
		sed 's/^/	/' "$log/check.log"
		count 0 1 0
	fi
}

# count PASSED FAILED SKIPPED
count() { passed=$((passed + $1)) failed=$((failed + $2)) skipped=$((skipped + $3)); }

# judge STATUS FILE: a script that printed TAP to its log, and ended so; only its failures are shown
judge() {
	rc=$1 said=$log/tests/$(echo "$2" | tr / -).log
	sed -n '/^not ok/,/^ok/{/^ok/d;p;}' "$said"
	ok=$(grep -c '^ok ' "$said" || :) not=$(grep -c '^not ok ' "$said" || :)
	# No test at all is no pass.
	if [ "$(tail -n 1 "$said")" != "1..$((ok + not))" ] || [ "$rc:$not" != "$((not > 0)):$not" ] ||
		[ $((ok + not)) = 0 ]; then
		step FAIL "$2: no complete TAP, exit status $rc"
		tail -n 5 "$said"
		not=$((not + 1))
	fi
	skips=$(grep -c '^ok .* # SKIP ' "$said" || :)
	sed -n 's/^ok [0-9]* - \(.*\) # SKIP \(.*\)/\1: \2/p' "$said" |
		while read -r line; do step SKIP "$line"; done
	[ "$not" != 0 ] || step OK "$2 ($((ok - skips)) tests)"
	echo "$((ok - skips)) $not $skips" >>"$log/tests/counts"
}

# taps FILE...: such scripts, one for each processor at a time
taps() {
	rm -rf "$log/tests"
	mkdir "$log/tests"
	: >"$log/tests/counts"
	# shellcheck disable=SC2016 # for that shell
	printf '%s\n' "$@" | xargs -P "$(nproc)" -I FILE sh -c \
		'rc=0; "$1" >"$2/$(echo "$1" | tr / -).log" 2>&1 </dev/null || rc=$?; echo "$rc $1"' - FILE "$log/tests" |
		while read -r rc file; do judge "$rc" "$file"; done
	# shellcheck disable=SC2046 # words
	count $(awk '{ passed += $1; failed += $2; skipped += $3 } END { print passed + 0, failed + 0, skipped + 0 }' "$log/tests/counts")
	# A script that does not say how it has ended is a failure, too.
	ended=$(wc -l <"$log/tests/counts")
	[ "$ended" = $# ] || { step FAIL "of $# scripts of tests only $ended have ended"; count 0 1 0; }
}

# guest [VARIABLE=VALUE]...: the kselftests; the last line of run.sh is
# `N passed, N failed, N skipped`
guest() {
	rc=0
	{ env "$@" vm/run.sh kselftest || rc=$?; } >"$log/guest.log" 2>&1
	sed '$d' "$log/guest.log"
	# shellcheck disable=SC2046
	set -- $(tail -n 1 "$log/guest.log" |
		sed -n 's/^\([0-9]*\) passed, \([0-9]*\) failed, \([0-9]*\) skipped$/\1 \2 \3/p')
	# 4 is nothing but skips, all of them of what this kernel lacks.
	if [ $# != 3 ] || [ "$*" = "0 0 0" ] || { [ "$rc" != 0 ] && [ "$rc" != 4 ] && [ "$2" = 0 ]; }; then
		step FAIL "the guest's run ended with exit status $rc"
		tail -n 1 "$log/guest.log"
		set -- 0 1 0
	fi
	count "$@"
}

# The committer signs; there is no history here to find a commit in; clone3_autoreap_clone
# does mean a missing system call; ElfW() is libc's.
ignore=MISSING_SIGN_OFF,FILE_PATH_CHANGES,UNKNOWN_COMMIT_ID,ENOSYS,CAMELCASE
# helper.h of the samples is for any program: it has the types and attributes that C has, and
# what a child that shares memory writes is volatile. SPACING takes (*run) for a cast.
portable=PREFER_KERNEL_TYPES,PREFER_DEFINED_ATTRIBUTE_MACRO,VOLATILE,SPACING
# From standard input: checkpatch takes a file that git tracks for source code. It
# leaves a cache where it is called. The line of a backport that names the commit is in the form
# of the stable kernels, which checkpatch does not know.
checkpatch() (
	cd "$log"
	sed '/^commit [0-9a-f]\{40\} upstream[.]$/d' "$top/$1" | "$work/linux/scripts/checkpatch.pl" --no-tree --strict --quiet \
		--ignore "$(case $1 in *samples*) echo "$ignore,$portable" ;; *) echo "$ignore" ;; esac)" -
)

# What cannot be read is not without one.
unsigned() {
	rc=0
	grep -iE '^(Signed-off-by|Co-developed-by|Reviewed-by|Acked-by|Tested-by):' "$@" || rc=$?
	[ "$rc" = 1 ]
}

# The man-pages project fills in the date.
man_pages() {
	for page in man/*.2const; do
		sed '/^\.TH /s/(date)/1970-01-01/' "$page" | mandoc -T lint -W warning || return
	done
}

whole() {
	for p in "$top"/patches/*/*.patch "$top"/patches/[0-9]*/cover-letter; do
		[ -f "$p" ] || { echo "$p is missing or leads nowhere"; return 1; }
	done
}

# A mutant of a script that has changed would not be tried.
mutants_apply() {
	awk -f proof/harness.awk proof/mutants/harness/* >"$log/mutants" || return
	while IFS='	' read -r name file _; do
		awk -v name="$name" -f proof/harness.awk \
			"$(grep -lxF -e "$name $file" proof/mutants/harness/*)" "$file" >/dev/null || return
	done <"$log/mutants"
}

# texts: of patches, scripts and pages
texts() {
	check "patches: every link leads to a patch, every series has a cover letter" whole
	check "patches: each adds the files of the project" scripts/added.sh
	check "patches: nobody's sign-off" unsigned patches/*/*.patch patches/*/cover-letter man/*.patch
	check "patches/$BASE: applies with no fuzz; refresh changes nothing" scripts/refresh.sh --check
	check "patches/$BASE: as mails they give the same tree" scripts/mail.sh
	check "patches: each linux-source that apt offers takes its series" scripts/reach.sh
	for patch in patches/common/*.patch $(find patches/[0-9]* -type f -name '*.patch'); do
		check "checkpatch --strict $patch" checkpatch "$patch"
	done
	# shellcheck disable=SC2046
	check "patches: repairs, upstream commits and comments, as messages.sh reads them" \
		scripts/messages.sh $(find patches -type f \( -name '*.patch' -o -name cover-letter \))
	check "tests: each one that is cited exists" scripts/cited.sh
	check "proof/mutants/harness: each applies" mutants_apply
	check "README.svg: says what the picture of the page says" scripts/picture.sh --check
	# shellcheck disable=SC2046
	check "shellcheck" shellcheck -x -P SCRIPTDIR \
		$(grep -rlE '^#!/bin/sh|^# shellcheck shell' scripts vm proof bench .ci)
	check "codespell" codespell -q 3 --ignore-words-list=smove,bu,inout,filp \
		README.md MAINTAINERS Makefile scripts vm proof bench samples tools patches man Documentation
	check "mandoc" man_pages
}

# random_programs: some, in a guest of their own
random_programs() {
	set -- INITRAMFS="$work/initramfs-random.cpio" EXPECTED="$work/expected-random" \
		RUN="$work/run-random" TESTS=clone3_autoreap_random ROUNDS=5000 SMP=1
	if env "$@" vm/initramfs.sh; then
		guest "$@"
	else
		step FAIL "the guest of the random programs is not built"
		count 0 1 0
	fi
}

# elsewhere: a few tests on $other
elsewhere() {
	if ! "$top/scripts/debian.sh" sources sid >/dev/null 2>"$log/check.log"; then
		step SKIP "the tests on $other, as Debian's compiler for it is not to be had: $(sed 's/^error: //' "$log/check.log")"
		count 0 0 1
		return
	fi
	set -- ARCH="$other" TESTS="clone3_autoreap_clone clone3_autoreap_info clone3_autoreap_status"
	step ARCH "$other"
	if env "$@" vm/ready.sh; then
		guest "$@"
	else
		step FAIL "the kernel of $other, or its guest, is not built"
		count 0 1 0
	fi
}

main() {
	where
	cd "$top"
	# The other architecture, if this run is not for another one itself.
	other=
	if [ "$ARCH" = "$host_arch" ]; then
		other=arm64
		[ "$ARCH" != arm64 ] || other=x86_64
	fi
	# All that is missing is said, or installed, at once.
	"$top/vm/qemu.sh" check
	"$top/scripts/deps.sh" guests $other
	"$top/vm/ready.sh"

	log=$O/log
	mkdir -p "$log"
	passed=0 failed=0 skipped=0

	texts
	taps vm/tests/*_test.sh proof/tests/*_test.sh bench/tests/*_test.sh scripts/tests/*_test.sh
	guest
	random_programs
	[ -z "$other" ] || elsewhere
	echo "$passed passed, $failed failed, $skipped skipped"
	[ "$failed" = 0 ]
}

main
