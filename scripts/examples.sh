#!/bin/sh
# Usage: scripts/examples.sh DIR
# Writes what people copy to DIR, to be compiled: page.c, the functions of the page
# without a main(); man.c, the example of the man page; and the samples.
# Exit status: 0; 2 with the reason.
. "$(dirname -- "$0")/lib.sh"

dir=${1:?}
# An example ends where the text goes on at the margin.
awk '/^    #define _GNU_SOURCE/ { on = 1 } on && /^[^ ]/ { exit } on { sub(/^    /, ""); print }' \
	"$top/Documentation/userspace-api/clone_autoreap.rst" >"$dir/page.c"
{
	printf '%s\n' '#include <errno.h>' '#include <poll.h>' '#include <sys/ioctl.h>' '#include <linux/pidfd.h>'
	sed -n '/^\.SH EXAMPLES/,/^\.EE/{/^\./d; s/\\-/-/g; p;}' "$top/man/PIDFD_GET_INFO.2const"
	echo 'int main(void) { return exit_status(0); }'
} >"$dir/man.c"
cp "$top"/samples/pidfd/*.c "$dir"
grep -q run_helper "$dir/page.c" || die "the page has lost its example"
grep -q '^exit_status' "$dir/man.c" || die "the man page has lost its example"
