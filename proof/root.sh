# shellcheck shell=sh disable=SC2154 # $logs is that of who calls; $top is of lib.sh
# Sourced by what needs a root file system of Debian's.

# as_root: only root can make one
as_root() { [ "$(id -u)" = 0 ] || die "making a root file system needs root; run the same command by sudo"; }

# debian_root INTO "SUITE ..." [OPTION]...: makes it in INTO, of the first SUITE, with packages
# from all of them, from this machine's own mirrors, by mmdebstrap with OPTIONs
debian_root() (
	into=$1 suites=$2 log=$logs/root-${2%% *}.log
	shift 2
	mkdir -p "$logs"
	rm -rf "${into:?}"
	# shellcheck disable=SC2086 # a word a suite
	"$top/scripts/debian.sh" sources $suites >"$into.list"
	logged "$log" mmdebstrap --mode=root "$@" "${suites%% *}" "$into" "$into.list" ||
		die "mmdebstrap: $(tail -n 1 "$log") (log: $log)"
)
