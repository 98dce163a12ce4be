#!/bin/sh
# Usage: scripts/tests/refresh_test.sh
# make refresh and make export write each patch whole or not at all; TAP on stdout. No
# kernel is needed.
# Exit status: 0 all passed; 1 otherwise.
. "$(dirname -- "$0")/../lib.sh"
. "$top/scripts/tests/tap.sh"
. "$top/scripts/tests/tiny.sh"
tiny_tree
tiny_project
mkdir "$project/patches/common"
mv "$project/patches/6.12/0004-clone-last.patch" "$project/patches/common/last.patch"
ln -s ../common/last.patch "$project/patches/6.12/0004-clone-last.patch"
export O="$tmp/o" KDIR="$tiny"
refresh() { "$project/scripts/refresh.sh" "$@"; }

last=$project/patches/6.12/0004-clone-last.patch
check "nothing to do" "$(refresh)" "  SAME     patches/6.12"
ln "$project/patches/common/last.patch" "$tmp/before"
chmod 640 "$project/patches/common/last.patch"
echo edited >>"$project/samples/pidfd/loop.c"
check "an edit: --check names the stale patch" "$(refresh --check || echo "exit status $?")" \
	"stale: patches/6.12/0004-clone-last.patch (run 'make refresh')
exit status 1"
check "an edit: and writes nothing" "$(grep -c '^+edited' "$last")" 0
refresh >/dev/null
check "an edit: through the link, which is one still" "$(readlink "$last"):$(grep -c '^+edited' "$last")" \
	../common/last.patch:1
check "an edit: beside and renamed, what was there is not written to" "$(grep -c edited "$tmp/before")" 0
check "an edit: mode and number of files stay" "$(stat -c %a "$project/patches/common/last.patch"):$(find "$project/patches" -name '*last*' | wc -l)" 640:2
refresh >/dev/null
check "a second time changes nothing" "$(refresh)" "  SAME     patches/6.12"
mv "$project/samples/pidfd/loop.c" "$tmp/loop.c"
refuses "a file that is gone" 'adds samples/pidfd/loop\.c, which this project does not have' refresh
mv "$tmp/loop.c" "$project/samples/pidfd/loop.c"

# What is written, on a disk with any room
full_disk "a full disk leaves the patch as it was" 4 5 <<'END'
prepare() {
	cp -a "$project" project
	seq 9000 >>project/samples/pidfd/loop.c
	old=$(sum)
}
sum() { cksum <project/patches/common/last.patch; }
attempt() { project/scripts/refresh.sh; }
taken() { project/scripts/refresh.sh --check >/dev/null 2>&1; }
again() { cp "$project/patches/common/last.patch" project/patches/common/last.patch; }
untouched() {
	[ "$(sum)" = "$old" ] && [ -z "$(find project/patches -name '*.new')" ] &&
	grep -q '^error: cannot write .*, which is as it was: No space left on device$' "$tmp/out"
}
END

# What make base remembers
bases() { env BASE="$1" KDIR="$2" "$project/scripts/base-name.sh" >/dev/null; cat "$project/bases.local"; }
check "make base: names a tree, and another" "$(bases 6.12 "$tiny" >/dev/null; echo "5.10 /x" >>"$project/bases.local"; bases 6.12 "$tiny")" "5.10 /x
6.12 $tiny"

# A commit that was dropped is not in the patches.
export KDIR="$tiny"
"$project/scripts/tree.sh" >/dev/null
git -C "$(echo "$O"/kdir-*/linux)" reset -q --hard HEAD~1
refuses "export: a patch without a commit" '0004-clone-last[.]patch has no commit of that number and title' "$project/scripts/refresh.sh" --export

echo "1..$number"
[ "$failures" = 0 ]
