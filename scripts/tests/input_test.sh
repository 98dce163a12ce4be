#!/bin/sh
# Usage: scripts/tests/input_test.sh
# What the scripts say to bad input, and that nothing is lost by it; TAP on stdout.
# Uses the imported base kernel (make tree), on copies of what the series touches.
# Exit status: 0 all passed; 1 otherwise.
. "$(dirname -- "$0")/../lib.sh"
. "$top/scripts/lib/git.sh"
. "$top/scripts/lib/place.sh"
. "$top/scripts/tests/tap.sh"
where
repo=$O/$BASE/linux.git
tmp=$(mktemp -d "${TMPDIR:-/tmp}/autoreap input.XXXXXX")
trap 'rm -rf "$tmp" "$out"' EXIT
out=$(mktemp -d "${TMPDIR:-/tmp}/autoreap-out.XXXXXX")
unset KDIR

# Who commits in the trees of make am.
export GIT_COMMITTER_NAME=t GIT_COMMITTER_EMAIL=t@localhost
g() { git -c user.name=t -c user.email=t@localhost "$@"; }

# thin DIR: a git tree of the base, with only the files that the series touches
thin() {
	mkdir -p "$1"
	# shellcheck disable=SC2046
	git --git-dir="$repo" archive base Makefile Kbuild kernel/fork.c $(
		files_of "$top/patches/$BASE"/*.patch | while read -r f; do
			git --git-dir="$repo" cat-file -e "base:$f" 2>/dev/null && echo "$f"
		done) | tar -x -C "$1"
	g -C "$1" init -q
	g -C "$1" add -f .
	g -C "$1" commit -q -m base
	g -C "$1" tag base
}
# git am --abort leaves an ORIG_HEAD.
state() { g -C "$1" rev-parse HEAD; g -C "$1" status --porcelain; ls -I ORIG_HEAD "$1/.git"; }

thin "$tmp/linux"
mkdir "$tmp/empty"
g -C "$tmp/empty" init -q
g -C "$tmp/empty" commit -q --allow-empty -m nothing

# make am
am() { KDIR=$1 "$top/scripts/am.sh"; }
refuses "am: no KDIR" 'say which tree: make am KDIR=path' env KDIR= "$top/scripts/am.sh"
refuses "am: no such directory" 'no such directory' am "$tmp/none"
refuses "am: no git tree" 'not the top of a git tree' am "$tmp"
refuses "am: below the top" 'not the top of a git tree; name that: /.*linux$' am "$tmp/linux/kernel"
refuses "am: no kernel" 'not a kernel tree' am "$tmp/empty"
echo '/* mine */' >>"$tmp/linux/kernel/fork.c"
before=$(state "$tmp/linux")
refuses "am: uncommitted changes" 'has uncommitted changes' am "$tmp/linux"
check "am: which stay as they were" "$(state "$tmp/linux"; tail -n 1 "$tmp/linux/kernel/fork.c")" "$before
/* mine */"
g -C "$tmp/linux" checkout -q .
refuses "am: git does not know the committer" 'git does not know your name' \
	env HOME="$tmp" GIT_COMMITTER_NAME= GIT_COMMITTER_EMAIL= EMAIL= GIT_CONFIG_GLOBAL=/dev/null \
	GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=user.useConfigOnly GIT_CONFIG_VALUE_0=true \
	KDIR="$tmp/linux" "$top/scripts/am.sh"
sed -i 's/ignoring_children(tracer->sighand)/ignoring(tracer)/' "$tmp/linux/kernel/ptrace.c"
g -C "$tmp/linux" commit -q -a -m conflict
before=$(state "$tmp/linux")
refuses "am: a patch that does not apply" 'clone: add CLONE_AUTOREAP does not apply: patch failed: kernel/ptrace\.c' \
	am "$tmp/linux"
check "am: and the tree is as before" "$(state "$tmp/linux")" "$before"
g -C "$tmp/linux" reset -q --hard HEAD~
applied() { g -C "$tmp/linux" log --reverse --format='Subject: [PATCH] %s' base..; }
subjects() {
	for p; do
		sed -n '/^Subject/{N;s/\n / /;s/\n.*//;p;q;}' "$p"
	done
}
refuses "am: ONLY" 'ONLY=nnp: say ONLY=autoreap' env ONLY=nnp KDIR="$tmp/linux" "$top/scripts/am.sh"
ONLY=autoreap am "$tmp/linux" >"$tmp/out" 2>&1 || :
# shellcheck disable=SC2046
check "am: CLONE_AUTOREAP alone" "$(applied)" "$(cd "$top/patches/$BASE" && subjects $(
	for p in *.patch; do
		grep -qxF "${p#*-}" ../other-flags || echo "$p"
	done))"
check "am: and no flag besides" "$(g -C "$tmp/linux" grep -how 'CLONE_AUTOREAP\|CLONE_NNP\|CLONE_PIDFD_AUTOKILL' -- include/uapi |
	sort -u)" CLONE_AUTOREAP
g -C "$tmp/linux" reset -q --hard base
O=$tmp/o am "$tmp/linux" >"$tmp/out" 2>&1 || :
check "am: a commit a patch, in a path with a space, whatever O is" "$(applied)" "$(subjects "$top/patches/$BASE"/*.patch)"
refuses "am: twice" 'has this series already, or a part of it' am "$tmp/linux"

# make series
mails() { KDIR=$tmp/linux O=$out "$top/scripts/mail.sh"; }
written() { cat "$out"/kdir-*/series/*.patch | cksum; }
refuses "mails: the series is there already" 'has this series already' mails
g -C "$tmp/linux" reset -q --hard base
mails >/dev/null 2>&1 || :
check "mails: the letter names the base" "$(sed -n 's/^base-commit: //p' "$out"/kdir-*/series/0000-*)" \
	"$(g -C "$tmp/linux" rev-parse HEAD)"
before=$(written)
sed -i 's/ignoring_children(tracer->sighand)/ignoring(tracer)/' "$tmp/linux/kernel/ptrace.c"
refuses "mails: a patch that does not apply" 'add-CLONE_AUTOREAP.patch does not apply' mails
check "mails: and those written before are there" "$(written)" "$before"
g -C "$tmp/linux" checkout -q .

# Bases
refuses "base: no version" 'say which base' env BASE= KDIR="$tmp/linux" "$top/scripts/base-name.sh"
refuses "base: no tree" 'say which tree' env BASE=6.18 KDIR= "$top/scripts/base-name.sh"
refuses "base: no kernel tree" 'is no kernel tree' env BASE=6.18 KDIR="$tmp/empty" "$top/scripts/base-name.sh"
refuses "base: another version" 'is Linux 6\.12, not 6\.18' env BASE=6.18 KDIR="$tmp/linux" "$top/scripts/base-name.sh"
refuses "ARCH" 'ARCH=vax is none of: arm64' env ARCH=vax "$top/vm/kernel.sh" --path
refuses "PAGES" 'ARCH=arm64 has no PAGES=3K; say one of these, .*: 64K' env ARCH=arm64 PAGES=3K "$top/vm/kernel.sh" --path
other=arm64
[ "$host_arch" != arm64 ] || other=s390
refuses "regress on $other" "this is for ARCH=$host_arch" env ARCH="$other" "$top/proof/regress.sh"
refuses "programs on $other" "this is for ARCH=$host_arch" env ARCH="$other" "$top/proof/programs.sh"
refuses "deb: what is no configuration" 'CONFIG=\./README\.md is no configuration of a kernel' \
	env O="$out" CONFIG=./README.md "$top/scripts/deb.sh"
refuses "deb: no such file" 'CONFIG=/none/[.]config: no such file' env O="$out" CONFIG=/none/.config "$top/scripts/deb.sh"
refuses "deb: no file, and no Debian's either" 'no configuration of Debian.s for KDIR=.* is at hand; say CONFIG=' \
	env O="$out" KDIR="$tmp/linux" CONFIG=cloud "$top/scripts/deb.sh"
nothing="is no package of the kernel in .*; run 'make deb"
[ "$host_arch" = x86_64 ] || nothing='this is for x86_64'
refuses "userland: nothing to boot" "$nothing" env O="$out" "$top/proof/userland.sh"
refuses "lava: no job" "there is no .*job.yaml; run 'make lab" env O="$out" "$top/proof/lava.sh"
refuses "ARCHES" 'ARCHES: vax is none of: arm64' env ARCHES="arm64 vax" "$top/vm/arches.sh"
refuses "ACCEL=kvm for another architecture" 'KVM on .* runs no guest of s390' env ACCEL=kvm ARCH=s390 O="$out" "$top/vm/qemu.sh" kselftest
room 7000 "$tmp/roomy"
refuses "BASES and KDIR" 'BASES and KDIR: say one' env BASES="6.12" KDIR="$tmp/linux" "$top/proof/differ.sh"
# apt of a machine whose mirror of Debian, if it has one, has no such package
cat >"$tmp/roomy/apt-get" <<'END'
#!/bin/sh
case " $* " in
*" indextargets "*) [ -z "$DEBIAN" ] || echo "Debian|$DEBIAN" ;;
*" download "*)
	echo "E: Unable to locate package"
	exit 100 ;;
esac
END
chmod +x "$tmp/roomy/apt-get"
unset MIRROR
export DEBIAN=http://localhost/debian
none='E: Unable to locate package'
refuses "BASES" "cannot get linux-source-5[.]9: $none" env PATH="$tmp/roomy:$PATH" BASES=5.9 KDIR= O="$out" "$top/proof/differ.sh"
refuses "DEBUG" 'DEBUG=2 is none of: kasan kcsan' env DEBUG=2 "$top/vm/kernel.sh" --path

# Variables
refuses "KDIR: no such directory" 'KDIR=.*: no such directory' env KDIR="$tmp/none" "$top/scripts/base-get.sh"
refuses "KDIR: no kernel tree" 'is no kernel tree' env KDIR="$tmp/empty" O="$out" "$top/scripts/base-get.sh"
refuses "BASE: no such package" "cannot get linux-source-0[.]1: $none; say BASE=6.12, .*, or name a kernel tree" env PATH="$tmp/roomy:$PATH" BASE=0.1 O="$out" "$top/scripts/base-get.sh"
rm -r "$out/apt"
refuses "BASE: no mirror of Debian" "knows of no mirror of Debian.*; say BASE=6.12, .*, or name a kernel tree" \
	env PATH="$tmp/roomy:$PATH" DEBIAN= BASE=0.1 O="$out" "$top/scripts/base-get.sh"
rm "$tmp/roomy/apt-get"
mkdir "$tmp/foreign"
ln -s /bin/* /usr/bin/* "$tmp/foreign" 2>/dev/null || :
rm -f "$tmp/foreign/apt-get"
refuses "BASE: no Debian" "is Debian's, and there is no apt-get here; say BASE=6.12" \
	env PATH="$tmp/roomy:$tmp/foreign" BASE=0.1 O="$out" "$top/scripts/base-get.sh"
room 5999 "$tmp/full"
refuses "BASE: no room for its tree" 'no space: 5999 MB free below .*, 6000 MB needed; say O=' \
	env PATH="$tmp/full:$PATH" BASE=0.1 O="$out" "$top/scripts/base-get.sh"
rm -rf "$out"
# shellcheck disable=SC2016 # that shell's
check "what is sourced does nothing" "$(O='a b' BASE=x KDIR=/none ARCH=vax SMP=0 sh -c '. "$1/scripts/lib.sh"
	for room in "$1"/scripts/lib/*.sh "$1/vm/guest.sh"; do . "$room"; done; echo "$O $BASE $KDIR $ARCH"' "$top/scripts/am.sh" "$top" 2>&1)" \
	"a b x /none vax"
refuses "O: a space in the path" 'cannot be built below' env O="$tmp/o" "$top/scripts/base-get.sh"
O=$out "$top/scripts/lock.sh" true
for bad in 0 9 x; do
	refuses "SMP=$bad" "SMP=$bad is not a number" env O="$out" SMP="$bad" "$top/vm/qemu.sh" kselftest
done
for bad in 0 -1 two; do
	refuses "SEED=$bad" "SEED=$bad is not a number" env O="$out" SEED="$bad" "$top/vm/qemu.sh" kselftest
	refuses "MINUTES=$bad" "MINUTES=$bad is not a number" env O="$out" MINUTES="$bad" "$top/vm/qemu.sh" kselftest
done
refuses "TIMEOUT=1m" 'TIMEOUT=1m is not a number' env O="$out" TIMEOUT=1m "$top/vm/qemu.sh" kselftest
refuses "boot: no terminal" 'needs a terminal' env O="$out" "$top/vm/qemu.sh" shell
refuses "TESTS" 'there is no program clone3_autoreap_wiat in clone3' env TESTS="clone3 clone3_autoreap_wiat" "$top/vm/ready.sh"
refuses "ACCEL=xen" 'ACCEL=xen is none of: auto tcg kvm' env O="$out" ACCEL=xen "$top/vm/qemu.sh" kselftest

# One run at a time; and no lock is left by a run that was killed.
O=$out "$top/scripts/lock.sh" "echo \$\$ >'$tmp/pid'; exec sleep 60" 2>/dev/null &
await "$tmp/pid" $! || check "lock: a run begins" "nothing in 10 seconds" "its pid"
refuses "lock: two runs at once" 'another run is at work' env O="$out" "$top/scripts/lock.sh" true
kill "$(cat "$tmp/pid")" || :
wait $! 2>/dev/null || :
check "lock: none is left behind" "$(O=$out "$top/scripts/lock.sh" 'echo free')" free

refuses "lock: nothing can be written" 'cannot write to O=/proc/none as .*; say O=' env O=/proc/none "$top/scripts/lock.sh" true

# make clean
git init -q --bare "$out/$BASE/linux.git"
(cd "$out/$BASE" && mkdir linux obj-arm64 root run-base log deb lab userland coverage model)
O=$out "$top/scripts/clean.sh" clean
check "clean: the kernels are left" "$(ls "$out/$BASE")" "linux
linux.git"
touch "$out/$BASE/obj"
mkdir "$tmp/rm"
printf '#!/bin/sh\nexit 1\n' >"$tmp/rm/rm"
chmod +x "$tmp/rm/rm"
refuses "clean: what root made" 'run the same command by sudo' env PATH="$tmp/rm:$PATH" O="$out" "$top/scripts/clean.sh" clean
rm -rf "${out:?}/$BASE"

# What make deps says to others than root
mkdir "$tmp/bin"
printf '#!/bin/sh\necho 1000\n' >"$tmp/bin/id"
printf '#!/bin/sh\nexit 1\n' >"$tmp/bin/dpkg-query"
chmod +x "$tmp/bin"/*
refuses "deps: not root" 'run: sudo apt-get update && sudo apt-get install .*qemu' env PATH="$tmp/bin:$PATH" "$top/scripts/deps.sh"
refuses "deps: not root, and guests of other architectures" 'run: .*install .*qemu-system-arm .*qemu-system-misc ' \
	env PATH="$tmp/bin:$PATH" "$top/scripts/deps.sh" guests "$host_arch" arm64 s390

# deps ID COMMAND: what make deps says on that distribution, with no package installed
deps() {
	echo "ID=$1" >"$tmp/os-release"
	refuses "deps: $1" "missing packages; run: sudo $2 .*qemu" env OS_RELEASE="$tmp/os-release" \
		PATH="$tmp/bin:$PATH" "$top/scripts/deps.sh"
}
for tool in rpm pacman apk; do cp "$tmp/bin/dpkg-query" "$tmp/bin/$tool"; done
deps fedora 'dnf install'
deps arch 'pacman -S'
deps opensuse-leap 'zypper install'
deps alpine 'apk add'
# shellcheck disable=SC2016
printf '#!/bin/sh\necho "$2-1"\n' >"$tmp/bin/rpm"
check "deps: fedora, all there" "$(echo ID=fedora >"$tmp/os-release"
	OS_RELEASE=$tmp/os-release PATH=$tmp/bin:$PATH "$top/scripts/deps.sh" 2>&1)" ""

# A cross compiler that cannot be had
cat >"$tmp/bin/apt-get" <<'END'
#!/bin/sh
[ "$1" != indextargets ] || exec echo "Debian|$DEBIAN"
echo "E: no network"
exit 100
END
chmod +x "$tmp/bin/apt-get"
mkdir -p "$out/cross/$other/kept"
refuses "cross: apt fails" "cannot get what builds for $other: E: no network" \
	env PATH="$tmp/bin:$PATH" O="$out" ARCH="$other" CROSS_COMPILE= "$top/scripts/cross.sh"
check "cross: and what was there is there" "$(cd "$out/cross" && echo */*)" "$other/kept"

# Who runs make by sudo in a project of their own
if [ "$(id -u)" = 0 ]; then
	mine=$out/project
	mkdir "$mine"
	(cd "$top" && tar -cf - scripts/lib.sh scripts/lib scripts/lock.sh vm/arch) | tar -xf - -C "$mine"
	# owners USER: of what is made in a project of that user
	owners() {
		chown "$1" "$mine"
		SUDO_UID=1234 O=$mine/build "$mine/scripts/lock.sh" "mkdir -p build/made/$1"
		find "$mine/build" -printf '%U\n' | sort -u
	}
	check "sudo: in a project of root's nothing changes" "$(owners 0)" 0
	check "sudo: what it made is the user's" "$(owners 1234)" 1234
else
	skip "sudo" "not root"
fi

rm -rf "$out"
echo "1..$number"
[ "$failures" = 0 ]
