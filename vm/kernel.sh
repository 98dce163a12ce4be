#!/bin/sh
# Usage: [BASE= | KDIR=] [ARCH=] [PAGES=] [TARGETS=] [DEBUG=] vm/kernel.sh [--path | --config]
# Builds the kernel of $tree in $obj: tinyconfig, the fragments of vm/config, those
# of ARCH, PAGES, DEBUG and of KIND, and the `config` of each kselftest target. Skips the build if the
# tree is as it was at the last one. --path only prints where the image is,
# --config only configures.
# Exit status: 0; 2 with the first error and the log's path.
. "$(dirname -- "$0")/../scripts/lib.sh"
. "$top/scripts/lib/git.sh"
. "$top/scripts/lib/place.sh"
. "$top/scripts/lib/build.sh"
. "$top/scripts/lib/work.sh"
where
: "${TARGETS:=clone3}"

image=$obj/$image
mode=${1:-}
if [ "$mode" = --path ]; then echo "$image"; exit; fi

# The fragments, and what of them the configuration must hold: the last that names an
# option decides; "# optional" excuses the next line. The tests' own is that of the
# series for the base, too.
set -- "$top"/vm/config/*.config "$top/tools/testing/selftests/clone3/config" \
	"$top/vm/arch/$ARCH/config" ${PAGES:+"$top/vm/arch/$ARCH/pages/$PAGES.config"} \
	${DEBUG:+"$top/vm/config/debug/$DEBUG.config"}
[ ! -f "$top/vm/config/kind/$KIND.config" ] || set -- "$@" "$top/vm/config/kind/$KIND.config"
wanted=$(awk '
	/^(# )?CONFIG_/ { sub(/^# /, ""); name = $0; sub(/[= ].*/, "", name); last[name] = optional ? "" : $0 }
	{ optional = /^# optional/ }
	END { for (name in last) if (last[name]) print last[name] }' "$@")
for target in $TARGETS; do
	[ -d "$tree/tools/testing/selftests/$target" ] ||
		die "TARGETS: there is no kselftest '$target' in this kernel"
	[ "$target" = clone3 ] || [ ! -f "$tree/tools/testing/selftests/$target/config" ] ||
		set -- "$@" "$tree/tools/testing/selftests/$target/config"
done
mkdir -p "$obj" "$logs"
base=$(own_git -C "$tree" rev-parse -q --verify base) || die "$tree has no branch base; run 'make tree'"
config_id=$({ cat "$@"; echo "$base"; } | cksum)
if [ "$config_id" != "$(cat "$obj/.config.id" 2>/dev/null)" ]; then
	rm -f "$obj/.config.id"
	step CONFIG "tinyconfig + $(for f in "$@"; do f=${f#"$top/"}; echo "${f#"$tree/tools/testing/selftests/"}"; done | tr '\n' ' ')"
	build config tinyconfig
	(cd "$obj" && "$tree/scripts/kconfig/merge_config.sh" -m -O "$obj" .config "$@") \
		>"$logs/merge.log" 2>&1 || die "merge_config.sh failed (log: $logs/merge.log)"
	build config olddefconfig
	echo "$wanted" |
	while read -r line; do
		case $line in *' is not set')
			! grep -q "^${line% is not set}=" "$obj/.config" ||
				die "the kernel's configuration insists on ${line% is not set}, which vm/config takes away"
			continue ;;
		esac
		# Some options are only in some bases.
		grep -qx "$line" "$obj/.config" || ! own_git -C "$tree" \
			grep -qE "^(menu)?config $(expr "$line" : "CONFIG_\([^=]*\)")\$" -- '*Kconfig*' ||
			die "the kernel's configuration refuses $line of vm/config"
	done
	echo "$config_id" >"$obj/.config.id"
fi

if [ "$mode" = --config ]; then exit; fi

# A test edit changes the commit, but nothing that the kernel is built from. New files are
# told by what is in them. Each step counts: of half of it an old kernel would be taken for new.
not_built='(Documentation|samples|tools)'
sources() (
	cat "$obj/.config.id" &&
	top_of_tree=$(own_git ls-tree HEAD) && echo "$top_of_tree" | grep -vE "	$not_built\$" &&
	own_git diff --no-ext-diff --no-textconv --full-index HEAD -- . ':!tools' ':!Documentation' ':!samples' &&
	new=$(new_files "$PWD") && echo "$new" | sed -E "/^($not_built\/|\$)/d; s,^,./," | tr '\n' '\0' |
		xargs -0r sh -c 'find "$@" ! -type d -exec cksum {} +' sh
)
(cd "$tree" && sources) >"$obj/.sources" 2>"$logs/sources.log" ||
	die "cannot tell what $tree holds: $(reason <"$logs/sources.log")"
sources_id=$(cksum <"$obj/.sources")
if [ ! -f "$image" ] || [ "$sources_id" != "$(cat "$obj/.build.id" 2>/dev/null)" ]; then
	rm -f "$obj/.build.id"
	step BUILD "Linux $(make -s -C "$tree" kernelversion), $(nproc) jobs (log: $logs/kernel.log)"
	show='^  (AR +[a-z0-9_]+/built-in.a|LD +vmlinux|BUILD .*)$'
	build kernel -j"$(nproc)" "$make_target"
	unset show
	build headers -j"$(nproc)" headers
	[ -z "$headers32" ] || build headers32 O="$obj/headers32" ARCH="$headers32" headers
	echo "$sources_id" >"$obj/.build.id"
fi
