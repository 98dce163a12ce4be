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
