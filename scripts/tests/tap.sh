# shellcheck shell=sh disable=SC2034 # failures is for those who source it
# Sourced by the tests here: prints TAP and counts.
number=0 failures=0

# check NAME GOT WANT
check() {
	number=$((number + 1))
	if [ "$2" = "$3" ]; then
		echo "ok $number - $1"
	else
		failures=$((failures + 1))
		echo "not ok $number - $1"
		printf 'got:\n%s\nwanted:\n%s\n' "$2" "$3" | sed 's/^/# /'
	fi
}

# skip NAME WHY
skip() {
	number=$((number + 1))
	echo "ok $number - $1 # SKIP $2"
}

# has_awk AWK: whether this machine has it; what cannot be tested with it is told, once
has_awk() {
	command -v "${1%% *}" >/dev/null && return
	skip "$1" "this machine has no ${1%% *}"
	return 1
}

# await FILE PID: until there is something in FILE, but not for longer than 10 seconds, and
# no longer than the process lives that should write it
await() {
	for _ in $(seq 100); do
		[ ! -s "$1" ] || return 0
		kill -0 "$2" 2>/dev/null || break
		sleep 0.1
	done
	[ -s "$1" ]
}

# refuses NAME PATTERN COMMAND...: exit status 2 and one line on stderr like PATTERN
refuses() {
	name=$1 pattern=$2
	shift 2
	rc=0
	text=$("$@" 2>&1 >/dev/null </dev/null) || rc=$?
	case "$rc $text" in
	*"
"*)	check "$name" "several lines: $text" "one line like $pattern" ;;
	"2 error: "*)
		if printf '%s\n' "$text" | grep -qE -e "$pattern"; then
			check "$name" "" ""
		else
			check "$name" "$text" "one line like $pattern"
		fi ;;
	*)	check "$name" "exit status $rc, $text" "exit status 2, one line like $pattern" ;;
	esac
}

# room MB DIR: DIR gets a df that says that MB are free, as a full disk changes what is said first.
# Whoever wants it sets PATH.
room() {
	mkdir -p "$2"
	printf '#!/bin/sh\necho\necho "disk 0 0 %s000 0%%%% /"\n' "$1" >"$2/df"
	chmod +x "$2/df"
}
