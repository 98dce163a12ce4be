#!/bin/sh
# Usage: [BASE= | KDIR=] scripts/tree.sh
# Assembles $work/linux: a git worktree whose branch `series` is the base kernel
# with the right series on it, a commit a patch. Files that do not change keep
# their times, so a build after it is incremental. Work in the tree survives: uncommitted
# edits always, commits as long as the series itself is unchanged. It is moved only when
# it is on its branch, and git in the middle of nothing.
# Exit status: 0; 2 with the reason, and the tree as it was.
. "$(dirname -- "$0")/lib.sh"
. "$top/scripts/lib/git.sh"
. "$top/scripts/lib/place.sh"
. "$top/scripts/lib/own.sh"
. "$top/scripts/lib/work.sh"
where

repo=$work/linux.git

"$top/scripts/base-get.sh"
series=$("$top/scripts/series.sh" "$repo" base)

# What the tree is made from; nothing to do while it is the same.
cd "$top"
id=$({
	own_git --git-dir="$repo" rev-parse base
	cat "$series"/*.patch scripts/assemble.sh
	find Documentation samples tools -type f 2>/dev/null | sort | xargs cksum
} | cksum)
[ ! -e "$tree/Makefile" ] || [ "$id" != "$(cat "$work/series.id" 2>/dev/null)" ] || exit 0

step AM "${series#"$top"/} ($(find "$series/" -name '*.patch' | wc -l) patches)"
commit=$("$top/scripts/assemble.sh" "$repo" "$series"/*.patch)
old=$(own_git --git-dir="$repo" rev-parse -q --verify series || :)
mkdir -p "$logs"
# same: whether what has been committed there has become the series
same() { [ -n "$old" ] && own_git --git-dir="$repo" diff --quiet "$old" "$commit"; }
if [ ! -e "$tree/Makefile" ]; then
	refuse_work "$work" 'doing|edits|files'
	if same; then commit=$old; else refuse_work "$work" commits; fi
	step CHECKOUT "$tree"
	rm -rf "$tree"
	forget "$repo"
	own_git --git-dir="$repo" branch -q -f series "$commit"
	own_git --git-dir="$repo" worktree add -q "$tree" series
elif same; then
	commit=$old
elif [ "$old" != "$(cat "$work/series.commit" 2>/dev/null)" ]; then
	die "$tree has commits of its own and the series has changed: 'make export' writes them to patches/, 'git -C $tree reset --hard $(cat "$work/series.commit" 2>/dev/null)' drops them"
else
	refuse_work "$work" 'doing|head'
	# A file that was only copied or touched is no edit.
	own_git -C "$tree" update-index -q --refresh >/dev/null || :
	own_git -C "$tree" reset -q --keep "$commit" 2>"$logs/reset.log" ||
		die "$tree has uncommitted edits where the series has changed: commit or stash them there ($(head -n 1 "$logs/reset.log"))"
fi
echo "$commit" | keep "$work/series.commit"
echo "$id" | keep "$work/series.id"
