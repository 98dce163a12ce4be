#!/bin/sh
# Usage: [BASE= | KDIR=] [ARCH=] [SMP=] [ROUNDS=] proof/coverage.sh
# Which of the lines and branches that the series adds to the kernel the tests reach:
# runs them on a kernel whose objects that the series touches count, by gcov. Prints a
# table, a row a file; $work/coverage gets each of these lines with its counts, branches
# below it. proof/lines-not-reached lists what no test can reach, each with its reason.
# Exit status: 0 all are reached but those listed; 1 one is not, one that is listed is,
# or a test failed; otherwise that of vm/run.sh.
. "$(dirname -- "$0")/../scripts/lib.sh"
. "$top/scripts/lib/git.sh"
. "$top/scripts/lib/place.sh"
. "$top/scripts/lib/build.sh"
where

series=$(own_git --git-dir="$work/linux.git" rev-parse series)
# A function of a header is counted where it is used.
objects="$(touched "$work/linux.git" "$series" '*.c' | sed 's/c$/o/') net/unix/af_unix.o"
# The tests are those of the series.
export KIND=coverage INITRAMFS="$initramfs" EXPECTED="$expected"
where
"$top/scripts/checkout.sh" "$series"
for object in $objects; do
	echo "GCOV_PROFILE_${object##*/} := y" >>"$tree/${object%/*}/Makefile"
done
"$top/vm/kernel.sh"
rc=0
"$top/vm/run.sh" kselftest || rc=$?
case $rc in 0 | 1) ;; *) exit "$rc" ;; esac

# The counts come as an archive at the end of the results, see vm/init.
new=$run/gcov
rm -rf "$new"
mkdir -p "$new"
tr -d '\r' <"$run/results.log" | sed -n 's/^gcov: //p' | base64 -d | gzip -d |
	(cd "$new" && cpio --quiet -id) 2>"$logs/gcov.log" || die "the guest sent no counts (log: $logs/gcov.log)"
for object in $objects; do
	dir=$new/$obj/${object%/*}
	[ -f "$new/$obj/${object%o}gcda" ] || die "the guest sent no counts of $object"
	cp "$obj/${object%o}gcno" "$dir/"
	# Apart from each other, as each may have the same header.
	mkdir -p "$new/${object%.o}"
	(cd "$new/${object%.o}" && compile "${CROSS_COMPILE}gcov" -b -c -o "$dir" "${object##*/}") >>"$logs/gcov.log" 2>&1 || die "gcov: $(tail -n 1 "$logs/gcov.log")"
done

# added: FILE LINE of each line that the series adds to the code
added() {
	own_git --git-dir="$work/linux.git" diff -U0 "base..$series" -- '*.[ch]' ':!tools' ':!samples' | awk '
		/^\+\+\+ / { file = substr($2, 3) }
		/^@@ / { split(substr($3, 2), at, ","); n = at[2] == "" ? 1 : at[2]
			 for (i = 0; i < n; i++) print file, at[1] + i }'
}
added >"$new/added"
find "$new" -name '*.gcov' -exec awk -v tree="$tree/" -f "$top/proof/coverage.awk" \
	"$new/added" "$top/proof/lines-not-reached" {} + >"$new/report" || rc=1
[ -s "$new/report" ] || die "gcov says nothing of $tree (log: $logs/gcov.log)"
rm -rf "$work/coverage"
mkdir -p "$work/coverage"
sed -n 's/^listing //p' "$new/report" >"$work/coverage/listing"
sed -n '/^listing /!p' "$new/report" | tee "$work/coverage/table"
echo "each line with its counts: $work/coverage/listing"
exit "$rc"
