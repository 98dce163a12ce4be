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
refresh() { "$project/scripts/refresh.sh"; }

last=$project/patches/6.12/0004-clone-last.patch
check "nothing to do" "$(refresh)" "  SAME     patches/6.12"
ln "$project/patches/common/last.patch" "$tmp/before"
chmod 640 "$project/patches/common/last.patch"
echo edited >>"$project/samples/pidfd/loop.c"
refresh >/dev/null
check "an edit: through the link, which is one still" "$(readlink "$last"):$(grep -c '^+edited' "$last")" \
	../common/last.patch:1
check "an edit: beside and renamed, what was there is not written to" "$(grep -c edited "$tmp/before")" 0
check "an edit: mode and number of files stay" "$(stat -c %a "$project/patches/common/last.patch"):$(find "$project/patches" -name '*last*' | wc -l)" 640:2
refresh >/dev/null
check "a second time changes nothing" "$(refresh)" "  SAME     patches/6.12"

# What is written, on a disk with any room
cat >"$tmp/full" <<'END'
mount -t tmpfs -o size=8m none "$tmp/small" || exit 77
cp -a "$project" "$tmp/small/project"
cd "$tmp/small"
seq 9000 >>project/samples/pidfd/loop.c
old=$(cksum <project/patches/common/last.patch) was=0 is=0
for free in 0 1 2 5 10 14 16 18 40; do
	dd if=/dev/zero of=fill bs=1M count=9 2>/dev/null
	truncate -s -$((free * 4))K fill
	rc=0
	project/scripts/refresh.sh >"$tmp/out" 2>&1 || rc=$?
	rm fill
	if [ "$rc" = 0 ] && project/scripts/refresh.sh --check >/dev/null 2>&1; then
		is=$((is + 1))
		cp "$project/patches/common/last.patch" project/patches/common/last.patch
	elif [ "$rc" = 2 ] && [ "$(cksum <project/patches/common/last.patch)" = "$old" ] &&
		grep -q '^error: cannot write .*, which is as it was: No space left on device$' "$tmp/out" &&
		[ -z "$(find project/patches -name '*.new')" ]; then
		was=$((was + 1))
	else
		echo "$free pages free, exit status $rc: $(cat "$tmp/out")"
	fi
done
[ "$was" -gt 1 ] && [ "$is" -gt 1 ] || echo "as it was: $was, written: $is"
END
mkdir "$tmp/small"
export tmp tiny project
rc=0
full=$(unshare -rm sh "$tmp/full" 2>"$tmp/err") || rc=$?
if [ "$rc" = 1 ] || [ "$rc" = 77 ]; then
	number=$((number + 1))
	echo "ok $number - a full disk # SKIP no file system can be mounted here: $(tail -n 1 "$tmp/err")"
else
	check "a full disk leaves the patch as it was" "$full" ""
fi

# What make base remembers
bases() { env BASE="$1" KDIR="$2" "$project/scripts/name.sh" >/dev/null; cat "$project/bases.local"; }
check "make base: names a tree, and another" "$(bases 6.12 "$tiny" >/dev/null; echo "5.10 /x" >>"$project/bases.local"; bases 6.12 "$tiny")" "5.10 /x
6.12 $tiny"

echo "1..$number"
[ "$failures" = 0 ]
