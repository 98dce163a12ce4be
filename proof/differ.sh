#!/bin/sh
# Usage: TESTS=clone3_autoreap_random [BASES="6.12 7.0 7.3" | KDIR=] [ROUNDS=steps] [SEED=] [SMP=] proof/differ.sh
# Runs the same random programs on the kernel of each base: all that they do has to be
# what the contract says, and the same on any two kernels, in 64-bit programs and 32-bit
# ones. A program that differs is made short and printed. A row a kernel and program.
# SMP is 1 unless said, ROUNDS a million.
# Exit status: 0 no difference; 1 there is one; 2 usage or build.
: "${SMP:=1}" "${ROUNDS:=1000000}" "${TIMEOUT:=86400}"
export SMP ROUNDS TIMEOUT
. "$(dirname -- "$0")/../scripts/lib.sh"
. "$top/vm/guest.sh"

[ -z "${BASES:-}" ] || [ -z "$KDIR" ] || die "BASES and KDIR: say one of them"
rows=$O/differ.rows status=0
: >"$rows"

# try: the programs on one base, to its rows
try() {
	"$top/scripts/deps.sh"
	"$top/scripts/cross.sh"
	"$top/scripts/tree.sh"
	"$top/vm/kernel.sh"
	"$top/vm/initramfs.sh"
	rc=0
	"$top/vm/run.sh" kselftest || rc=$?
	tr -d '\r' <"$run/results.log" | awk '
		/^guest: begin / { kernel = $3 }
		/selftests: .*random$/ { bits = /_32:/ ? 32 : 64 }
		/^# took / { took[bits] = $3 }
		/programs .* digest / { row[bits] = $0 }
		END { for (bits in row) { split(row[bits], word, " ")
			for (i in word) { if (word[i] ~ /^steps/) steps = word[i - 1]
					  if (word[i] == "digest") digest = word[i + 1] }
			printf "%-20s %4s %10s %8s  %s\n", kernel, bits, steps, took[bits], digest } }' | sort -k2r >>"$rows"
	return "$rc"
}

for name in ${BASES:=$BASE}; do
	step BASE "$name"
	rc=0
	# Not in a condition, in which the shell would go on after what has failed.
	(where BASE="$name"; try) &
	wait $! || rc=$?
	[ "$rc" != 2 ] || exit 2
	[ "$rc" = 0 ] || status=1
done
echo
printf '%-20s %4s %10s %8s  %s\n' kernel bits steps seconds digest
cat "$rows"
[ "$(awk '{ print $NF }' "$rows" | sort -u | wc -l)" = 1 ] || {
	echo "DIFFERENT: the digests are not the same"
	status=1
}
rm -f "$rows"
exit "$status"
