#!/bin/sh
# Usage: TESTS=clone3_autoreap_random [BASES="6.12 7.0 7.3" | KDIR=] [ROUNDS=steps] [SEED=] [SMP=] proof/differ.sh
# Runs the same random programs on the kernel of each base: all that they do has to be
# what the contract says, and the same on any two kernels, in 64-bit programs and 32-bit
# ones. A program that differs is made short and printed. A row a kernel and program.
# ROUNDS is a million unless said, SMP 1, which is the fastest.
# Exit status: 0 no difference; 1 there is one, or a test failed in another way, or a
# program told no digest; 2 usage or build.
. "$(dirname -- "$0")/../scripts/lib.sh"
. "$top/scripts/lib/place.sh"
. "$top/vm/guest.sh"
where
: "${SMP:=1}" "${ROUNDS:=1000000}" "${TIMEOUT:=86400}"
export SMP ROUNDS TIMEOUT
guest_settings

[ -z "${BASES:-}" ] || [ -z "$KDIR" ] || die "BASES and KDIR: say one of them"
rows=$(mktemp "${TMPDIR:-/tmp}/autoreap-differ.XXXXXX") status=0
trap 'rm -f "$rows" "$rows.new"' EXIT

cd "$top"
for name in ${BASES:=$BASE}; do
	step BASE "$name"
	rc=0
	env BASE="$name" sh -ec 'vm/ready.sh; vm/run.sh kselftest' || rc=$?
	case $rc in
	0) ;;
	2 | 130) status=2; break ;;
	*) status=1 ;;
	esac
	# shellcheck disable=SC2030 # for that shell alone
	programs=$(export BASE="$name"; where; grep -c '_random$' "$expected" || :)
	(
		# shellcheck disable=SC2031
		export BASE="$name"
		where
		tr -d '\r' <"$run/results.log"
	) | awk '
		/^guest: begin / { kernel = $3 }
		/selftests: .*random$/ { bits = /_32:/ ? 32 : 64 }
		/^# took / { took[bits] = $3 }
		/programs .* digest / { row[bits] = $0 }
		END { for (bits in row) { split(row[bits], word, " ")
			for (i in word) { if (word[i] ~ /^steps/) steps = word[i - 1]
					  if (word[i] == "digest") digest = word[i + 1] }
			printf "%-20s %4s %10s %8s  %s\n", kernel, bits, steps, took[bits], digest } }' | sort -k2r >"$rows.new"
	cat "$rows.new" >>"$rows"
	# Each is told by 16 digits.
	told=$(grep -cE ' [0-9a-f]{16}$' "$rows.new" || :)
	if [ "$programs" = 0 ] || [ "$told" != "$programs" ]; then
		step MISSING "$name: $told digests of $programs programs"
		status=1
	fi
done
echo
printf '%-20s %4s %10s %8s  %s\n' kernel bits steps seconds digest
cat "$rows"
if [ "$(awk '{ print $NF }' "$rows" | sort -u | wc -l)" -gt 1 ]; then
	echo "DIFFERENT: the digests are not the same"
	[ "$status" = 2 ] || status=1
fi
exit "$status"
