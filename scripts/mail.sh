#!/bin/sh
# Usage: [BASE= | KDIR=] [SIGN=1] scripts/mail.sh
# Writes the series as it is mailed, a file a patch with the cover letter before
# them, to $work/series, and tries that it applies. The letter is the series' own
# `cover-letter`; diffstat, list of patches and base-commit are added. That commit is
# known if the base is a clean git tree, or if patches/base-commits has the tag of its version.
# A series with a `cover-letter-tests` is two for mainline, in $work/series/fixes and tests: up
# to the sample, and from there on without the patches of patches/not-posted. Their To and Cc
# are what get_maintainer.pl of the base says, and the Cc: of the letter.
# With SIGN=1 they are from the user, who signs each; without, nobody has.
# Exit status: 0; 2 with the reason.
. "$(dirname -- "$0")/lib.sh"
. "$top/scripts/lib/git.sh"
. "$top/scripts/lib/version.sh"
. "$top/scripts/lib/place.sh"

# maintainers FROM TO OPTION...: who get_maintainer.pl says is to get what these commits change
maintainers() (
	from=$1 to=$2
	shift 2
	own_git --git-dir="$repo" diff --name-only "$from" "$to" >"$new/files"
	mkdir -p "$new/base"
	# What it knows a tree by, and what it is asked for.
	{ echo COPYING CREDITS Kbuild MAINTAINERS Makefile README scripts/get_maintainer.pl; cat "$new/files"; } |
		xargs -n1 printf '%s\n' | while read -r file; do
			mkdir -p "$new/base/$(dirname "$file")"
			own_git --git-dir="$repo" show "$to:$file" >"$new/base/$file" 2>/dev/null || :
		done
	cd "$new/base"
	[ -s scripts/get_maintainer.pl ] || exit 0
	mkdir -p Documentation arch include drivers fs init ipc kernel lib scripts
	xargs perl scripts/get_maintainer.pl --no-rolestats --no-git --no-git-fallback --no-fixes "$@" -f <"$new/files"
)

# part DIR FROM TO LETTER PREFIX [OPTION...]: the mails of these commits
part() {
	dir=$1 from=$2 to=$3 letter=$4 prefix=$5
	shift 5
	own_git --git-dir="$repo" branch -q -f mail "$to"
	(
		if [ -n "$SIGN" ]; then
			own_git_name=${sign%% <*} own_git_mail=${sign##*<} own_git_mail=${own_git_mail%>}
		fi
		own_git --git-dir="$repo" -c branch.mail.description="$(grep -v '^Cc: ' "$letter")" \
			format-patch -q --cover-letter --cover-from-description=subject ${SIGN:+--signoff --from="$sign"} \
			--subject-prefix="$prefix" --signature= "$@" -o "$dir" "$from..mail"
	)
	# Git says in the text who the author is, if that is another: of ours, nobody.
	[ -z "$SIGN" ] || sed -i '/^From: clone-autoreap <clone-autoreap@localhost>$/,/^$/d' "$dir"/*.patch
	cover=$dir/0000-cover-letter.patch
	grep -v '^Cc: ' "$letter" | grep . | tail -n 1 | grep -qxF -f - "$cover" || die "git has not put $letter into the mails"
	printf 'Applies to %s.\n' "$tag" >>"$cover"
	[ -z "$commit" ] || printf '\nbase-commit: %s\n' "$commit" >>"$cover"
}

# mainline DIR FROM TO LETTER: a part of which the maintainers are told
mainline() {
	dir=$1 from=$2 to=$3 letter=$4
	set -- --to='' --cc=''
	maintainers "$from" "$to" --nol --nor >"$new/to"
	{ maintainers "$from" "$to" --nom; sed -n 's/^Cc: //p' "$letter"; } | grep -vxF -f "$new/to" >"$new/cc" || :
	while read -r who; do set -- "$@" --to="$who"; done <"$new/to"
	while read -r who; do set -- "$@" --cc="$who"; done <"$new/cc"
	shift 2
	rm -rf "$new/base" "$new/to" "$new/cc" "$new/files"
	part "$dir" "$from" "$to" "$letter" PATCH "$@"
}

# applies COMMIT MAIL...: what is mailed must be what was tested
applies() {
	last=$1
	shift
	own_git -C "$thin/linux" am -q --no-3way --keep-non-patch --empty=drop "$@" >"$thin/am.log" 2>&1 ||
		die "the mails do not apply: $(reason <"$thin/am.log")"
	[ "$(own_git -C "$thin/linux" diff-tree -r "$few" HEAD)" = "$(own_git --git-dir="$repo" diff-tree -r base "$last")" ] ||
		die "the mails give another tree than the series"
}

main() {
	where
	[ -z "${SIGN:=}" ] || sign=$(signer "${KDIR:-$top}")
	repo=$work/linux.git
	"$top/scripts/base-get.sh"
	series=$("$top/scripts/series.sh" "$repo" base)
	version=$(own_git --git-dir="$repo" show base:Makefile | kernel_version)
	tag=v${version%.0}
	commit=$(awk -v tag="$tag" '$1 == tag { print $2 }' "$top/patches/base-commits")
	dir=${KDIR:-$(base_named "$BASE")}
	if [ -n "$dir" ] && [ "$(git -C "$dir" rev-parse -q --verify 'HEAD^{tree}' 2>/dev/null)" = \
			"$(own_git --git-dir="$repo" rev-parse 'base^{tree}')" ]; then
		commit=$(git -C "$dir" rev-parse HEAD)
	fi
	[ -n "$commit" ] ||
		step NOTE "no base-commit: the commit of $tag is not known; name a git tree of it with KDIR"

	for patch in "$series"/*.patch; do
		name=${patch##*/}
		if [ ! -f "$series/cover-letter-tests" ] || ! grep -qxF "${name#*-}" "$top/patches/not-posted"; then
			set -- "$@" "$patch"
		fi
	done
	last=$("$top/scripts/assemble.sh" "$repo" "$@")
	# A failed run leaves an earlier set as it was.
	new=$work/series.new
	rm -rf "$new"
	mkdir -p "$new"
	if [ -f "$series/cover-letter-tests" ]; then
		fixes=0
		for patch; do
			case $patch in *-samples-*) break ;; esac
			fixes=$((fixes + 1))
		done
		middle=$(own_git --git-dir="$repo" rev-list --reverse "base..$last" | sed -n "${fixes}p")
		mainline "$new/fixes" base "$middle" "$series/cover-letter"
		mainline "$new/tests" "$middle" "$last" "$series/cover-letter-tests"
		# They need the fixes, which b4 and CI find by these.
		own_git --git-dir="$repo" log --reverse -p --format='commit %H' "base..$middle" | own_git patch-id --stable |
			sed 's/^\([0-9a-f]*\).*/prerequisite-patch-id: \1/' >>"$new/tests/0000-cover-letter.patch"
	else
		part "$new" base "$last" "$series/cover-letter" "PATCH $(y "${series##*/}")"
	fi

	thin_tree "$repo" <<-END
	$(own_git --git-dir="$repo" diff --name-only "base..$last")
	END
	# shellcheck disable=SC2046 # no name has a blank
	applies "$last" $(find "$new" -name '0*.patch' ! -name '0000-*' | sort)
	rm -rf "$work/series"
	mv "$new" "$work/series"
	step SERIES "$tag: $(find "$work/series" -name '0*.patch' | wc -l) mails in $work/series"
}

# y SERIES: the kernels that it is for, as lists call them
y() { echo "$1" | sed 's/^\([0-9]*\.[0-9]*\)$/\1.y/'; }

main
