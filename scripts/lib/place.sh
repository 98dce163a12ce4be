# shellcheck shell=sh disable=SC2034,SC2154 # the variables are for those who call; $top is of lib.sh
# Where things are: of BASE or KDIR, ARCH, PAGES, DEBUG and O. Who needs that calls where; who
# needs no more than O, or KDIR, where_output or where_kdir. All may be called again.

# where_output: O, which is build/ unless said, as an absolute path, that of no link. It stands
# in makefiles, jobs and commands, so its letters are a list, and those of other languages.
where_output() {
	case ${O:=$top/build} in /*) ;; *) O=$PWD/$O ;; esac
	O=$(CDPATH='' cd -P -- "$O" 2>/dev/null && pwd || printf %s "$O")
	[ "$(printf %s "$O" | tr -d 'A-Za-z0-9/._+@=~\200-\377-' | wc -c)" -eq 0 ] ||
		die "the kernel cannot be built below O=$(printf %s "$O" | tr '[:cntrl:]' '?'): of ASCII a path may have A-Z a-z 0-9 / . _ + @ = ~ -; say O=another-directory"
}

# where_kdir: KDIR, if there is one, as an absolute path, that git does not refuse
where_kdir() {
	[ -n "${KDIR:=}" ] || return 0
	# With a / for $() to leave a newline at the end of a name
	where_kdir=$(CDPATH='' cd -- "$KDIR" >/dev/null 2>&1 && printf %s/ "$PWD") || die "KDIR=$KDIR: no such directory"
	KDIR=${where_kdir%/}
	: "${KDIR:=/}"
	may_git "$KDIR"
}

# may_git DIR: ends if git refuses the tree DIR, or what it lies in, as another user's. What
# is of no git, of whom ever, may be read, and so may what git was told to trust; root by
# sudo may what that user may.
may_git() {
	set -- "$1" "$(git -C "$1" rev-parse --git-dir 2>&1 | sed -n "s/^fatal: .*dubious ownership in repository at '\(.*\)'\$/\1/p")"
	[ -z "$2" ] || die "git refuses KDIR=$1, as $2 is another user's, and its settings name programs to run; if you trust them, say git config --global --add safe.directory '$2'"
}

# base_named BASE: the tree that 'make base' has named for it, if any
base_named() {
	while read -r name dir; do
		[ "$name" != "$1" ] || echo "$dir"
	done 2>/dev/null <"$top/bases.local" | tail -n 1
}

# architectures: all that ARCH= knows
architectures() { (cd "$top/vm/arch" && echo */ | tr -d /); }

# pages_of ARCH: the sizes of pages that PAGES= knows
pages_of() (
	for config in "$top/vm/arch/$1"/pages/*.config; do
		[ ! -f "$config" ] || printf ' %s' "$(basename "$config" .config)"
	done
)

# where: what is made of one kernel is where these variables and KIND say, which is empty for
# the kernel with the series; what that is compared with has a KIND of its own, see
# scripts/checkout.sh. Who exports one has the scripts that it calls in the same place. It sets
#   host_arch        this machine; of ARCH what vm/arch/README says
#   work             all of one base; $where_arch and $where_debug are what names there end in
#   tree obj logs    the kernel, as it is built, and what was said
#   root initramfs   what is in the guest, and its archive
#   expected run     the tests that it must report, and what it has
#   cross            what builds for another architecture
where() {
	: "${BASE:=6.12}" "${KIND:=}" "${DEBUG:=}" "${PAGES:=}"
	where_output
	# It names a directory below O.
	case $BASE in
	*[!0-9.]* | .* | *. | *..*) die "BASE=$BASE is no version; say one like 6.12" ;;
	*.*) ;;
	*) die "BASE=$BASE is no version; say one like 6.12" ;;
	esac
	# The kernel's name for what this machine is
	host_arch=$(uname -m | sed 's/^aarch64$/arm64/; s/^s390x$/s390/; s/^i.86$/i386/; s/^ppc.*/powerpc/; s/^\(riscv\|loongarch\).*/\1/')
	[ -d "$top/vm/arch/${ARCH:=$host_arch}" ] || die "ARCH=$ARCH is none of: $(architectures)"
	suite='' headers32='' ldflags32=''
	# shellcheck source=vm/arch/x86_64/arch.sh
	. "$top/vm/arch/$ARCH/arch.sh"
	[ "$DEBUG" != 1 ] || DEBUG=kasan
	[ -z "$DEBUG" ] || [ -f "$top/vm/config/debug/$DEBUG.config" ] ||
		die "DEBUG=$DEBUG is none of: $(cd "$top/vm/config/debug" && echo *.config | sed 's/[.]config//g')"
	[ -z "$PAGES" ] || [ -f "$top/vm/arch/$ARCH/pages/$PAGES.config" ] ||
		die "ARCH=$ARCH has no PAGES=$PAGES; say one of these, or nothing for its own size:$(pages_of "$ARCH")"
	# What builds for another architecture: that of the user, or that of scripts/cross.sh
	where_arch='' cross=''
	if [ "$ARCH" != "$host_arch" ]; then
		where_arch=-$ARCH cross=$O/cross/$ARCH
		: "${CROSS_COMPILE:=$cross/usr/bin/$triplet-}"
	fi
	: "${CROSS_COMPILE:=}"
	where_arch=$where_arch${PAGES:+-$PAGES} where_kind=${KIND:+-$KIND} where_debug=${DEBUG:+-debug-$DEBUG}
	where_kdir
	work=$O/$BASE
	[ -z "$KDIR" ] || work=$O/kdir-$(printf %s "$KDIR" | cksum | cut -d' ' -f1)
	tree=$work/linux$where_kind${where_kind:+$where_debug}
	obj=$work/obj$where_arch$where_kind$where_debug logs=$work/log$where_arch$where_kind$where_debug
	run=${RUN:-$work/run$where_arch$where_kind$where_debug}
	root=$work/root$where_arch$where_kind
	# Tests may be those of another kernel.
	initramfs=${INITRAMFS:-$work/initramfs$where_arch$where_kind.cpio} expected=${EXPECTED:-$work/expected$where_arch$where_kind}
}

# native: what takes programs or libraries of this machine to the guest can do no more
native() { [ "$ARCH" = "$host_arch" ] || die "this is for ARCH=$host_arch, as the guest gets programs of this machine"; }
