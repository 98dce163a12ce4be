#!/bin/sh
# Usage: [BASE= | KDIR=] [ARCH=] proof/kabi.sh
# Builds the base and the series with CONFIG_MODVERSIONS, and compares the checksums of the
# exported symbols, and the sizes of the structures that have new members. A module loads into
# another kernel only if the checksums of all symbols that it uses are the same there.
# The configuration is that of the guest, so its exported symbols are a part of a vendor's.
# Exit status: 0 all are the same; 1 some differ; 2 usage or build.
. "$(dirname -- "$0")/../scripts/lib.sh"
. "$top/scripts/lib/git.sh"
. "$top/scripts/lib/place.sh"
. "$top/scripts/lib/build.sh"
export KIND=kabi
where

series=$(own_git --git-dir="$work/linux.git" rev-parse series)
mkdir -p "$run/sizes"
cat >"$run/sizes/sizes.c" <<'END'
#include <linux/pid.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
char task_struct[sizeof(struct task_struct)];
char signal_struct[sizeof(struct signal_struct)];
char pid[sizeof(struct pid)];
END
echo 'obj-m := sizes.o' >"$run/sizes/Makefile"

for rev in base "$series"; do
	name=series
	[ "$rev" != base ] || name=base
	"$top/scripts/checkout.sh" "$rev"
	"$top/vm/kernel.sh"
	build modules -j"$(nproc)" modules
	[ -s "$obj/Module.symvers" ] || die "$obj/Module.symvers: nothing is exported"
	cut -f1,2 "$obj/Module.symvers" | sort -k2 >"$run/$name.symvers"
	rm -f "$run"/sizes/*.o
	build sizes M="$run/sizes" sizes.o
	"${CROSS_COMPILE}nm" -S "$run/sizes/sizes.o" | awk 'NF == 4 { print $4, $2 }' | sort >"$run/$name.sizes"
	step RAN "$name: $(wc -l <"$run/$name.symvers") exported symbols"
done

# differ WHAT: what is of one kernel alone, or not the same on both
differ() { diff "$run/base.$1" "$run/series.$1" | sed -n 's/^[<>] //p'; }
changed=$(differ symvers | awk '{ print $2 }' | sort -u)
sizes=$(differ sizes | awk '{ print $1 }' | sort -u)
[ -z "$changed" ] || echo "$changed" | awk '{ print "  " $0 } NR == 5 { print "  ..."; exit }'
for name in $sizes; do
	echo "  struct $name has another size"
done
echo "$(wc -l <"$run/base.symvers") exported symbols, $(echo "$changed" | grep -c . || :) of them with another checksum"
[ -z "$changed$sizes" ]
