#!/bin/sh
# Usage: [BASE= | KDIR=] [SIGN=1] scripts/mail.sh
# Writes the series as it is mailed, a file a patch with the cover letter before
# them, to $work/series, and tries that it applies. The letter is the series' own
# `cover-letter`; diffstat, list of patches and base-commit are added. That commit is
# known if the base is a clean git tree, or if patches/base-commits has the tag of its version.
# With SIGN=1 they are from the user, who signs each; without, nobody has.
# Exit status: 0; 2 with the reason.
. "$(dirname -- "$0")/lib.sh"
. "$top/scripts/lib/git.sh"
. "$top/scripts/lib/version.sh"
. "$top/scripts/lib/place.sh"
where
[ -z "${SIGN:=}" ] || sign=$(signer "${KDIR:-$top}")

repo=$work/linux.git
"$top/scripts/base-get.sh"
series=$("$top/scripts/series.sh" "$repo" base)
last=$("$top/scripts/assemble.sh" "$repo" "$series"/*.patch)
# A failed run leaves an earlier set as it was.
new=$work/series.new
rm -rf "$new"

# What gives the flag to kernels of the past says to which.
prefix=PATCH
[ ! -f "$(echo "$series"/*-clone-add-CLONE_AUTOREAP.patch)" ] || prefix="PATCH ${series##*/}"
own_git --git-dir="$repo" branch -q -f mail "$last"
(
	if [ -n "$SIGN" ]; then
		own_git_name=${sign%% <*} own_git_mail=${sign##*<} own_git_mail=${own_git_mail%>}
	fi
	own_git --git-dir="$repo" -c branch.mail.description="$(cat "$series/cover-letter")" \
		format-patch -q --cover-letter --cover-from-description=subject ${SIGN:+--signoff --from="$sign"} \
		--subject-prefix="$prefix" --signature= -o "$new" base..mail
)
# Git says in the text who the author is, if that is another: of ours, nobody.
[ -z "$SIGN" ] || sed -i '/^From: clone-autoreap <clone-autoreap@localhost>$/,/^$/d' "$new"/*.patch
cover=$new/0000-cover-letter.patch
tail -n 1 "$series/cover-letter" | grep -qxF -f - "$cover" || die "git has not put $series/cover-letter into the mails"

version=$(own_git --git-dir="$repo" show base:Makefile | kernel_version)
tag=v${version%.0}
dir=${KDIR:-$(base_named "$BASE")}
commit=$(awk -v tag="$tag" '$1 == tag { print $2 }' "$top/patches/base-commits")
if [ -n "$dir" ] && [ "$(git -C "$dir" rev-parse -q --verify 'HEAD^{tree}' 2>/dev/null)" = \
		"$(own_git --git-dir="$repo" rev-parse 'base^{tree}')" ]; then
	commit=$(git -C "$dir" rev-parse HEAD)
fi
printf 'Applies to %s.\n' "$tag" >>"$cover"
if [ -n "$commit" ]; then
	printf '\nbase-commit: %s\n' "$commit" >>"$cover"
else
	step NOTE "no base-commit: the commit of $tag is not known; name a git tree of it with KDIR"
fi

# What is mailed must be what was tested.
thin_tree "$repo" <<END
$(own_git --git-dir="$repo" diff --name-only "base..$last")
END
own_git -C "$thin/linux" am -q --no-3way --keep-non-patch --empty=drop "$new"/*.patch >"$thin/am.log" 2>&1 ||
	die "the mails do not apply: $(reason <"$thin/am.log")"
[ "$(own_git -C "$thin/linux" diff-tree -r "$few" HEAD)" = "$(own_git --git-dir="$repo" diff-tree -r base "$last")" ] ||
	die "the mails give another tree than the series"

rm -rf "$work/series"
mv "$new" "$work/series"
step SERIES "$tag: $(find "$work/series" -name '0*.patch' | wc -l) mails in $work/series"
