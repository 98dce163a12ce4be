#!/bin/sh
# Usage: scripts/tests/page_test.sh
# What scripts/added.sh, cited.sh, picture.sh and examples.sh say of pages, tests and patches
# that have lost something. TAP on stdout.
# Exit status: 0 all passed; 1 otherwise.
set -eu
top=$(cd "$(dirname -- "$0")/../.." && pwd)
tmp=$(mktemp -d "${TMPDIR:-/tmp}/autoreap-page.XXXXXX")
trap 'rm -rf "$tmp"' EXIT
. "$top/scripts/tests/tap.sh"
unset KDIR BASE ARCH DEBUG PAGES KIND
export O="$tmp/o"
project=$tmp/project
mkdir -p "$project/patches/6.12" "$project/patches/7.1" "$project/patches/common"
(cd "$top" && cp -R --parents scripts/*.sh scripts/lib scripts/attributes vm/expected.awk Documentation man samples README.md README.svg "$project")
cd "$project"
# says COMMAND...: exit status, and what is said
says() {
	rc=0
	text=$("$@" 2>&1 </dev/null) || rc=$?
	echo "$rc${text:+
$text}"
}
# without FILE SED COMMAND...: it, with FILE as SED alters it
without() {
	file=$1
	cp "$file" "$tmp/kept"
	sed "$2" "$tmp/kept" >"$file"
	cmp -s "$file" "$tmp/kept" && echo "$file: nothing to alter"
	shift 2
	"$@"
	cp "$tmp/kept" "$file"
}

# A patch of each base adds a file of the project's, one of them by a link.
echo one >samples/one.c
echo two >samples/two.c
# adds FILE LINES: a patch that does
adds() {
	lines=$(echo "$2" | wc -l)
	printf -- '---\n %s | %d +\n create mode 100644 %s\n\ndiff --git a/%s b/%s\nnew file mode 100644\n--- /dev/null\n+++ b/%s\n@@ -0,0 +1,%d @@\n' \
		"$1" "$lines" "$1" "$1" "$1" "$1" "$lines"
	echo "$2" | sed 's/^/+/'
}
adds samples/one.c one >patches/common/one.patch
ln -s ../common/one.patch patches/6.12/0001-one.patch
adds samples/two.c two >patches/6.12/0002-two.patch
adds samples/two.c two >patches/7.1/0001-two.patch
check "added: the project's own files" "$(says scripts/added.sh)" 0
adds samples/one.c other >patches/common/one.patch
check "added: another, in common" "$(says scripts/added.sh)" "1
patches/common/one.patch adds another samples/one.c than the project's: BASE=version make refresh"
adds samples/one.c one >patches/common/one.patch
adds samples/two.c "two
and more" >patches/6.12/0002-two.patch
check "added: another, by one of two bases" "$(says scripts/added.sh)" "1
patches/6.12/0002-two.patch adds another samples/two.c than the project's: BASE=version make refresh"
adds samples/two.c two >patches/6.12/0002-two.patch
rm samples/two.c
check "added: one that is gone" "$(says scripts/added.sh | sed 's/ than .*//')" "1
patches/6.12/0002-two.patch adds another samples/two.c
patches/7.1/0001-two.patch adds another samples/two.c"

# Citations: for a page, for a man page, and in the table of the tests' README
tests=tools/testing/selftests/clone3
mkdir -p $tests proof
section='What it is not'
claim() { printf '# PAGE PROGRAM TEST SECTION\nclone_autoreap clone3_autoreap %s\n' "$1" >proof/claims; }
printf 'TEST_F(autoreap, leaves_no_zombie)\nTEST_F(autoreap, leaves_no_child)\n' >$tests/clone3_autoreap.c
table() {
	printf '%s\n' 'Who tests what' -----------
	printf '%-68s%s\n' 'no zombie' "$1"
	printf '%s\n' 'What is no test' 'what_is_none'
} >$tests/README
table '"leaves_no_zombie", leaves_no_*'
# cites TEST [SECTION]: what is said if it is cited for a man page, too
cites() {
	claim "$test $section"
	echo "PIDFD_GET_INFO.2const clone3_autoreap $1 ${2:-RETURN VALUE}" >>proof/claims
	says scripts/cited.sh
}
test=autoreap.leaves_no_zombie
claim "$test $section"
check "cited: all are there" "$(says scripts/cited.sh)" 0
check "cited: one more that is" "$(cites "$test")" 0
check "cited: by its name without the fixture" "$(cites "${test#*.}")" 0
check "cited: by a pattern" "$(cites "${test%_*}_*")" 0
check "cited: none of that name" "$(cites autoreap.is_no_test)" "1
no test is called autoreap.is_no_test"
check "cited: a part of a name" "$(cites "${test%_*}")" "1
no test is called ${test%_*}"
check "cited: a name, and more" "$(cites "${test}_too")" "1
no test is called ${test}_too"
check "cited: of a section that the man page has not" "$(cites "$test" OPTIONS)" "1
PIDFD_GET_INFO.2const has no section 'OPTIONS'"
check "cited: of a line of the man page that is no heading" "$(cites "$test" Linux.)" "1
PIDFD_GET_INFO.2const has no section 'Linux.'"
claim "autoreap.is_no_test $section"
check "cited: of a section, none of that name" "$(says scripts/cited.sh)" "1
no test is called autoreap.is_no_test"
claim "$test What it is"
check "cited: of a section that is not there" "$(says scripts/cited.sh)" "1
clone_autoreap.rst has no section 'What it is'"
claim "$test $section"
table leaves_any_zombie
check "cited: in the table, none of that name" "$(says scripts/cited.sh)" "1
no test is called leaves_any_zombie"

# The picture
dot=Documentation/userspace-api/clone_autoreap.dot
word=$(sed -n 's/.*label = "\([^"\\]*\)".*/\1/p' $dot | head -n 1)
check "picture: as it is" "$(says scripts/picture.sh --check)" 0
check "picture: lacks a word" "$(without $dot "s/label = \"$word\"/label = \"$word indeed\"/" says scripts/picture.sh --check)" "1
README.svg lacks '$word indeed': run scripts/picture.sh"
check "picture: there is no word" "$(without $dot s/label/word/ says scripts/picture.sh --check)" "2
error: no label in $project/$dot"
mkdir "$tmp/bin"
# shellcheck disable=SC2016 # the script expands it
printf '#!/bin/sh\necho half >"$3"\n[ ! -e "%s/fails" ]\n' "$tmp" >"$tmp/bin/dot"
chmod +x "$tmp/bin/dot"
touch "$tmp/fails"
before=$(cksum <README.svg)
check "picture: graphviz fails" "$(says env PATH="$tmp/bin:$PATH" scripts/picture.sh; cksum <README.svg)" "1
$before"
rm "$tmp/fails"
check "picture: it is drawn" "$(says env PATH="$tmp/bin:$PATH" scripts/picture.sh; cat README.svg)" "0
half"

# Examples
page=Documentation/userspace-api/clone_autoreap.rst others=Documentation/userspace-api/clone_autokill.rst
mkdir "$tmp/dir"
examples() { rm -f "$tmp/dir"/*; says scripts/examples.sh "$tmp/dir"; }
# lost FILE SED WHAT
lost() {
	check "examples: $3" "$(without "$1" "$2" examples)" "2
error: $3"
}
check "examples: all are there" "$(examples; cd "$tmp/dir" && ls page.c libhelper.c run.py class.cc flags.h group.h high.h probe.c man.c readme.c helper.h)" "0
class.cc
flags.h
group.h
helper.h
high.h
libhelper.c
man.c
page.c
probe.c
readme.c
run.py"
lost $page s/helper_start/helper_begin/g "the page has lost its example"
lost $page 's/^Other languages$/Languages/' "the page has lost its libhelper.c"
lost $page '/^Python then runs a program/d' "the page has lost its run.py"
lost $page '/^C++ includes the file as it is/d' "the page has lost its class.cc"
# shellcheck disable=SC2016
lost README.md 's/^```c$/```/' "the README has lost its example"
lost $others 's/struct helper_args/struct some_args/' "the page of the other flags has lost its flags"
lost $others '/A PID namespace/d' "the page of the other flags has lost its flags"
lost $others '/A process group/d' "the page of the other flags has lost its process group"
lost $others 's/high = fcntl/low = fcntl/' "the page of the other flags has lost its high number"
lost $others '/= probe(/{s/= probe/= prove/;}' "the page of the other flags has lost a probe"
lost man/PIDFD_GET_INFO.2const 's/^exit_status/end_status/' "the man page has lost its example"

echo "1..$number"
[ "$failures" = 0 ]
