#!/bin/sh
# Usage: scripts/tests/make_test.sh
# What a make target gets of the user's environment, and that Ctrl-C ends all of it; TAP on
# stdout. No kernel is needed.
# Exit status: 0 all passed; 1 otherwise.
set -eu
top=$(cd "$(dirname -- "$0")/../.." && pwd)
tmp=$(mktemp -d "${TMPDIR:-/tmp}/autoreap-make.XXXXXX")
trap 'rm -rf "$tmp"' EXIT
. "$top/scripts/tests/tap.sh"
. "$top/scripts/tests/project.sh"
make_project
cp "$top/Makefile" "$project/"
mkdir -p "$O"
touch "$O/.clone-autoreap-output"
cd "$project"

# Ctrl-C: a signal to all of a terminal's foreground
stub vm/ready.sh <<'END'
echo $$ >"$O/building"
sleep 60
END
# A shell has its background ignore the signal; a terminal's foreground does not.
setsid env --default-signal=INT make -s arches ARCHES=x86_64 >"$tmp/out" 2>&1 &
make=$!
await "$O/building" "$make" || check "arches: it builds" "nothing in 10 seconds" "a build"
builds=$(cat "$O/building" || echo none)
kill -s INT -- "-$make" || :
wait "$make" 2>/dev/null || :
for _ in $(seq 20); do
	kill -0 "$builds" 2>/dev/null || break
	sleep 0.1
done
check "arches: Ctrl-C ends the build" "$(kill -0 "$builds" 2>/dev/null && echo builds)" ""
kill -s KILL -- "-$make" 2>/dev/null || :
check "arches: and the lock is free" "$(scripts/lock.sh 'echo free')" free
# Of what fails the rest is not done.
stub vm/ready.sh <<'END'
echo "$ARCH:$PAGES"
exit 3
END
stub vm/initramfs.sh <<'END'
echo initramfs
END
check "arches: a build that fails" "$(make -s arches ARCHES='i386 arm64' 2>/dev/null | sed 's/  */ /g')" " ARCH i386 
i386:
 ARCH arm64 
arm64:
 ARCH arm64 64K
arm64:64K

architecture kernel build, s passed failed skipped 32-bit slowest program
i386: not built, or not run
arm64: not built, or not run
arm64 64K: not built, or not run"

# gets VARIABLE=VALUE...: those that the script of a target gets, when make is run by COMMAND
printf '#!/bin/sh\nenv\n' >scripts/lock.sh
gets() {
	"$@" | grep '=of-the-user$' | grep -v ^MAKE | sort | sed 's/=.*//' | tr '\n' ' '
}
counts='ACCEL ARCH BASE CROSS_COMPILE KDIR MIRROR O '
# What make's help tells, what the scripts tell each other, and what the kernel's make takes
names=$({
	sed -n 's/^\(export\|[a-z]* :=\) \([A-Z]\)/\2/p' Makefile | tr ' ' '\n'
	grep '^  [A-Z]' scripts/help | grep -oE ' [A-Z_]+=' | tr -d ' ='
	echo W
	echo KCFLAGS
	echo KIND
} | grep . | sort -u)
all=$(for name in $names; do echo "$name=of-the-user"; done)
# shellcheck disable=SC2086 # words
{
check "of the environment count these and no others" "$(gets env $all make -s kselftest)" "$counts"
check "nor do others with make -e" "$(gets env $all make -e -s kselftest)" "$counts"
check "of the command line all count" "$(gets make -s kselftest $all)" "$(printf '%s ' $names)"
check "and before the environment" "$(gets env DEBUG=1 make -s kselftest DEBUG=of-the-user)" "DEBUG "
check "what no script takes is left alone" "$(gets env CI=of-the-user TMPDIR=of-the-user HOME=of-the-user make -s kselftest)" \
	"CI HOME TMPDIR "
check "TARGETS has a value" "$(TARGETS=net make -s kselftest | grep ^TARGETS=)" TARGETS=clone3
# Each that a script takes from its environment is one of them.
ours=$(printf ' -e %s' $names HOME TMPDIR SUDO_UID)
check "no script takes another" "$(cd "$top" && grep -hE '\$\{[A-Z]' scripts/*.sh scripts/lib/*.sh vm/*.sh proof/*.sh bench/*.sh |
	grep -oE '[{][A-Z][A-Z_0-9]+:?[-=]' | tr -d '{:=-' | sort -u |
	grep -vxF $ours -e ID -e ID_LIKE -e KSFT_MINUTES -e KSFT_ROUNDS)" ""
}

# What each target does, and that make fails when that does
# shellcheck disable=SC2016 # the script expands it
printf '#!/bin/sh\necho "$1: DEBUG=$DEBUG TESTS=$TESTS"\n' >scripts/lock.sh
targets=$(sed -n 's/^\.PHONY: //p' Makefile | tr ' ' '\n' | grep -vxE 'help|clean|mrproper')
# shellcheck disable=SC2016
locked=$(sed -n 's/^\([a-z]*\):.*$(locked).*/\1/p' Makefile)
for target in coverage faults kselftest demo mutate lint regress model bench lab boot harness; do
	case $(make -s "$target") in *vm/ready.sh*|*scripts/tree.sh*) ;; *) echo "$target" ;; esac
done >"$tmp/out"
check "what needs the tree has it made" "$(cat "$tmp/out")" ""
check "the programs that are run by name, and their kernel" "$(make -s faults differ storm | sed 's/.*: //')" \
	"DEBUG=1 TESTS=clone3_autoreap_faults
DEBUG= TESTS=clone3_autoreap_random
DEBUG= TESTS=clone3_autoreap_storm"
check "each target is one that a folder or file of its name does not hide" "$(sed -n 's/^\([a-z]*\):.*;.*/\1/p' Makefile |
	grep -vx help | grep -vxF "$targets")" ""
mkdir -p bench model
check "bench, beside the folder of that name" "$(make -s bench | grep -c bench/run.sh)" 1
for script in scripts/lock scripts/am scripts/reach scripts/name scripts/deps scripts/clean bench/plots; do
	printf '#!/bin/sh\nexit 3\n' >"$script.sh"
	chmod +x "$script.sh"
done
for target in $targets clean mrproper; do
	rc=0
	make -s "$target" >/dev/null 2>&1 || rc=$?
	[ "$rc" = 2 ] || echo "$target: $rc"
done >"$tmp/out"
check "a target whose script fails, fails" "$(cat "$tmp/out")" ""
check "one run at a time: all but those that only read, or take a lock of their own" "$(echo "$targets" | grep -vxF "$locked" | tr '\n' ' ')" \
	"base reach plots am deps "
# shellcheck disable=SC2016
printf '#!/bin/sh\nexec sh -ec "$1"\n' >scripts/lock.sh
printf '#!/bin/sh\necho progress\n' >vm/ready.sh
stub vm/kernel.sh <<'END'
echo path
END
check "image: the path, and nothing else" "$(make -s image 2>/dev/null)" path
# shellcheck disable=SC2016
printf '#!/bin/sh\necho "${ELSEWHERE:-}"\n' >scripts/reach.sh
check "reach: other releases of Debian, too" "$(make -s reach)" 1

cd /
echo "1..$number"
[ "$failures" = 0 ]
