#!/bin/sh
# Usage: [BASE= | KDIR=] [ARCHES="name ..."] [SMP=] vm/arches.sh
# Builds the kernel with the series for each architecture of vm/arch, once more for each
# other size of pages that it has, and runs the tests on it. Prints a table: architecture
# and pages, kernel, seconds until it was built, how many tests passed, failed and were skipped,
# how many of them are 32-bit programs' on a 64-bit kernel, and the slowest program.
# `try` is how it calls itself: the tests on ARCH and PAGES, to the row of that.
# Exit status: 0 all passed; 1 one did not, or was not built.
. "$(dirname -- "$0")/../scripts/lib.sh"
. "$top/scripts/lib/place.sh"
where

row=$O/arches.row status=0
columns='%-12s %-20s %8s %7s %7s %8s %7s  %s'

try() {
	rm -f "$run/verdict.txt"
	start=$(date +%s)
	"$top/vm/ready.sh" kernel
	seconds=$(($(date +%s) - start))
	"$top/vm/initramfs.sh"
	rc=0
	"$top/vm/run.sh" kselftest >"$logs/run.log" || rc=$?
	cat "$logs/run.log"
	[ -f "$run/verdict.txt" ] || return 2
	# shellcheck disable=SC2046,SC2059
	printf "$columns" "$ARCH${PAGES:+ $PAGES}" "$(sed -n 's/^kernel *\([^ ]*\).*/\1/p' "$logs/run.log")" "$seconds" \
		$(tail -n 1 "$run/verdict.txt" | tr -cd '0-9 ') "$(grep -c '_32/.* noskip' "$expected" || :)" \
		"$(sed -n 's/.*slowest: //p' "$logs/run.log")" >"$row"
	return "$rc"
}

if [ "${1:-}" = try ]; then try; exit; fi

for name in ${ARCHES:=$(architectures)}; do
	[ -d "$top/vm/arch/$name" ] || die "ARCHES: $name is none of: $(architectures)"
done
unset CROSS_COMPILE
# shellcheck disable=SC2086 # a word an architecture
"$top/scripts/deps.sh" guests $ARCHES
# shellcheck disable=SC2059
table=$(printf "$columns" architecture kernel 'build, s' passed failed skipped 32-bit 'slowest program')

for ARCH in $ARCHES; do
	for PAGES in '' $(pages_of "$ARCH"); do
		step ARCH "$ARCH $PAGES"
		echo "$ARCH${PAGES:+ $PAGES}: not built, or not run" >"$row"
		rc=0
		# A script of its own, as in a condition the shell would go on after what has failed;
		# and not in the background, where no Ctrl-C would reach it.
		ARCH=$ARCH PAGES=$PAGES "$top/vm/arches.sh" try || rc=$?
		[ "$rc" = 0 ] || status=1
		table=$(echo "$table"; cat "$row")
	done
done
rm -f "$row"
echo
echo "$table"
exit "$status"
