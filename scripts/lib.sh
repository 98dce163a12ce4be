# shellcheck shell=sh
# The first line of every script here, in vm/, proof/ and bench/: a shell that stops at what
# fails, and messages. Scripts find each other through $top. What else they use they source from
# scripts/lib/, where nothing happens until it is called. As sh has no locals, what a function
# needs for itself carries its name, or is in a subshell; what it leaves for others it says.
set -eu
LC_ALL=C; export LC_ALL
# What a hook of git's has in its environment would lead to another repository, and the rest
# would change what git says.
unset GIT_DIR GIT_WORK_TREE GIT_INDEX_FILE GIT_COMMON_DIR GIT_OBJECT_DIRECTORY GIT_ALTERNATE_OBJECT_DIRECTORIES \
	GIT_NAMESPACE GIT_PREFIX GIT_SHALLOW_FILE GIT_GRAFT_FILE GIT_REPLACE_REF_BASE GIT_NO_REPLACE_OBJECTS \
	GIT_QUARANTINE_PATH GIT_ATTR_SOURCE GIT_DEFAULT_HASH GIT_TEMPLATE_DIR GIT_EXTERNAL_DIFF GIT_DIFF_OPTS \
	GIT_LITERAL_PATHSPECS GIT_GLOB_PATHSPECS GIT_NOGLOB_PATHSPECS GIT_ICASE_PATHSPECS
# shellcheck disable=SC2034 # for who sources this
top=$(CDPATH='' cd -P -- "$(dirname -- "$0")" && while [ ! -f scripts/lib.sh ]; do cd ..; done && pwd)

# die MESSAGE: one line on stderr, exit status 2
die() { echo "error: $*" >&2; exit 2; }

# step WHAT TEXT: a line of progress, as kbuild prints them
step() { printf '  %-9s%s\n' "$1" "$2"; }

# logged LOG COMMAND...: run COMMAND with its output in LOG; lines that match
# the extended regular expression $show are shown too, all of them if V=1.
logged() {
	logged_log=$1 logged_show=${show-^\$never}; shift
	mkdir -p "$(dirname "$logged_log")"
	[ "${V:-}" != 1 ] || logged_show=
	{ logged_rc=0; "$@" 2>&1 </dev/null || logged_rc=$?; echo "$logged_rc" >"$logged_log.rc"; } | tee "$logged_log" |
		grep --line-buffered -E -e "$logged_show" || :
	logged_rc=$(cat "$logged_log.rc")
	rm -f "$logged_log.rc"
	return "$logged_rc"
}
