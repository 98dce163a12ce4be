#!/bin/sh
# Usage: KDIR=path [ONLY=autoreap] scripts/am.sh
# Applies the right series to the user's own git tree with git am; with ONLY=autoreap
# without the patches of patches/beyond. Refuses a tree with uncommitted changes; if a
# patch does not apply, the tree is as before.
# Exit status: 0; 2 with the reason.
O=/	# builds nothing
. "$(dirname -- "$0")/lib.sh"

case ${ONLY:-} in
'' | autoreap) ;;
*) die "ONLY=$ONLY: say ONLY=autoreap, or nothing for the whole series" ;;
esac
[ -n "$KDIR" ] || die "say which tree: make am KDIR=path"
case $(git -C "$KDIR" rev-parse --show-prefix 2>&1 || :) in *"dubious ownership"*)
	die "git refuses $KDIR, which is another user's; say git config --global --add safe.directory '$KDIR'" ;;
esac
if [ "$(git -C "$KDIR" rev-parse --show-prefix 2>/dev/null || echo none)" != "" ]; then
	what=$(git -C "$KDIR" rev-parse --show-toplevel 2>/dev/null) && what="name that: $what" ||
		what="'git init' and commit it first"
	die "KDIR=$KDIR is not the top of a git tree; $what"
fi
git -C "$KDIR" rev-parse -q --verify HEAD >/dev/null || die "KDIR=$KDIR has no commit yet"
[ -z "$(git -C "$KDIR" status --porcelain --untracked-files=no)" ] ||
	die "KDIR=$KDIR has uncommitted changes; commit or stash them first"
gitdir=$(git -C "$KDIR" rev-parse --absolute-git-dir)
if [ -e "$gitdir/rebase-apply" ] || [ -e "$gitdir/rebase-merge" ]; then
	die "KDIR=$KDIR is in the middle of a git am or rebase; finish or abort that first"
fi
series=$("$top/scripts/series.sh" "$KDIR" HEAD)
git -C "$KDIR" var GIT_COMMITTER_IDENT >/dev/null 2>&1 ||
	die "git does not know your name for the commits; say git config user.name and user.email in $KDIR"

log=$(mktemp "${TMPDIR:-/tmp}/autoreap-am.XXXXXX")
trap 'rm -f "$log"' EXIT
undo() { [ ! -e "$gitdir/rebase-apply" ] || git -C "$KDIR" am --abort; }
trap 'undo; exit 130' INT TERM
for patch in "$series"/*.patch; do
	name=${patch##*/}
	if [ -z "${ONLY:-}" ] || ! grep -qxF "${name#*-}" "$top/patches/beyond"; then
		set -- "$@" "$patch"
	fi
done
if ! git -C "$KDIR" -c gc.auto=0 am --no-3way "$@" >"$log" 2>&1; then
	undo
	die "${series#"$top"/}: $(sed -n 's/^Patch failed at /patch /p' "$log") does not apply:" \
		"$(grep -m1 -E '^(error|fatal):' "$log" | sed 's/^[a-z]*: //')"
fi
sed 's/^Applying:/  AM      /' "$log"
step DONE "$(git -C "$KDIR" log -1 --format='HEAD is now %h (%s)')"
