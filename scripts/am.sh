#!/bin/sh
# Usage: KDIR=path [ONLY=autoreap] [SERIES=name] [SIGN=1] scripts/am.sh
# Applies the right series to the user's own git tree as git am does; with ONLY=autoreap
# without the patches of patches/other-flags; with SIGN=1 the user signs each, and is the author of
# those that are nobody's. git am runs beside the tree, in a worktree with only the files of the series;
# then one fast-forward takes what it has made. Whatever stops it, the tree has all of the
# series, or is as before.
# Exit status: 0; 2 with the reason; 129, 130, 131 or 143 if a signal came before that step.
. "$(dirname -- "$0")/lib.sh"
. "$top/scripts/lib/git.sh"
. "$top/scripts/lib/place.sh"
where_kdir

case ${ONLY:-} in
'' | autoreap) ;;
*) die "ONLY=$ONLY: say ONLY=autoreap, or nothing for the whole series" ;;
esac
[ -n "$KDIR" ] || die "say which tree: make am KDIR=path"
[ -z "${SIGN:=}" ] || signer "$KDIR" >/dev/null
if [ "$(git -C "$KDIR" rev-parse --is-inside-work-tree --show-prefix 2>/dev/null)" != "true" ]; then
	what=$(git -C "$KDIR" rev-parse --show-toplevel 2>/dev/null) && what="name that: $what" ||
		what="'git init' and commit it first"
	die "KDIR=$KDIR is not the top of a git tree; $what"
fi
head=$(git -C "$KDIR" rev-parse -q --verify HEAD) || die "KDIR=$KDIR has no commit yet"
gitdir=$(git -C "$KDIR" rev-parse --absolute-git-dir)
# What git writes as root, its user could not edit.
[ "$(id -u)" != 0 ] || [ "${SUDO_UID:-0}" = 0 ] || [ "$SUDO_UID" != "$(stat -c %u "$KDIR")" ] ||
	die "KDIR=$KDIR is your own, and what root writes there would not be; say make am without sudo"

# The lock goes with this process; what git leaves in the background must not hold it (9<&-).
exec 9<"$gitdir"
flock -n 9 || die "another make am is at work in KDIR=$KDIR"
doing=$(doing "$gitdir")
[ -z "$doing" ] || die "KDIR=$KDIR is in the middle of $doing; finish or abort that first"
branch=$(git -C "$KDIR" symbolic-ref -q HEAD || echo HEAD)
locks="index.lock HEAD.lock $branch.lock"
for lock in $locks; do
	lock=$(git -C "$KDIR" rev-parse --path-format=absolute --git-path "$lock")
	[ ! -e "$lock" ] || die "another git is at work in KDIR=$KDIR; wait for it, or remove what one that died has left: $lock"
done
# What git warns of is no change.
changes() { git -C "$KDIR" --no-optional-locks status --porcelain --untracked-files=no 9<&-; }
changes=$(changes 2>/dev/null) || die "KDIR=$KDIR: $(changes 2>&1 | reason)"
[ -z "$changes" ] || die "KDIR=$KDIR has uncommitted changes; commit or stash them first"
series=$("$top/scripts/series.sh" "$KDIR" HEAD)
ident=$(git -C "$KDIR" var GIT_COMMITTER_IDENT 2>/dev/null) ||
	die "git does not know your name for the commits; say git config user.name and user.email in $KDIR"
# Beside the tree, on no branch, an includeIf of the user's could give another name, and a
# relative core.hooksPath no hooks.
GIT_COMMITTER_NAME=${ident%% <*} GIT_COMMITTER_EMAIL=${ident#*<}
GIT_COMMITTER_EMAIL=${GIT_COMMITTER_EMAIL%%>*}
export GIT_COMMITTER_NAME GIT_COMMITTER_EMAIL
hooks=$(git -C "$KDIR" rev-parse --path-format=absolute --git-path hooks)
for patch in "$series"/*.patch; do
	name=${patch##*/}
	if [ -z "${ONLY:-}" ] || ! grep -qxF "${name#*-}" "$top/patches/other-flags"; then
		set -- "$@" "$patch"
	fi
done

# What a run that was killed has left: its directory, which no process has locked, and then what
# git knows of that. A minute, as a run that begins has no lock yet.
find "${TMPDIR:-/tmp}" -maxdepth 1 -type d -name 'autoreap-am.*' -user "$(id -u)" -mmin +1 \
	-exec flock -n {} rm -rf {} \; 2>/dev/null 9<&- || :
for left in "$(git -C "$KDIR" rev-parse --path-format=absolute --git-common-dir)"/worktrees/autoreap-am.*; do
	there=$(cat "$left/gitdir" 2>/dev/null) || continue
	[ -e "${there%/*/.git}" ] || rm -rf "$left"
done
rm -rf "$gitdir"/autoreap-am.*	# of a tree that is clean

# Beside: the user's repository and settings, for an index and a few files elsewhere.
tmp='' saved='' beside=''
gone() {
	trap '' INT TERM HUP QUIT
	[ -z "$saved" ] || rm -rf "$saved"
	[ -z "$tmp" ] || {
		setsid git -C "$KDIR" worktree remove --force "$beside" >/dev/null 2>&1 || :
		rm -rf "$tmp"
		rmdir "$gitdir/worktrees" 2>/dev/null || :
		tmp=
	}
}
trap gone EXIT
trap '' INT TERM HUP QUIT	# until it is known what to remove
tmp=$({ CDPATH='' cd -- "${TMPDIR:-/tmp}" && mktemp -d "$PWD/autoreap-am.XXXXXX"; } 2>/dev/null) || die "cannot write to ${TMPDIR:-/tmp}"
exec 8<"$tmp"
flock -n 8	# as long as this, or a git that it has started, lives
for signal in HUP.129 INT.130 QUIT.131 PIPE.141 TERM.143; do
	# shellcheck disable=SC2064 # now
	trap "exit ${signal#*.}" "${signal%.*}"
done
beside=$tmp/${tmp##*/} log=$tmp/log
# A session of its own: git that is stopped leaves locks. A signal counts after each patch.
beside() {
	setsid git -C "$beside" -c gc.auto=0 -c maintenance.auto=false -c core.fsmonitor=false -c core.sparseCheckout=true \
		-c core.hooksPath="$hooks" -c core.sparseCheckoutCone=false -c advice.detachedHead=false "$@" 9<&-
}
{
	setsid git -C "$KDIR" -c core.hooksPath=/dev/null worktree add -q --no-checkout --detach "$beside" "$head" &&
	files_of "$@" | sed 's,^,/,' >"$tmp/files" &&
	info=$(git -C "$beside" rev-parse --absolute-git-dir)/info &&
	mkdir -p "$info" &&
	cp "$tmp/files" "$info/sparse-checkout" &&
	beside -c core.hooksPath=/dev/null checkout -q --detach "$head"
} >"$log" 2>&1 || die "KDIR=$KDIR: cannot check out the files of the series below ${TMPDIR:-/tmp}: $(reason <"$log")"
# With SIGN=1 what is of nobody is the user's.
mine() {
	[ -z "$SIGN" ] || [ "$(beside log -1 --format=%ae)" != clone-autoreap@localhost ] ||
		GIT_AUTHOR_NAME=$GIT_COMMITTER_NAME GIT_AUTHOR_EMAIL=$GIT_COMMITTER_EMAIL beside \
			-c core.hooksPath=/dev/null commit -q --amend --no-edit --reset-author
}
applied=''
for patch; do
	if ! { beside am --no-3way ${SIGN:+--signoff} "$patch" && mine; } >"$log" 2>&1; then
		text=$(sed -n 's/^Patch failed at [0-9]* *\(.*\)/\1 does not apply/p' "$log")
		name=${patch##*/}
		die "${series#"$top"/}: patch ${name%%-*} ${text:-is not taken by git am}: $(reason <"$log")"
	fi
	applied="$applied$(sed -n 's/^Applying:/  AM      /p' "$log")
"
done
new=$(git -C "$beside" rev-parse HEAD)

# What is replaced is linked to first: for the way back a full disk has room.
changed=$(git -C "$KDIR" diff-tree -r --name-only "$head" "$new")
added=" $(git -C "$KDIR" diff-tree -r --name-only --diff-filter=A "$head" "$new" | tr '\n' ' ')"
saved=$gitdir/${tmp##*/}
mkdir "$saved" 2>/dev/null || die "cannot write to $gitdir"
cd "$KDIR"
index=$(git rev-parse --path-format=absolute --git-path index)
# save FILE COPY: the file itself by another name
save() { ln "$1" "$2" 2>/dev/null || cp -pP "$1" "$2" 2>/dev/null || die "no space beside KDIR=$KDIR to save $1"; }
save "$index" "$saved/index"
there() { [ -e "$1" ] || [ -L "$1" ]; }
same() {
	if [ -L "$1" ] || [ -L "$2" ]; then
		[ "$(readlink "$1")" = "$(readlink "$2")" ]
	else
		cmp -s "$1" "$2"
	fi
}
number=0 made=''
for file in $changed; do
	number=$((number + 1))
	case $added in
	*" $file "*)
		! there "$file" ||
			die "KDIR=$KDIR has a $file that git does not track, and the series adds one; move it away"
		while file=$(dirname "$file") && ! there "$file"; do
			made="$made $file"
		done ;;
	*)	! there "$file" || [ -f "$file" ] || [ -L "$file" ] ||
			die "KDIR=$KDIR has a $file that is no file, which git was told not to see; move it away"
		! there "$file" || save "$file" "$saved/$number" ;;
	esac
done
[ "$(git rev-parse HEAD)" = "$head" ] || die "KDIR=$KDIR has got other commits meanwhile; say make am again"

# Of the hooks, those of a merge are not for git am; what guards the branch is.
{
	mkdir "$tmp/hooks" && { [ ! -x "$hooks/reference-transaction" ] || {
		ln -s "$hooks"/* "$tmp/hooks/" && rm -f "$tmp/hooks/post-merge" "$tmp/hooks/post-index-change"
	}; }
} 2>/dev/null || die "cannot write to $tmp"
# No signal reaches the step itself, not even from the terminal. With a strategy of the
# user's git would merge, whatever --ff-only says.
trap '' INT TERM HUP QUIT
rc=0
out=$(GIT_REFLOG_ACTION='make am' none='' setsid git -c gc.auto=0 -c maintenance.auto=false -c core.hooksPath="$tmp/hooks" \
	-c pull.twohead=recursive --config-env="branch.${branch#refs/heads/}.mergeOptions=none" merge -q --ff-only \
	--no-squash --no-verify-signatures --no-autostash --no-overwrite-ignore "$new" 2>&1 9<&-) || rc=$?
now=$(git rev-parse HEAD)
if [ "$now" != "$new" ]; then
	[ "$now" = "$head" ] || die "KDIR=$KDIR has got other commits meanwhile; say make am again"
	# back COPY FILE
	back() {
		mv -f "$1" "$2" && return
		kept=$saved saved=
		die "KDIR=$KDIR does not take the series, and $2 could not be put back; it is $1 (all: $kept)"
	}
	# Who was killed has left locks, which were not there before.
	[ "$rc" -le 128 ] || for lock in $locks; do
		out='fatal: git was killed'
		rm -f "$(git rev-parse --path-format=absolute --git-path "$lock")"
	done
	! git diff-index --cached --quiet "$new" || back "$saved/index" "$index"
	number=0
	for file in $changed; do
		number=$((number + 1))
		if ! there "$saved/$number"; then
			rm -f "$file" 2>/dev/null || :
		elif ! same "$saved/$number" "$file"; then
			back "$saved/$number" "$file"
		fi
	done
	for file in $made; do
		rmdir "$file" 2>/dev/null || :
	done
	die "KDIR=$KDIR does not take the series, and is as it was: $(echo "$out" | reason)"
fi
gone
printf %s "$applied"
step DONE "$(git log -1 --format='HEAD is now %h (%s)'); git reset --keep $(git rev-parse --short "$head") takes it out again"
