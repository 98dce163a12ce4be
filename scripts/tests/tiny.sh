# shellcheck shell=sh disable=SC2154,SC2164 # of lib.sh; whose set -e holds
# Sourced by the tests here: a kernel of ten files, and a copy of this project whose
# series for it has a few small patches, so that each run takes a moment.
tmp=$(mktemp -d "${TMPDIR:-/tmp}/autoreap-test.XXXXXX")
trap 'cd /; rm -rf "$tmp"' EXIT
trap 'exit 130' INT TERM HUP
project=$tmp/project tiny=$tmp/linux
unset KDIR ONLY GIT_DIR GIT_WORK_TREE GIT_INDEX_FILE
export GIT_AUTHOR_NAME=author GIT_AUTHOR_EMAIL=author@localhost
export GIT_COMMITTER_NAME=t GIT_COMMITTER_EMAIL=t@localhost
export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1

# tiny_tree: makes $tiny, a git tree whose tag `base` is taken for Linux 6.12.118
tiny_tree() {
	mkdir -p "$tiny/kernel" "$tiny/fs" "$tiny/include/uapi/linux" "$tiny/include/linux/sched"
	cd "$tiny"
	printf 'VERSION = 6\nPATCHLEVEL = 12\nSUBLEVEL = 118\n' >Makefile
	for file in Kbuild kernel/fork.c kernel/exit.c kernel/signal.c kernel/ptrace.c kernel/pid.c \
			include/uapi/linux/pidfd.h include/uapi/linux/sched.h include/linux/sched/signal.h; do
		seq -f "/* $file %g */" 30 >"$file"
	done
	echo 'delay_group_leader' >fs/pidfs.c
	git init -q -b main
	git add -f .
	git commit -q -m base
	git tag base
}

# tiny_project: makes $project, with a series of four patches for it in patches/6.12
tiny_project() {
	mkdir -p "$project/patches/6.12" "$project/samples/pidfd"
	cp -r "$top/scripts" "$project/"
	(cd "$top" && cp --parents -r vm/arch Makefile "$project/")
	cp "$top/patches/other-flags" "$top/patches/releases" "$top/patches/base-commits" "$project/patches/"
	cd "$tiny"
	for name in one two 'add CLONE_NNP' last; do
		for file in kernel/*.c; do
			sed -i "15s,^,/* $name */ ," "$file"
		done
		# By this a tree is known that has the series.
		[ "$name" != one ] || sed -i '15s,^,/* task_exit_status */ ,' include/linux/sched/signal.h
		[ "$name" != last ] || { mkdir -p samples/pidfd; seq 100 | tee samples/pidfd/loop.c >"$project/samples/pidfd/loop.c"; }
		git add -f .
		git commit -q -m "clone: $name"
	done
	git format-patch -q -N --no-signature --zero-commit --abbrev=12 --no-renames -o "$project/patches/6.12" base
	git reset -q --hard base
	echo 'clone: the series' >"$project/patches/6.12/cover-letter"
	cd /
}

# full_disk NAME MB STEP: on a file system of MB, with one number of free pages after the
# other, until there was room three times. Standard input is for a shell in it: `prepare` fills
# it, `attempt` is what needs room, and its output is in $tmp/out; it ends with 0, and then it
# is `taken`, which `again` undoes, or with 2, and all is `untouched`.
full_disk() {
	mkdir -p "$tmp/small"
	cat >"$tmp/case"
	cat >"$tmp/full" <<'END'
mount -t tmpfs -o size="$1m",nr_inodes=20000 none "$tmp/small" || exit 77
cd "$tmp/small"
. "$tmp/case"
prepare
was=0 is=0 free=0
while [ "$is" -lt 3 ] && [ "$free" -lt $(($1 * 256)) ]; do
	dd if=/dev/zero of=fill bs=1M count="$1" 2>/dev/null
	truncate -s "-$((free * 4))K" fill
	rc=0
	attempt >"$tmp/out" 2>&1 || rc=$?
	rm fill
	if [ "$rc" = 0 ] && taken; then
		is=$((is + 1))
		again
	elif [ "$rc" = 2 ] && untouched; then
		was=$((was + 1))
	else
		echo "$free pages free, exit status $rc: $(cat "$tmp/out")"
		exit 0
	fi
	free=$((free + $2))
done
[ "$was" -gt 1 ] && [ "$is" -gt 1 ] || echo "as it was: $was, taken: $is"
END
	export tmp tiny project
	# Who may mount needs no user namespace, which there is none of in a chroot.
	rc=0 user=r
	! unshare -m true 2>/dev/null || user=
	full=$(unshare "-${user}m" sh "$tmp/full" "$2" "$3" 2>"$tmp/err") || rc=$?
	if [ "$rc" = 1 ] || [ "$rc" = 77 ]; then
		skip "$1" "no file system can be mounted here: $(tail -n 1 "$tmp/err")"
	else
		check "$1" "$rc:$full" 0:
	fi
}
