#!/bin/sh
# Usage: [BASE= | KDIR=] [TARGETS=] vm/kernel.sh [--path]
# Builds the kernel of the assembled tree in $work/obj: tinyconfig, the fragments
# of vm/config and the `config` of each kselftest target. Skips the build if the
# tree is as it was at the last one. --path only prints where the bzImage is.
# Exit status: 0; 2 with the first error and the log's path.
. "$(dirname -- "$0")/../scripts/lib.sh"
: "${TARGETS:=clone3}"

tree=$work/linux obj=$work/obj
bzimage=$obj/arch/x86/boot/bzImage
if [ "${1:-}" = --path ]; then echo "$bzimage"; exit; fi

kmake() { make -C "$tree" O="$obj" ARCH=x86_64 CC="ccache gcc" HOSTCC="ccache gcc" \
	LOCALVERSION= "$@"; }

# build WHAT MAKE-ARGUMENTS...
build() {
	what=$1; shift
	logged "$work/log/$what.log" kmake "$@" ||
		die "$what: $(grep -m1 -E 'error:|\*\*\*|No space' "$work/log/$what.log" || tail -n 1 "$work/log/$what.log") (log: $work/log/$what.log)"
}

# The fragments, and what of them the configuration must hold.
set -- "$top"/vm/config/*.config
for target in $TARGETS; do
	[ -d "$tree/tools/testing/selftests/$target" ] ||
		die "TARGETS: there is no kselftest '$target' in this kernel"
	[ ! -f "$tree/tools/testing/selftests/$target/config" ] ||
		set -- "$@" "$tree/tools/testing/selftests/$target/config"
done
mkdir -p "$obj"
config_id=$({ cat "$@"; git -C "$tree" rev-parse base; } | cksum)
if [ "$config_id" != "$(cat "$obj/.config.id" 2>/dev/null)" ]; then
	step CONFIG "tinyconfig + $(for f in "$@"; do basename "$(dirname "$f")"/"${f##*/}"; done | tr '\n' ' ')"
	build config tinyconfig
	(cd "$obj" && "$tree/scripts/kconfig/merge_config.sh" -m -O "$obj" .config "$@") \
		>"$work/log/merge.log" 2>&1 || die "merge_config.sh failed (log: $work/log/merge.log)"
	build config olddefconfig
	grep -h ^CONFIG_ "$top"/vm/config/*.config | while read -r line; do
		grep -qx "$line" "$obj/.config" ||
			die "the kernel's configuration refuses $line of vm/config"
	done
	echo "$config_id" >"$obj/.config.id"
fi

# A test edit changes the commit, but nothing that the kernel is built from.
sources_id=$({
	cat "$obj/.config.id"
	git -C "$tree" ls-tree HEAD | grep -vE '	(Documentation|samples|tools)$'
	git -C "$tree" diff HEAD -- . ':!tools' ':!Documentation' ':!samples'
} | cksum)
if [ ! -f "$bzimage" ] || [ "$sources_id" != "$(cat "$obj/.build.id" 2>/dev/null)" ]; then
	rm -f "$obj/.build.id"
	step BUILD "Linux $(make -s -C "$tree" kernelversion), $(nproc) jobs (log: $work/log/kernel.log)"
	show='^  (AR +[a-z0-9_]+/built-in.a|LD +vmlinux|BUILD .*)$'
	build kernel -j"$(nproc)" bzImage
	unset show
	build headers -j"$(nproc)" headers
	echo "$sources_id" >"$obj/.build.id"
fi
