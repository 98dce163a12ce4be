#!/bin/sh
# Usage: scripts/tests/clean_test.sh
# Nothing is deleted, and nothing made, outside of an output directory with this project's
# mark, and there only what has a name of ours; TAP on stdout. No kernel is needed.
# Exit status: 0 all passed; 1 otherwise.
. "$(dirname -- "$0")/../lib.sh"
. "$top/scripts/tests/tap.sh"
. "$top/scripts/tests/tiny.sh"
tiny_tree
tiny_project
(cd "$top" && cp --parents -r vm/config/debug "$project/")
cd "$tmp"
mkdir -p "$project/bench" home/logs project.parent
echo mine >"$project/bench/figures"
export HOME="$tmp/home"
unset O BASE KDIR MAKEFLAGS MAKELEVEL

# run TARGET [VARIABLE=VALUE]...: make in the project
run() { make -s -C "$project" "$@"; }
# what make says itself is not the script's
script() {
	rc=0
	run "$@" >"$tmp/said" 2>&1 || rc=$?
	grep -v '^make' "$tmp/said" >&2
	return "$rc"
}
files() { (cd "$tmp" && find . -name said -o -path ./project/.git -prune -o -print | sort | cksum); }

# refused TARGET O PATTERN
refused() {
	before=$(files)
	refuses "make $1 O=$2" "$3" script "$1" O="$2"
	check "make $1 O=$2: and all is as it was" "$(files)" "$before"
}
mkdir -p other/6.12/linux.git other/6.12/log other/logs
echo mine >other/logs/mine
for target in clean mrproper bench; do
	refused "$target" . 'is this project, or holds it'
	refused "$target" "$project/../project" 'is this project, or holds it'
	refused "$target" .. 'is this project, or holds it'
	refused "$target" / 'is this project, or holds it'
	refused "$target" "$tmp/home" 'is a home'
	refused "$target" "$tmp/other" 'has files and no mark of this project.s; .*touch .*/other/\.clone-autoreap-output'
done
ln -s "$tmp/other" link
refused mrproper "$tmp/link" 'has files and no mark'
ln -s "$project" link2
refused mrproper "$tmp/link2" 'is this project, or holds it'
ln -s none dangling
refused clean "$tmp/dangling" 'is no directory'
refused clean "$project/typo" 'there is no O='
refused mrproper typo 'there is no O='
echo mine >file
refused mrproper "$tmp/file" 'is no directory'
for base in ../linux 6.12/../.. / . .. 6 .6 6. 6..12 6.12/x 6.12-rc1 linux '6.12 ..' ''; do
	[ -n "$base" ] || continue
	before=$(files)
	refuses "BASE=$base" "BASE=$base is no version; say one like 6\.12" script tree BASE="$base"
	check "BASE=$base: and all is as it was" "$(files)" "$before"
done
refuses "BASES" 'BASE=\.\./linux is no version' env BASES=../linux "$top/proof/differ.sh"
if [ "$(id -u)" = 0 ]; then
	mkdir theirs
	touch theirs/.clone-autoreap-output
	chown 1234 theirs
	refused clean "$tmp/theirs" "is another user's"
else
	skip "O of another user" "not root"
fi

# The mark: of what is made, and of what is empty; build/ of an earlier version is adopted
locked() { O=$1 "$project/scripts/lock.sh" true; }
names() { (cd "$1" && find . -mindepth 1 | sort | tr '\n' ' '); }
locked "$tmp/new/one"
check "mark: what is made has it" "$(names new/one)" "./.clone-autoreap-output ./.lock "
mkdir empty
locked "$tmp/empty"
check "mark: what is empty gets it" "$(names empty)" "./.clone-autoreap-output ./.lock "
check "clean: nothing was made yet" "$(run clean 2>&1; [ -e "$project/build" ] && echo made)" ""
mkdir -p "$project/build/6.12/obj" "$project/build/log"
check "clean: build/ of make deps by an earlier version" "$(run clean 2>&1; names "$project/build")" \
	"./.clone-autoreap-output ./.lock ./6.12 ./log "
rm -r "$project/build"
mkdir -p "$project/build/notes"
refused clean build 'has files and no mark'
touch "$project/build/.lock"
run clean
check "clean: build/ of an earlier version by its lock" "$(names "$project/build")" "./.clone-autoreap-output ./.lock ./notes "
rm -r "$project/build"
mkdir -p other/build
touch other/build/.lock
refused clean "$tmp/other/build" 'has files and no mark'
ln -s "$tmp/file" "$tmp/other/build/.clone-autoreap-output"
refused clean "$tmp/other/build" 'has files and no mark'

# What goes is what has a name of ours.
o=$tmp/o
locked "$o"
mkdir -p "$o/6.12" "$o/kdir-12" "$o/6.12.notes" "$o/logs" "$o/debs" "$o/6.12/debris" "$o/6.12/linux-mine" \
	"$o/6.12/rooted" "$o/bench" "$o/notes/log"
git init -q --bare "$o/6.12/linux.git"
(cd "$o/6.12" && mkdir linux obj obj-arm64-64K-debug-kasan root run-base log log-deb deb lab-arm64 userland coverage model series \
	linux-base linux-mutant-debug-kasan && touch initramfs-random.cpio expected-random series.id series.commit)
mkdir "$o/kdir-12/log" "$o/6.12/log-before" "$o/6.12/obj-arm64-mine" "$o/mine.removed" "$o/compilers"
touch "$o/6.12/initramfs-mine.cpio" "$o/6.12/why"
run clean O="$o"
check "clean: what was built goes, the kernels and what is the user's stay" "$(cd "$o" && echo [0-9n]*/*)" \
	"6.12/debris 6.12/initramfs-mine.cpio 6.12/linux 6.12/linux-mine 6.12/linux.git 6.12/log-before 6.12/obj-arm64-mine 6.12/rooted 6.12/series.commit 6.12/series.id notes/log"
check "mrproper: says what it leaves" "$(run mrproper O="$o" | tr -s ' ' | sed "s,$o,O,")" \
	" LEFT O/6.12, which has files that are not from here
 LEFT O, which has files that are not from here"
check "mrproper: what is the user's stays" "$(names "$o")" \
	"./.clone-autoreap-output ./6.12 ./6.12.notes ./6.12/debris ./6.12/initramfs-mine.cpio ./6.12/linux-mine ./6.12/log-before \
./6.12/obj-arm64-mine ./6.12/rooted ./debs ./logs ./mine.removed ./notes ./notes/log "
mkdir -p "$tmp/new/one/6.12/log" "$tmp/new/one/bench" "$tmp/new/one/6.1.removed"
run mrproper O="$tmp/new/one"
check "mrproper: all of ours goes" "$(ls new)" ""
for target in clean mrproper; do
	before=$(files)
	KDIR='' O='' run "$target"
	check "$target in a fresh project makes nothing" "$(files)" "$before"
done

# No other run may begin while it deletes: the lock goes last.
locked "$tmp/o2"
mkdir "$tmp/o2/download" "$tmp/bin"
# shellcheck disable=SC2016 # that script's
printf '#!/bin/sh\ncase "$*" in *lava*) O=%s %s/scripts/lock.sh true 2>&1 ;; esac\nexec /bin/rm "$@"\n' "$tmp/o2" "$project" >"$tmp/bin/rm"
chmod +x "$tmp/bin/rm"
sed -i 's,rm -rf "$@" 2>/dev/null,rm -rf "$@",' "$project/scripts/clean.sh"	# that one is to be heard
check "mrproper: another run has to wait to its end" "$(PATH=$tmp/bin:$PATH O=$tmp/o2 "$project/scripts/clean.sh" mrproper 2>&1 | sed 's/;.*//'
	[ -e "$tmp/o2" ] || echo gone)" "error: another run is at work in $tmp/o2
gone"
# What cannot be removed itself
mkdir "$tmp/o3"
cat >"$tmp/mounted" <<'END'
mount -t tmpfs -o size=1m,mode=755 none "$1/o3" || exit 77
O=$1/o3 "$1/project/scripts/lock.sh" true && O=$1/o3 "$1/project/scripts/clean.sh" mrproper && ls -A "$1/o3"
END
rc=0 user=r
! unshare -m true 2>/dev/null || user=
said=$(unshare "-${user}m" sh "$tmp/mounted" "$tmp" 2>&1) || rc=$?
case $rc:$said in
77:* | *:unshare:*) skip "mrproper: a file system of its own" "none can be mounted here" ;;
*) check "mrproper: a file system of its own" "$rc:$said" 0: ;;
esac

echo "1..$number"
[ "$failures" = 0 ]
