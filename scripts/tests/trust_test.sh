#!/bin/sh
# Usage: scripts/tests/trust_test.sh
# Nothing runs, and nothing is written to, that another user could have put there: the
# settings of their trees, and an O that is theirs or that they may write to; and what
# cannot be taken for a base, or stand in what is generated, is refused; TAP on stdout. No
# kernel is needed. What needs a second user needs root.
# Exit status: 0 all passed; 1 otherwise.
. "$(dirname -- "$0")/../lib.sh"
. "$top/scripts/lib/place.sh"
. "$top/scripts/tests/tap.sh"
. "$top/scripts/tests/tiny.sh"
where
tiny_tree
tiny_project
unset O BASE MAKEFLAGS MAKELEVEL SUDO_UID TAGS OVER CROSS_COMPILE ARCH
# As most have it.
umask 022
chmod 755 "$tmp"
o=$tmp/o

base() { KDIR=$1 O=${2:-$o} "$project/scripts/lock.sh" scripts/base-get.sh; }
lock() { O=$1 "$project/scripts/lock.sh" true; }
am() { KDIR=$1 "$project/scripts/am.sh"; }
reach() { KDIR=$1 "$project/scripts/reach.sh"; }
reached() { { reach "$@" || :; } 2>&1 | tail -n 1; }
whole='1 of 1 trees take their series, 0 left out'
# in_base DIR [O]: the files that the base of DIR has
in_base() {
	base "$@" && git --git-dir="${2:-$o}/kdir-$(printf %s "$1" | cksum | cut -d' ' -f1)/linux.git" ls-tree -r --name-only base
}
files=$(git -C "$tiny" ls-files)

# A tree of another user, whose git runs what they like
# trap_in DIR: makes that of the git tree DIR
trap_in() {
	printf '#!/bin/sh\nid -u >>"%s/ran"\n' "$tmp" >"$tmp/evil"
	chmod +x "$tmp/evil"
	git -C "$1" config core.fsmonitor "$tmp/evil"
	git -C "$1" config log.showSignature true
	git -C "$1" config gpg.program "$tmp/evil"
	git -C "$1" config core.hooksPath "$tmp"
}
if [ "$(id -u)" = 0 ]; then
	cp -r "$tiny" "$tmp/theirs"
	# A commit that says to have a signature makes git log ask gpg.
	git -C "$tmp/theirs" cat-file commit HEAD | sed 's/^$/gpgsig -----BEGIN PGP SIGNATURE-----\n -----END PGP SIGNATURE-----\n/' |
		sed '1,/^$/!b' | git -C "$tmp/theirs" hash-object -t commit -w --stdin >"$tmp/signed"
	git -C "$tmp/theirs" update-ref HEAD "$(cat "$tmp/signed")"
	git clone -q --bare "$tmp/theirs" "$tmp/theirs.git"
	for dir in "$tmp/theirs" "$tmp/theirs.git"; do
		trap_in "$dir"
		chown -R 1234 "$dir"
	done
	mkdir "$project/proof"
	cp "$top/proof/parity.sh" "$top/proof/theirs.sh" "$top/proof/known.sh" "$project/proof/"
	for dir in theirs theirs/kernel theirs.git; do
		pattern="git refuses KDIR=.*/$dir, as .*/theirs.* is another user's, .*git config --global --add safe.directory"
		refuses "$dir: reach" "$pattern" reach "$tmp/$dir"
		[ "$dir" != theirs ] || for script in scripts/am scripts/base-get scripts/bisect scripts/mail scripts/tree proof/parity proof/theirs; do
			refuses "$dir: $script" "$pattern" env KDIR="$tmp/$dir" O="$o" "$project/$script.sh"
		done
	done
	echo "6.12 $tmp/theirs" >"$project/bases.local"
	refuses "theirs: named as a base" "git refuses KDIR=.*/theirs, as" env BASE=6.12 O="$o" "$project/scripts/lock.sh" scripts/base-get.sh
	rm "$project/bases.local"
	check "theirs: and nothing of it was run" "$(cat "$tmp/ran" 2>/dev/null)" ""
	git config --file "$tmp/trusted" safe.directory "$tmp/theirs"
	check "theirs: reach, when git was told to trust it" "$(GIT_CONFIG_GLOBAL=$tmp/trusted reached "$tmp/theirs")" "$whole"
	check "theirs: reach, of who called sudo" "$(SUDO_UID=1234 reached "$tmp/theirs")" "$whole"
	check "theirs: base, of who called sudo" "$(SUDO_UID=1234 in_base "$tmp/theirs" 2>/dev/null)" "$files"
	cp -r "$tmp/theirs" "$tmp/plain"
	rm -rf "$tmp/plain/.git"
	chown -R 1234 "$tmp/plain"
	check "theirs, without .git: base" "$(in_base "$tmp/plain")" "$files"
	check "theirs, without .git: reach" "$({ reach "$tmp/plain" || :; } 2>&1 | grep -c "REACH .*/plain: ")" 1

	refuses "theirs: am, by sudo" "KDIR=.*/theirs is your own, and what root writes there would not be; say make am without sudo" \
		env SUDO_UID=1234 KDIR="$tmp/theirs" "$project/scripts/am.sh"
	check "theirs: and nothing there is root's" "$(find "$tmp/theirs" -user 0)" ""

	# Root in a project of a user's, without sudo: that user's O is trusted as the project is.
	cp -r "$project" "$tmp/of_user"
	chown -R 1234 "$tmp/of_user"
	check "root in a user's project: a tree that the user has made" "$(
		O=$tmp/of_user/build KDIR=$tiny "$tmp/of_user/scripts/lock.sh" scripts/tree.sh >/dev/null
		chown -R 1234 "$tmp/of_user/build"
		O=$tmp/of_user/build KDIR=$tiny "$tmp/of_user/scripts/lock.sh" 'scripts/refresh.sh --export' 2>&1)" "  SAME     patches/6.12"
	mkdir "$tmp/srv"
	check "sudo: what ../ leads out of the project to is not given away" "$(
		O=$tmp/of_user/build/../../srv SUDO_UID=1234 "$tmp/of_user/scripts/lock.sh" true
		stat -c %u "$tmp/srv" "$tmp/srv/.lock")" "0
0"
	ln -s "$tmp/srv" "$tmp/of_user/link"
	check "sudo: nor what a link leads to" "$(
		O=$tmp/of_user/link SUDO_UID=1234 "$tmp/of_user/scripts/lock.sh" true
		stat -c %u "$tmp/srv" "$tmp/srv/.lock")" "0
0"
	mkdir "$tmp/group"
	chgrp 1234 "$tmp/group"
	chmod g+w "$tmp/group"
	refuses "O: a group of others may write to it" "others may write to O=.*/group, .*; say chmod go-w '.*/group'" lock "$tmp/group"
else
	skip "trees and directories of another user" "only root can make them"
fi

# Who may write to O
mkdir "$tmp/open" "$tmp/own"
chmod o+w "$tmp/open"
refuses "O: others may write to it" "others may write to O=.*/open, .*; say chmod go-w '.*/open'" lock "$tmp/open"
check "O: and nothing was made there" "$(ls -A "$tmp/open")" ""
touch "$tmp/open/file"
refuses "O: no advice for what has no mark" "O=.*/open has files and no mark of this project's" lock "$tmp/open"
chmod g+w "$tmp/own"
if [ "$(id -un)" = "$(id -gn)" ]; then
	check "O: a group of one's own may" "$(lock "$tmp/own" 2>&1; ls -A "$tmp/own")" ".clone-autoreap-output
.lock"
else
	skip "O: a group of one's own may" "this user has none"
fi
check "O: whatever the umask, nobody else may write to what is made" \
	"$(umask 0; O=$tmp/masked "$project/scripts/lock.sh" "mkdir '$tmp/masked/made'" 2>&1; find "$tmp/masked" -perm /022; ls "$tmp/masked")" made
# Links out of O
mkdir "$tmp/out"
for link in .lock log 6.12 cross; do
	rm -rf "$tmp/links"
	lock "$tmp/links"
	rm -f "$tmp/links/$link"
	ln -s "$tmp/out/$link" "$tmp/links/$link"
	refuses "O: $link is a link out of it" "/links/$link is a link that leads out of O; remove it" lock "$tmp/links"
done
rm -f "$tmp/links/$link"
mkdir "$tmp/links/6.12"
ln -s "$tmp/out" "$tmp/links/6.12/log"
refuses "O: 6.12/log is a link out of it" "/links/6.12/log is a link that leads out of O; remove it" lock "$tmp/links"
check "O: and nothing is there" "$(ls -A "$tmp/out")" ""
rm "$tmp/links/6.12/log"
ln -s ../log "$tmp/links/6.12/log"
check "O: a link within is none" "$(lock "$tmp/links" 2>&1)" ""

# What is not to compile runs nothing of O's.
other=arm64
[ "$host_arch" != arm64 ] || other=riscv
lock "$tmp/bin"
mkdir -p "$tmp/bin/cross/$other/usr/bin"
for tool in awk basename cat cksum cp cut date dirname df env expr find flock getent git grep head id ls mkdir \
		mktemp mv printf readlink rm sed sh sort stat tail touch tr uname wc xargs; do
	printf '#!/bin/sh\necho %s >>"%s/ran"\nexit 1\n' "$tool" "$tmp" >"$tmp/bin/cross/$other/usr/bin/$tool"
	chmod +x "$tmp/bin/cross/$other/usr/bin/$tool"
done
rm -f "$tmp/ran"
KDIR=$tiny ARCH=$other O=$tmp/bin "$project/scripts/lock.sh" 'scripts/base-get.sh; scripts/tree.sh' >/dev/null 2>&1 || :
ARCH=$other O=$tmp/bin "$project/scripts/clean.sh" clean >/dev/null 2>&1 || :
check "O: base, tree and clean for $other run nothing from it" "$(sort -u "$tmp/ran" 2>/dev/null)" ""
# shellcheck disable=SC2016 # the other shell's
cat >"$project/scripts/paths.sh" <<'END'
. "$(dirname -- "$0")/lib.sh"
. "$top/scripts/lib/place.sh"
. "$top/scripts/lib/build.sh"
where
compile /bin/sh -c 'echo "${PATH%%:*} ${LD_LIBRARY_PATH%/*}"' | /bin/sed "s,$O/,,g"
END
check "O: but who compiles gets the compiler from there" "$(ARCH=$other O=$tmp/bin sh "$project/scripts/paths.sh")" \
	"cross/$other/usr/bin cross/$other/usr/lib"
check "O: unless it is one of the user's" "$(PATH=/bin LD_LIBRARY_PATH=/none/lib CROSS_COMPILE=/none/cc- ARCH=$other \
	O=$tmp/bin /bin/sh "$project/scripts/paths.sh")" "/bin /none"

# Letters of O
# shellcheck disable=SC1003 # a backslash
for letter in '&' "'" '$' ',' ' ' ':' '"' '*' '#' '%' '\' '(' ';' '|' '
'; do
	refuses "O: $(printf %s "$letter" | tr '\n' n)" 'cannot be built below O=.*: of ASCII a path may have .*; say O=another' \
		lock "$tmp/a${letter}b"
done
check "O: the others may be" "$(lock "$tmp/Az09._+@=~-é" 2>&1; ls -d "$tmp"/Az*)" "$tmp/Az09._+@=~-é"

# What is no base
git clone -q "$tiny" "$tmp/sparse"
git -C "$tmp/sparse" sparse-checkout set --no-cone /kernel /Makefile /Kbuild
refuses "a sparse tree: base" "KDIR=.*/sparse is a sparse tree, and lacks files; say git -C '.*/sparse' sparse-checkout disable" base "$tmp/sparse"
git clone -q "$tiny" "$tmp/super"
git -C "$tmp/super" -c protocol.file.allow=always submodule --quiet add "$tiny" drivers/vendor 2>/dev/null
refuses "a tree with a submodule: base" 'KDIR=.*/super has submodules, .*; copy it without .git' base "$tmp/super"
check "a tree that is a submodule: base" "$(in_base "$tmp/super/drivers/vendor")" "$files"
check "a tree that is a submodule: reach" "$(reached "$tmp/super/drivers/vendor")" "$whole"
check "a tree that is a submodule: am" "$(am "$tmp/super/drivers/vendor" 2>&1 | grep -c ' AM \| DONE '
	git -C "$tmp/super/drivers/vendor" status --porcelain
	git -C "$tmp/super/drivers/vendor" rev-list --count base..)" "5
4"
git clone -q --bare "$tiny" "$tmp/server.git"
git -C "$tmp/server.git" config uploadpack.allowFilter true
git clone -q --no-checkout --filter=blob:none "file://$tmp/server.git" "$tmp/partial"
objects() { find "$tmp/partial/.git/objects" -type f | wc -l; }
before=$(objects)
refuses "a partial clone: reach" 'KDIR: .*/partial is a partial clone, and lacks files; name a whole one' reach "$tmp/partial"
check "a partial clone: and nothing was fetched" "$(objects)" "$before"
git -C "$tiny" archive base --prefix=holds/ | tar -x -C "$tmp"
check "a tree without git that holds O: base, twice" "$(in_base "$tmp/holds" "$tmp/holds/out" >/dev/null
	in_base "$tmp/holds" "$tmp/holds/out")" "$files"
if [ "$(id -u)" != 0 ]; then
	chmod 0 "$tmp/holds/Kbuild"
	refuses "a file that cannot be read: base" 'cannot read KDIR=.*Kbuild.*Permission denied' base "$tmp/holds"
	chmod 644 "$tmp/holds/Kbuild"
fi

# What a power cut leaves of git's
store=$o/kdir-$(printf %s "$tiny" | cksum | cut -d' ' -f1)/linux.git
KDIR=$tiny O=$o "$project/scripts/lock.sh" 'scripts/tree.sh; KIND=base scripts/checkout.sh base' >/dev/null
touch "$store/base-index.lock" "$store/refs/heads/base.lock" "$store/worktrees/linux-base/index.lock"
check "a power cut: base and checkout go on" "$(KDIR=$tiny O=$o "$project/scripts/lock.sh" 'scripts/base-get.sh; KIND=base scripts/checkout.sh base' 2>&1)" ""
touch "$store/worktrees/linux/index.lock"
seq 100 >>"$project/samples/pidfd/loop.c"
refuses "a power cut: of the user's own tree it is said" 'another git is at work in .*/linux; wait for it, or remove .*/index.lock' \
	env KDIR="$tiny" O="$o" "$project/scripts/lock.sh" scripts/tree.sh
rm "$store/worktrees/linux/index.lock"
seq 100 >"$project/samples/pidfd/loop.c"

# kill -9 of make am: the next one removes what that has left, and nothing else.
mkdir "$tmp/t" "$tmp/t/autoreap-am.others" "$tmp/t/autoreap-am.newone"
export TMPDIR="$tmp/t"
# shellcheck disable=SC2016
printf '#!/bin/sh\nkill -9 "$(cat "%s/pid")"\nsleep 0.1\n' "$tmp" >"$tiny/.git/hooks/applypatch-msg"
chmod +x "$tiny/.git/hooks/applypatch-msg"
# shellcheck disable=SC2016 # that shell's
KDIR=$tiny sh -c 'echo $$ >"$1"; exec "$2"' - "$tmp/pid" "$project/scripts/am.sh" >/dev/null 2>&1 || :
rm "$tiny/.git/hooks/applypatch-msg"
left() { (cd "$tmp/t" && echo *); find "$tiny/.git/worktrees" -mindepth 1 -maxdepth 1 2>/dev/null | wc -l; }
check "am, killed: something is left" "$(left | sed 's/[.][A-Za-z0-9]*/./g')" "autoreap-am. autoreap-am. autoreap-am.
1"
# The git that it has started ends by itself; another am is at work, as it were.
touch -d '2 minutes ago' "$tmp/t"/autoreap-am.*
touch "$tmp/t/autoreap-am.newone"
exec 7<"$tmp/t/autoreap-am.others"
flock -n 7
for _ in $(seq 50); do
	flock -n "$(echo "$tmp/t"/autoreap-am.*[!s] | tr ' ' '\n' | grep -v newone)" true 2>/dev/null && break
	sleep 0.1
done
am "$tiny" >/dev/null 2>&1 7<&- || :
exec 7<&-
check "am, killed: the next run removes it" "$(left; git -C "$tiny" rev-list --count base..)" "autoreap-am.newone autoreap-am.others
0
4"

# A job that a lab cannot read
mkdir -p "$project/vm"
cp "$top"/vm/*.sh "$project/vm/"
cp -r "$top/vm/config" "$project/vm/"
# shellcheck disable=SC2016
cat >"$project/vm/made.sh" <<'END'
. "$(dirname -- "$0")/../scripts/lib.sh"
. "$top/scripts/lib/place.sh"
where
mkdir -p "$obj/$(dirname "$image")" && echo 1 >"$obj/$image" && echo 1 >"$initramfs"
END
O=$o KDIR=$tiny sh "$project/vm/made.sh"
for url in '*x' 'http://lab/a #b' 'http://lab/a: b' "http://lab/'" 'lab/a' '-' 'http://lab/a
b'; do
	refuses "URL=$(printf %s "$url" | tr '\n' n)" 'URL=.* is no address that a job can hold; say one like https://host/path' \
		env URL="$url" O="$o" KDIR="$tiny" "$project/vm/lab.sh"
done

echo "1..$number"
[ "$failures" = 0 ]
