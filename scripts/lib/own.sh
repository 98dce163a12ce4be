# shellcheck shell=sh disable=SC2012,SC2015,SC2034,SC2154 # ls: names of ours; $top of lib.sh
# What is the user's own, or ours: files that are replaced, and the output directory.

# keep FILE: standard input becomes what FILE holds, or the file that the link FILE leads
# to; all of it, or that is as it was. Its owner and mode stay. Who is interrupted removes
# ${kept:+"$kept.new"}.
kept=''
keep() {
	kept=$(readlink -f "$1")
	keep_error=$(exec 2>&1; rm -f "$kept.new" && { [ ! -e "$kept" ] || cp -p "$kept" "$kept.new"; } &&
		cat >"$kept.new" && mv -f "$kept.new" "$kept") || {
		rm -f "$kept.new"
		die "cannot write $1, which is as it was: ${keep_error##*: }"
	}
}

# The output directory carries this file. What has none, nobody here writes to or deletes.
mark=.clone-autoreap-output

# own_output [--make]: refuses an O that is not this user's output directory; --make makes
# one of what is not there yet, or is empty. An earlier version left no mark: build/ of this
# project is its own by the lock that each run left there, or if all in it has a name of ours.
own_output() {
	if ! (cd -P -- "$O") 2>/dev/null; then
		[ ! -e "$O" ] && [ ! -L "$O" ] || die "O=$O is no directory that $(id -un) may enter"
		[ "${1:-}" = --make ] || die "there is no O=$O"
		mkdir -p "$O" 2>/dev/null || die "cannot write to O=$O as $(id -un); say O=another-directory"
		O=$(cd -P "$O" && pwd)
	fi
	case $top/ in "${O%/}"/*)
		die "O=$O is this project, or holds it; say O=another-directory" ;;
	esac
	! { echo "${HOME:-}"; getent passwd | cut -d: -f6; } 2>/dev/null | xargs readlink -f 2>/dev/null | grep -qxF -e "$O" ||
		die "O=$O is a home; say O=another-directory"
	own_output_uid=$(stat -c %u "$O")
	[ "$own_output_uid" = "$(id -u)" ] || { [ "$(id -u)" = 0 ] && [ "$own_output_uid" = "$(stat -c %u "$top")" ]; } ||
		die "O=$O is another user's; say O=another-directory"
	own_output_marked=1
	if [ ! -f "$O/$mark" ] || [ -L "$O/$mark" ]; then
		own_output_marked=
		{ [ "${1:-}" = --make ] && [ -z "$(ls -A "$O")" ]; } ||
			{ [ "$O" = "$top/build" ] && { [ -f "$O/.lock" ] || [ -z "$(in_output others)" ]; }; } ||
			die "O=$O has files and no mark of this project's; say O=another-directory, or, if an earlier version of it made them, touch $O/$mark"
	fi
	! others_may_write || die "others may write to O=$O, and what lies there is run; say chmod go-w '$O', or O=another-directory"
	[ -n "$own_output_marked" ] || echo "clone-autoreap makes what is here, and its make clean deletes it." 2>/dev/null >"$O/$mark" ||
		die "cannot write to O=$O as $(id -un); say O=another-directory"
	# Through a link, what is written or deleted would be elsewhere.
	for own_output_name in $output_names $(cd "$O" && echo [0-9]* kdir-* [0-9]*/* kdir-*/*); do
		[ ! -L "$O/$own_output_name" ] || case $(readlink -f "$O/$own_output_name") in "$O"/*) ;; *)
			die "$O/$own_output_name is a link that leads out of O; remove it, or say O=another-directory" ;;
		esac
	done
}

# others_may_write: to O. A group of the owner's own, which is called as they are and has
# no other member, is nobody else's.
others_may_write() {
	# shellcheck disable=SC2046 # words
	set -- $(stat -c '%A %U %G %u %g' "$O")
	case $1 in ????????w*) return 0 ;; ?????w*) ;; *) return 1 ;; esac
	[ "$2" = "$3" ] && { [ "$2" != UNKNOWN ] || [ "$4" = "$5" ]; } || return 0
	case $(getent group "$3" 2>/dev/null || :) in *:"$2" | *: | '') return 1 ;; esac
}

# What the makers write to O, beside a directory for each base; the lock goes when all else has
output_names="log apt accel ccache arches.row bases.err cross herd herd.new download reach bench bench.new lava compilers .lock $mark"

# in_output [others]: the directories of bases in O; or what is there and has no name of ours
in_output() (
	for path in "$O"/* "$O"/.[!.]*; do
		name=${path##*/}
		case " $output_names " in *" $name "*) continue ;; esac
		[ -e "$path" ] || [ -L "$path" ] || continue
		base=others
		! expr "$name" : '[0-9][0-9]*[.][0-9.]*$' '|' "$name" : 'kdir-[0-9]*$' >/dev/null || [ ! -d "$path" ] || base=
		[ "$base" != "${1:-}" ] || echo "$name"
	done
)
