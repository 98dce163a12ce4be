#!/bin/sh
# Usage: scripts/tests/make_test.sh
# That Ctrl-C ends all that a make target does; TAP on stdout. No kernel is needed.
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

cd /
echo "1..$number"
[ "$failures" = 0 ]
