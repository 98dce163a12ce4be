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
	mkdir -p "$tiny/kernel" "$tiny/fs" "$tiny/include/uapi/linux"
	cd "$tiny"
	printf 'VERSION = 6\nPATCHLEVEL = 12\nSUBLEVEL = 118\n' >Makefile
	for file in Kbuild kernel/fork.c kernel/exit.c kernel/signal.c kernel/ptrace.c kernel/pid.c \
			include/uapi/linux/pidfd.h include/uapi/linux/sched.h; do
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
	cp "$top/patches/beyond" "$top/patches/releases" "$top/patches/tags" "$project/patches/"
	cd "$tiny"
	for name in one two 'add CLONE_NNP' last; do
		for file in kernel/*.c; do
			sed -i "15s,^,/* $name */ ," "$file"
		done
		[ "$name" != last ] || { mkdir -p samples/pidfd; seq 100 | tee samples/pidfd/loop.c >"$project/samples/pidfd/loop.c"; }
		git add -f .
		git commit -q -m "clone: $name"
	done
	git format-patch -q -N --no-signature --zero-commit --abbrev=12 --no-renames -o "$project/patches/6.12" base
	git reset -q --hard base
	echo 'clone: the series' >"$project/patches/6.12/cover-letter"
	cd /
}
