# shellcheck shell=sh disable=SC2034,SC2154 # $top and $tmp are those of who sources it
# Sourced by tests of what builds kernels and boots guests: a project in $tmp in which a
# kernel takes no time to build, and a guest reports what a test has it report.

# What of `make check` is for the guest is not for the tests of the scripts.
unset KDIR TARGETS TESTS ACCEL ARCH CROSS_COMPILE PAGES SMP TIMEOUT REPEAT ROUNDS SEED MINUTES BASES DEBUG \
	MUTANTS REGRESS KIND RUN INITRAMFS EXPECTED KERNEL MILLIONS STOP_AT_FAILURE V MAKEFLAGS MAKELEVEL
# shellcheck disable=SC2046 # words
unset $(git rev-parse --local-env-vars)
export BASE=6.12 O="$tmp/o" GUEST="$tmp/guest"
export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1
project=$tmp/project repo=$tmp/linux.git

# stub SCRIPT: of $project, which becomes what is standard input
stub() {
	{
		echo '#!/bin/sh'
		# shellcheck disable=SC2016
		printf '%s\n' '. "$(dirname -- "$0")/../scripts/lib.sh"' '. "$top/scripts/lib/git.sh"' \
			'. "$top/scripts/lib/place.sh"' where
		cat
	} >"$project/$1"
	chmod +x "$project/$1"
}

# make_project: $project, and $repo with a base, which has the flag as mainline has it, and
# a series. The tests that the guest must report are those of $tmp/list, if there are any.
make_project() {
	mkdir -p "$project"
	(cd "$top" && cp -R scripts vm proof bench "$project")
	for script in scripts/deps scripts/cross scripts/tree; do stub "$script.sh" </dev/null; done
	# shellcheck disable=SC2016
	echo 'mkdir -p "$work"; [ -e "$work/linux.git" ] || cp -R "'"$repo"'" "$work/linux.git"' >"$tmp/base"
	stub scripts/base-get.sh <"$tmp/base"
	stub scripts/series.sh <<'END_OF_STUB'
echo "$top/patches"
END_OF_STUB
	stub scripts/assemble.sh <<'END_OF_STUB'
own_git --git-dir="$1" rev-parse series
END_OF_STUB
	stub vm/kernel.sh <<'END_OF_STUB'
mkdir -p "$obj" "$logs"
! grep -qs 'does not build' "$tree/kernel/fork.c" || die "kernel: error: it does not build"
END_OF_STUB
	stub vm/initramfs.sh <<'END_OF_STUB'
[ ! -f "${O%/*}/list" ] || cp "${O%/*}/list" "$expected"
END_OF_STUB
	stub vm/ready.sh <<'END_OF_STUB'
mkdir -p "$work"
"$top/scripts/base-get.sh"
"$top/vm/kernel.sh"
"$top/vm/initramfs.sh"
END_OF_STUB
	# $GUEST is the guest: it writes console.log and results.log, which a serial line
	# gives a CR at each end, and what it ends with is what QEMU ends with.
	stub vm/qemu.sh <<'END_OF_STUB'
[ "$1" != check ] || exit 0
rm -rf "$run"
mkdir -p "$run"
cd "$run"
echo tcg >accel
: >console.log
: >results.log
rc=0
(. "$GUEST") || rc=$?
sed -i 's/$/\r/' results.log
exit "$rc"
END_OF_STUB

	mkdir "$tmp/linux" "$project/patches"
	git -C "$tmp/linux" init -q -b base
	mkdir -p "$tmp/linux/include/uapi/linux" "$tmp/linux/kernel" "$tmp/linux/net/unix"
	echo '#define CLONE_AUTOREAP' >"$tmp/linux/include/uapi/linux/sched.h"
	printf 'VERSION = 6\nPATCHLEVEL = 12\nSUBLEVEL = 1\n' >"$tmp/linux/Makefile"
	echo 'int fork(void);' >"$tmp/linux/kernel/fork.c"
	committed "Linux 6.12.1"
	git -C "$tmp/linux" checkout -q -b series
	echo 'int autoreap = 1;' >>"$tmp/linux/kernel/fork.c"
	committed "clone: add CLONE_AUTOREAP"
	git clone -q --bare "$tmp/linux" "$repo"
	"$project/scripts/base-get.sh"
}
committed() {
	git -C "$tmp/linux" add -A
	git -C "$tmp/linux" -c user.name=t -c user.email=t@localhost commit -q -m "$1"
}

# ran COMMAND...: its exit status, then what it printed, less the lines of progress of a
# run's end that change with the clock and the place
ran() {
	rc=0
	text=$("$@" 2>&1 </dev/null) || rc=$?
	echo "$rc"
	printf '%s\n' "$text" | sed "s,$tmp/,,g; /^guest  *tcg,/d"
}
