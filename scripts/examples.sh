#!/bin/sh
# Usage: scripts/examples.sh DIR
# Writes what people copy to DIR, to be compiled. helper.h and the other samples; page.c, the
# function of the page that uses helper.h, without a main(); libhelper.c, run.py and class.cc, what
# it has for other languages. Of the page of the other flags:
# flags.h, what its examples give to helper.h as GUARDED and, for a helper that starts processes,
# as FAMILY; group.h, what the owner of a process group does; high.h, how a pidfd gets a high
# number; probe.c, a program that prints what the probes say. Of the man page: man.c, its
# example; readme.c, that of the README: runs a program, and prints its exit code.
# Exit status: 0; 2 with the reason.
. "$(dirname -- "$0")/lib.sh"

dir=${1:?}
page=$top/Documentation/userspace-api/clone_autoreap.rst
leash=$top/Documentation/userspace-api/clone_autokill.rst
# example FILE [TEXT]: the first after the line that begins with TEXT, or of the page. It begins with an #include,
# #define or import, and ends where the text goes on at the margin.
example() {
	awk -v section="${2:-}" 'section == "" || index($0, section) == 1 { here = 1 }
		here && /^    (#(define|include)|import) / { on = 1 }
		on && /^[^ ]/ { exit } on { sub(/^    /, ""); print }' "$page" >"$dir/$1"
	[ -s "$dir/$1" ] || die "the page has lost its $1"
}
example page.c
example libhelper.c 'Other languages'
example run.py 'Python then runs a program'
example class.cc 'C++ includes the file'
# member NAME TEXT: what the member gets after the line like TEXT in the page of the other flags
member() {
	awk -v member=" *[.]$1 = " -v text="$2" 'index($0, text) { on = 1 }
		on && sub(member, "") { sub(/,[^,]*$/, ""); print; exit }' "$leash"
}
{
	# <linux/sched.h> of 7.1 has them.
	printf '#ifndef %s\n#define %s %s\n#endif\n' \
		CLONE_NNP CLONE_NNP 0x800000000ULL CLONE_PIDFD_AUTOKILL CLONE_PIDFD_AUTOKILL 0x1000000000ULL \
		CLONE_NEWUSER CLONE_NEWUSER 0x10000000ULL CLONE_NEWPID CLONE_NEWPID 0x20000000ULL
	echo "#define GUARDED ($(member clone_flags 'struct helper_args'))"
	echo "#define FAMILY ($(member clone_flags 'A PID namespace'))"
} >"$dir/flags.h"
[ "$(grep -c '^#define [A-Z]* (CLONE_PIDFD_AUTOKILL | CLONE_NNP' "$dir/flags.h")" = 2 ] ||
	die "the page of the other flags has lost its flags"
{
	echo "#define IN_ARGS args.flags = $(member flags 'A process group');"
	sed -n '/^    syscall(SYS_pidfd_send_signal/{N; s,^ *,#define IN_OWNER ,; s,\n *, ,p;}' "$leash"
} >"$dir/group.h"
[ "$(grep -c '^#define IN_.*[A-Z)];$' "$dir/group.h")" = 2 ] || die "the page of the other flags has lost its process group"
{
	printf '#define HIGH_NUMBER \\\n'
	sed -n '/^    high = fcntl/,/^    }/s/$/ \\/p' "$leash"
	echo
} >"$dir/high.h"
grep -q F_DUPFD_CLOEXEC "$dir/high.h" || die "the page of the other flags has lost its high number"
# probe USER: as that user
{
	echo '#define _GNU_SOURCE'
	printf '#include <%s>\n' errno.h stdio.h stdlib.h string.h sys/syscall.h unistd.h linux/sched.h
	sed -n '/^    static int probe/,/^    }/p' "$leash"
	echo 'int main(int argc, char **argv)'
	echo '{ if (argc > 1 && setresuid(atoi(argv[1]), atoi(argv[1]), atoi(argv[1]))) return 1;'
	sed -n 's/^    \([a-z]*\) = \(probe(.*)\);$/printf("\1 %s\\n", strerrorname_np(\2));/p' \
		"$leash"
	echo 'return 0; }'
} >"$dir/probe.c"
[ "$(grep -c 'printf("[a-z]* ' "$dir/probe.c")" = 2 ] || die "the page of the other flags has lost a probe"
# As groff reads it
sed -n '/^\.\\" SRC BEGIN/,/^\.\\" SRC END/{/^\./d; s/^\\&//; s/\\-/-/g; s/\\\[rs]/\\/g; p;}' \
	"$top/man/PIDFD_GET_INFO.2const" >"$dir/man.c"
{
	printf '#include <%s>\n' errno.h poll.h stdint.h stdio.h sys/ioctl.h sys/syscall.h sys/wait.h unistd.h \
		linux/pidfd.h linux/sched.h
	echo 'int main(int argc, char **argv) { int pidfd; if (argc < 2) return 2; argv++;'
	# shellcheck disable=SC2016 # these are no commands
	sed -n '/^```c$/,/^```$/{/^```/d; p;}' "$top/README.md"
	echo 'return 0; }'
} >"$dir/readme.c"
cp "$top"/samples/pidfd/* "$dir"
grep -q helper_start "$dir/page.c" || die "the page has lost its example"
grep -q CLONE_AUTOREAP "$dir/readme.c" || die "the README has lost its example"
grep -q '^exit_status' "$dir/man.c" || die "the man page has lost its example"
