#!/bin/sh
# Usage: proof/programs/xe.sh HEADER DIR
# A real program that starts helpers, changed to use helper.h: gets the source of xe, Debian's,
# applies xe.patch, builds it with HEADER, and runs its own tests, natively, in each way to
# start a helper that is left to it. Leaves DIR/xe, and DIR/xe.debian, which is not changed.
# Exit status: 0; 1 a test fails; 2 with the reason.
. "$(dirname -- "$0")/../../scripts/lib.sh"
. "$top/scripts/lib/place.sh"
where_output

header=$1 dir=$2 log=$O/log/xe.log
tmp=$(mktemp -d "${TMPDIR:-/tmp}/autoreap-xe.XXXXXX")
trap 'rm -rf "$tmp"' EXIT
cd "$tmp"
"$top/scripts/debian.sh" source xe
tar -xzf xe_*.orig.tar.gz
cd xe-*/
logged "$log" make || die "xe: $(grep -m1 error: "$log" || tail -n 1 "$log") (log: $log)"
cp xe "$dir/xe.debian"
cp "$header" helper.h
logged "$log" patch -p1 -F0 xe.c "$top/proof/programs/xe.patch" ||
	die "xe.patch does not apply to Debian's xe: $(tail -n 1 "$log")"
logged "$log" make CFLAGS="-g -O2 -Wall -Wextra -Werror -Wno-switch" ||
	die "xe: $(grep -m1 error: "$log" || tail -n 1 "$log") (log: $log)"
cp xe "$dir"

gcc -O2 -Wall -o refuse "$top/scripts/tests/refuse.c"
# The slow ones, which wait for seconds, once.
for refused in none clone3=ENOSYS clone3=ENOSYS,pidfd=EPERM clone3=ENOSYS,pidfd=EPERM,pidfd_open=EPERM; do
	case $refused in
	none) set -- /usr/bin/prove ;;
	*) set -- ./refuse "$refused" /usr/bin/prove t/[!s]*.t t/simple.t ;;
	esac
	if ! logged "$log" "$@" || ! grep -q '^Result: PASS' "$log"; then
		cat "$log"
		exit 1
	fi
	step OK "xe: its $(sed -n 's/.*Tests=\([0-9]*\),.*/\1/p' "$log") tests; refused: $refused"
done
