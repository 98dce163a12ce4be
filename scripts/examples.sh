#!/bin/sh
# Usage: scripts/examples.sh DIR
# Writes what people copy to DIR, to be compiled. Of the page: page.c, the functions without a
# main(). Of the page of the other flags: guarded.c, the same with its flags; family.c, with
# those for a helper that starts processes; group.h, what child and owner of a process group do;
# high.h, how a pidfd gets a high number; probe.c, a program that prints what the probes say. Of the
# man page: man.c, its example. And the samples.
# Exit status: 0; 2 with the reason.
. "$(dirname -- "$0")/lib.sh"

dir=${1:?}
# An example ends where the text goes on at the margin.
awk '/^    #define _GNU_SOURCE/ { on = 1 } on && /^[^ ]/ { exit } on { sub(/^    /, ""); print }' \
	"$top/Documentation/userspace-api/clone_autoreap.rst" >"$dir/page.c"
# flags TEXT: the assignment of flags that follows the line like TEXT in the page of the other flags
flags() {
	awk -v text="$1" 'index($0, text) { on = 1 } on && /^ *\.flags = / { all = 1 }
		all { printf "%s", $0 } all && /,$/ { exit }' \
		"$top/Documentation/userspace-api/clone_autokill.rst"
}
# with FLAGS NAME: NAME.c, which is the page's function with FLAGS in place of its own
with() {
	case $1 in *.flags*) ;; *) die "the page of the other flags has lost those of $2" ;; esac
	sed "s/^ *\.flags = CLONE_AUTOREAP .*,\$/$1/" "$dir/page.c" >"$dir/$2.c"
	! cmp -s "$dir/page.c" "$dir/$2.c" || die "the page's function has no flags that could be replaced"
}
with "$(flags 'To use them in run_helper()')" guarded
with "$(flags 'A PID namespace')" family
sed -n 's,^    \(setpgid(.*;\) */\* the child \*/$,#define IN_CHILD \1,p
	/^    syscall(SYS_pidfd_send_signal/{N; s,^ *,#define IN_OWNER ,; s,\n *, ,; s, */\* the owner \*/$,,p;}' \
	"$top/Documentation/userspace-api/clone_autokill.rst" >"$dir/group.h"
[ "$(grep -c '^#define IN_.*;$' "$dir/group.h")" = 2 ] || die "the page of the other flags has lost its process group"
{
	printf '#define HIGH_NUMBER \\\n'
	sed -n '/^    high = fcntl/,/^    }/s/$/ \\/p' "$top/Documentation/userspace-api/clone_autokill.rst"
	echo
} >"$dir/high.h"
grep -q F_DUPFD_CLOEXEC "$dir/high.h" || die "the page of the other flags has lost its high number"
# probe USER: as that user
{
	echo '#define _GNU_SOURCE'
	printf '#include <%s>\n' errno.h stdio.h stdlib.h string.h sys/syscall.h unistd.h linux/sched.h
	sed -n '/^    static int probe/,/^    }/p' "$top/Documentation/userspace-api/clone_autokill.rst"
	echo 'int main(int argc, char **argv)'
	echo '{ if (argc > 1 && setresuid(atoi(argv[1]), atoi(argv[1]), atoi(argv[1]))) return 1;'
	sed -n 's/^    \([a-z]*\) = \(probe(.*)\);$/printf("\1 %s\\n", strerrorname_np(\2));/p' \
		"$top/Documentation/userspace-api/clone_autokill.rst"
	echo 'return 0; }'
} >"$dir/probe.c"
[ "$(grep -c 'printf("[a-z]* ' "$dir/probe.c")" = 2 ] || die "the page of the other flags has lost a probe"
{
	printf '%s\n' '#include <errno.h>' '#include <poll.h>' '#include <sys/ioctl.h>' '#include <linux/pidfd.h>'
	sed -n '/^\.SH EXAMPLES/,/^\.EE/{/^\./d; s/\\-/-/g; p;}' "$top/man/PIDFD_GET_INFO.2const"
	echo 'int main(void) { return exit_status(0); }'
} >"$dir/man.c"
cp "$top"/samples/pidfd/*.c "$dir"
grep -q run_helper "$dir/page.c" || die "the page has lost its example"
grep -q '^exit_status' "$dir/man.c" || die "the man page has lost its example"
