# shellcheck shell=sh disable=SC2034 # the variables are for those who source it
# Sourced by every script here, in vm/, proof/ and bench/: messages, and where things are.
# Scripts find each other through $top.
set -eu
LC_ALL=C; export LC_ALL
# What a hook of git's has in its environment would lead to another repository, and the rest
# would change what git says.
unset GIT_DIR GIT_WORK_TREE GIT_INDEX_FILE GIT_COMMON_DIR GIT_OBJECT_DIRECTORY GIT_ALTERNATE_OBJECT_DIRECTORIES \
	GIT_NAMESPACE GIT_PREFIX GIT_SHALLOW_FILE GIT_GRAFT_FILE GIT_REPLACE_REF_BASE GIT_NO_REPLACE_OBJECTS \
	GIT_QUARANTINE_PATH GIT_ATTR_SOURCE GIT_DEFAULT_HASH GIT_TEMPLATE_DIR GIT_EXTERNAL_DIFF GIT_DIFF_OPTS \
	GIT_LITERAL_PATHSPECS GIT_GLOB_PATHSPECS GIT_NOGLOB_PATHSPECS GIT_ICASE_PATHSPECS
top=$(CDPATH='' cd -P -- "$(dirname -- "$0")" && while [ ! -f scripts/lib.sh ]; do cd ..; done && pwd)
: "${BASE:=6.12}" "${KDIR:=}" "${O:=$top/build}" "${V:=}"

# The scripts' own trees must not depend on the user's git settings. Git refuses to stand in
# a repository of another user, as its settings name programs. Below O all is ours, whoever
# of root and the user has made it: see own_output.
own_git() {
	case ${1:-}:${2:-} in
	-C:"$O"/*) lifted='*' ;;
	-C:*) lifted= ;;
	*) case $PWD in "$O"/*) lifted='*' ;; *) lifted= ;; esac ;;
	esac
	GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1 GIT_CONFIG_COUNT=0 GIT_CONFIG_PARAMETERS='' \
	GIT_COMMITTER_NAME=clone-autoreap GIT_COMMITTER_EMAIL=clone-autoreap@localhost \
	git -c core.fsync=none -c core.looseCompression=0 -c gc.auto=0 -c maintenance.auto=false \
		-c core.attributesFile="$top/scripts/attributes" -c advice.detachedHead=false \
		-c log.showSignature=false -c safe.directory="$lifted" "$@"
}

# may_git DIR: ends if git refuses the tree DIR, or what it lies in, as another user's. What
# is of no git, of whom ever, may be read, and so may what git was told to trust; root by
# sudo may what that user may.
may_git() {
	whose=$(git -C "$1" rev-parse --git-dir 2>&1 | sed -n "s/^fatal: .*dubious ownership in repository at '\(.*\)'\$/\1/p")
	[ -z "$whose" ] || die "git refuses KDIR=$1, as $whose is another user's, and its settings name programs to run; if you trust them, say git config --global --add safe.directory '$whose'"
}

# die MESSAGE: one line on stderr, exit status 2
die() { echo "error: $*" >&2; exit 2; }

# step WHAT TEXT: a line of progress, as kbuild prints them
step() { printf '  %-9s%s\n' "$1" "$2"; }

# logged LOG COMMAND...: run COMMAND with its output in LOG; lines that match
# the extended regular expression $show are shown too, all of them if V=1.
logged() {
	log=$1; shift
	mkdir -p "$(dirname "$log")"
	[ "$V" != 1 ] || show=
	{ rc=0; "$@" 2>&1 </dev/null || rc=$?; echo "$rc" >"$log.rc"; } | tee "$log" |
		grep --line-buffered -E -e "${show-^\$never}" || :
	rc=$(cat "$log.rc")
	rm -f "$log.rc"
	return "$rc"
}

# kernel_version: the A.B.C of the kernel whose Makefile is standard input
kernel_version() {
	awk '$2 == "=" && $1 ~ /^(VERSION|PATCHLEVEL|SUBLEVEL)$/ { v[$1] = $3 }
	     END { print v["VERSION"] + 0 "." v["PATCHLEVEL"] + 0 "." v["SUBLEVEL"] + 0 }'
}
# older A.B[.C]: whether the kernel of $version is older than that
# shellcheck disable=SC2154 # set by those who ask
older() {
	this=$version.0.0 that=${1:-0}.0.0
	for _ in 1 2; do
		[ "${this%%.*}" -eq "${that%%.*}" ] || break
		this=${this#*.} that=${that#*.}
	done
	[ "${this%%.*}" -lt "${that%%.*}" ]
}
kernel_tree() { [ -f "$1/Kbuild" ] && [ -f "$1/kernel/fork.c" ]; }

# context PATCH: how many lines of context somebody has chosen for its hunks
context() {
	awk '/^@@ / { n = 0; edge = 1 } !/^@@ / && edge { if (/^ /) n++; else edge = 0; if (n > max) max = n }
	     END { print max ? max : 3 }' "$1"
}

# files_of PATCH...: what they touch, by absolute paths of the patches. Elsewhere than in
# /, git would skip what is not of the repository that it stands in.
files_of() {
	own_git -C / apply --numstat -z "$@" | tr '\0' '\n' | cut -f3 | sort -u
}

# base_named BASE: the tree that 'make base' has named for it, if any
base_named() {
	while read -r name dir; do
		[ "$name" != "$1" ] || echo "$dir"
	done 2>/dev/null <"$top/bases.local" | tail -n 1
}

# O stands in makefiles, jobs and commands, so its letters are a list, and those of other
# languages. Where O leads is asked once.
case $O in /*) ;; *) O=$PWD/$O ;; esac
O=$(CDPATH='' cd -P -- "$O" 2>/dev/null && pwd || printf %s "$O")
[ "$(printf %s "$O" | tr -d 'A-Za-z0-9/._+@=~\200-\377-' | wc -c)" -eq 0 ] ||
	die "the kernel cannot be built below O=$(printf %s "$O" | tr '[:cntrl:]' '?'): of ASCII a path may have A-Z a-z 0-9 / . _ + @ = ~ -; say O=another-directory"

# architectures: all that ARCH= knows
architectures() { (cd "$top/vm/arch" && echo */ | tr -d /); }

# pages_of ARCH: the sizes of pages that PAGES= knows
pages_of() {
	for config in "$top/vm/arch/$1"/pages/*.config; do
		[ ! -f "$config" ] || printf ' %s' "$(basename "$config" .config)"
	done
}

# The kernel's name for what this machine is.
host_arch=$(uname -m)
case $host_arch in
aarch64) host_arch=arm64 ;;
s390x) host_arch=s390 ;;
riscv*) host_arch=riscv ;;
i?86) host_arch=i386 ;;
ppc*) host_arch=powerpc ;;
loongarch*) host_arch=loongarch ;;
esac

# where [VARIABLE=VALUE]...: what is made of one kernel is where these variables say, worked
# out from BASE or KDIR, ARCH, PAGES, DEBUG, and KIND: empty for the kernel with the series;
# what it is compared with has a KIND of its own, see scripts/checkout.sh. Scripts that are
# called find themselves in the same place.
# shellcheck disable=SC2119,SC2120 # only those who source this say anything
where() {
	for assignment; do
		export "${assignment?}"
	done
	: "${KIND:=}" "${DEBUG:=}" "${ARCH:=$host_arch}" "${PAGES:=}"
	# It names a directory below O.
	case $BASE in
	*[!0-9.]* | .* | *. | *..*) die "BASE=$BASE is no version; say one like 6.12" ;;
	*.*) ;;
	*) die "BASE=$BASE is no version; say one like 6.12" ;;
	esac
	[ -d "$top/vm/arch/$ARCH" ] ||
		die "ARCH=$ARCH is none of: $(architectures)"
	suite='' headers32='' ldflags32=''
	# shellcheck source=vm/arch/x86_64/arch.sh
	. "$top/vm/arch/$ARCH/arch.sh"
	[ "$DEBUG" != 1 ] || DEBUG=kasan
	[ -z "$DEBUG" ] || [ -f "$top/vm/config/debug/$DEBUG.config" ] ||
		die "DEBUG=$DEBUG is none of: $(cd "$top/vm/config/debug" && echo *.config | sed 's/[.]config//g')"
	[ -z "$PAGES" ] || [ -f "$top/vm/arch/$ARCH/pages/$PAGES.config" ] ||
		die "ARCH=$ARCH has no PAGES=$PAGES; say one of these, or nothing for its own size:$(pages_of "$ARCH")"
	# What builds for another architecture: that of the user, or that of scripts/cross.sh
	arch='' cross=''
	if [ "$ARCH" != "$host_arch" ]; then
		arch=-$ARCH cross=$O/cross/$ARCH
		: "${CROSS_COMPILE:=$cross/usr/bin/$triplet-}"
	fi
	: "${CROSS_COMPILE:=}"
	# $work: all that is made from one base
	if [ -n "$KDIR" ]; then
		# With a / for $() to leave a newline at the end of a name
		dir=$(CDPATH='' cd -- "$KDIR" >/dev/null 2>&1 && printf %s/ "$PWD") || die "KDIR=$KDIR: no such directory"
		KDIR=${dir%/}
		: "${KDIR:=/}"
		may_git "$KDIR"
		work=$O/kdir-$(printf %s "$KDIR" | cksum | cut -d' ' -f1)
	else
		work=$O/$BASE
	fi
	arch=$arch${PAGES:+-$PAGES}
	kind=${KIND:+-$KIND} debug=${DEBUG:+-debug-$DEBUG}
	tree=$work/linux$kind${kind:+$debug}
	obj=$work/obj$arch$kind$debug logs=$work/log$arch$kind$debug run=$work/run$arch$kind$debug
	root=$work/root$arch$kind
	run=${RUN:-$run}
	# Tests may be those of another kernel.
	initramfs=${INITRAMFS:-$work/initramfs$arch$kind.cpio} expected=${EXPECTED:-$work/expected$arch$kind}
}
# shellcheck disable=SC2119
where

# native: what takes programs or libraries of this machine to the guest can do no more
native() { [ "$ARCH" = "$host_arch" ] || die "this is for ARCH=$host_arch, as the guest gets programs of this machine"; }

# compile COMMAND...: one that compiles; only such find what scripts/cross.sh has unpacked
compile() {
	if [ -n "$cross" ] && [ "$CROSS_COMPILE" = "$cross/usr/bin/$triplet-" ]; then
		set -- env PATH="$cross/usr/bin:$PATH" LD_LIBRARY_PATH="$cross/usr/lib/$(uname -m)-linux-gnu" "$@"
	fi
	"$@"
}

# kmake ARGUMENTS...: make in the kernel $tree, to $obj. Whether there is a pahole, which
# no kernel here needs, must not change a configuration.
kmake() {
	# ccache keeps what it knows in HOME; not every user has one.
	mkdir -p "$(ccache --get-config cache_dir)/tmp" 2>/dev/null || export CCACHE_DIR="$O/ccache"
	compile make -C "$tree" O="$obj" ARCH="$ARCH" CROSS_COMPILE="$CROSS_COMPILE" \
		CC="ccache ${CROSS_COMPILE}gcc" HOSTCC="ccache gcc" PAHOLE=none \
		LOCALVERSION= "$@"
}

# build WHAT MAKE-ARGUMENTS...: kmake, with its output in the log of WHAT and its first error if it fails
build() {
	what=$1; shift
	logged "$logs/$what.log" kmake "$@" ||
		die "$what: $(grep -m1 -E 'error:|\*\*\*|No space' "$logs/$what.log" || tail -n 1 "$logs/$what.log") (log: $logs/$what.log)"
}

# thin_tree REPO: a git tree $thin/linux of its own, whose first commit, $few, has of REPO's
# branch base only the files whose names are standard input: with an index of a whole kernel
# each step of git's takes half a second. REPO's objects are there; $thin is gone when the
# script ends.
thin_tree() {
	thin=$(mktemp -d "${TMPDIR:-/tmp}/autoreap-thin.XXXXXX")
	trap 'cd /; rm -rf "$thin"' EXIT
	trap 'exit 130' INT TERM
	own_git init -q --template= -b series "$thin/linux"
	echo "$1/objects" >"$thin/linux/.git/objects/info/alternates"
	# shellcheck disable=SC2046 # words
	own_git --git-dir="$1" ls-tree -rz base -- $(cat) | own_git -C "$thin/linux" update-index -z --index-info
	few=$(own_git -C "$thin/linux" -c user.name=base -c user.email=base commit-tree -m base \
		"$(own_git -C "$thin/linux" write-tree)")
	own_git -C "$thin/linux" reset -q --hard "$few"
}

# touched REV PATTERN: the files of the kernel that the commits from base to REV change
touched() {
	own_git --git-dir="$work/linux.git" diff --name-only "base..$1" -- "$2" ':!tools' ':!samples'
}
