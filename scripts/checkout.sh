#!/bin/sh
# Usage: KIND=name [BASE= | KDIR=] scripts/checkout.sh REV
# Makes $tree hold REV of the base's repository, for a kernel that is compared with
# that of the series: `base` without it, `parity` with its tests alone, `regress`
# and `mutant` to be built apart from it. What was edited there is lost. Files that
# do not change keep their times, so a build after it is incremental.
# Exit status: 0; git's.
. "$(dirname -- "$0")/lib.sh"
. "$top/scripts/lib/git.sh"
. "$top/scripts/lib/place.sh"
. "$top/scripts/lib/work.sh"
where
: "${KIND:?}"

if [ ! -e "$tree/Makefile" ]; then
	step CHECKOUT "$tree"
	rm -rf "$tree"
	forget "$work/linux.git"
	own_git --git-dir="$work/linux.git" worktree add -q --detach "$tree" "$1"
fi
# Nobody else works there: it is of a run that was cut off.
rm -f "$(own_git -C "$tree" rev-parse --absolute-git-dir)/index.lock"
own_git -C "$tree" checkout -q --force --detach "$1"
