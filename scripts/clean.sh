#!/bin/sh
# Usage: scripts/clean.sh clean|mrproper
# clean removes what was built, and keeps the base kernels and the trees assembled
# from them; mrproper removes the output directory. Either refuses to delete
# commits or edits in a tree that are not in the series.
# Exit status: 0; 2 with the reason.
. "$(dirname -- "$0")/lib.sh"

# gone PATH...
gone() {
	rm -rf "$@" 2>/dev/null || die "root made a part of what is in $O; run the same command by sudo"
}

if [ "$1" = clean ]; then
	for dir in "$O"/*/linux.git; do
		cd "${dir%/linux.git}" 2>/dev/null || continue
		gone new series series.new obj* root* run* log* initramfs* expected* model coverage deb* lab* userland linux-*
		own_git --git-dir=linux.git worktree prune
	done
	exit
fi
for repo in "$O"/*/linux.git; do
	dir=${repo%/linux.git}
	[ -e "$dir/linux/.git" ] || continue
	[ -z "$(own_git -C "$dir/linux" status --porcelain --untracked-files=no)" ] ||
		die "$dir/linux has uncommitted edits; commit and 'make export' them, or rm -rf $dir"
	[ "$(own_git -C "$dir/linux" rev-parse series)" = "$(cat "$dir/series.commit" 2>/dev/null)" ] ||
		die "$dir/linux has commits of its own; 'make export' them, or rm -rf $dir"
done
# Only what these scripts made: O may be a directory that holds more. The new name
# lets a later run finish what an interrupted one has begun.
for repo in "$O"/*/linux.git; do
	[ ! -e "$repo" ] || mv "${repo%/linux.git}" "${repo%/linux.git}.removed"
done
gone "$O"/*.removed "$O/log" "$O/.lock" "$O/apt" "$O/accel" "$O/ccache" "$O/arches.row" "$O/cross" "$O/herd" "$O/download" "$O/reach" "$O/bench" "$O/lava"
rmdir "$O" 2>/dev/null || :
