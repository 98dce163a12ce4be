#!/bin/sh
# Usage: scripts/tests/told_test.sh
# A reminder of words, not a proof: the pages, the man page, the patch for clone(2) and helper.h
# still have those about what users were surprised by. That it is so is shown by
# proof/programs.sh, and by example_test.sh. Prints TAP.
# Exit status: 0 all pass; 1 one fails.
. "$(dirname -- "$0")/../lib.sh"
# shellcheck source=scripts/tests/tap.sh
. "$top/scripts/tests/tap.sh"

# told WHERE WORDS...: the file, or what the patch adds, says them one after the other, in one
# paragraph or comment
told() {
	where=$1; shift
	words=$(printf '%s.*' "$@" | sed 's/[|()]/[&]/g')
	lines=p
	case $where in *.patch) lines='s/^+//p' ;; esac
	# Without what marks up, a paragraph a line.
	said=$(sed -n "$lines" "$top/$where" |
		sed 's/^ \*//; s/^\.B[RI]* //; s/^\.I[RB]* //; s/``//g; s/^\.\(P\|TP\|SH.*\|IP.*\)$//' |
		awk -v RS= '{ gsub(/[\n ]+/, " "); print }' | grep -ciE -e "$words" || :)
	check "$where says: $*" "$((said > 0))" 1
}

page=Documentation/userspace-api/clone_autoreap.rst
leash=Documentation/userspace-api/clone_autokill.rst
header=samples/pidfd/helper.h
clone2=$(cd "$top" && echo man/0001-*.patch)
told "$page" 'are for clone3() alone' 'cannot be had' CLONE_NNP EINVAL ENOSYS EPERM 'starts nothing'
told "$header" 'flags that only clone3() can give' 'If they cannot be had' 'nothing is started'
for where in "$page" "$header" README.md; do
	told "$where" 'GPL-2.0 OR BSD-3-Clause'
done
told "$page" 'ltrace does not' 'aborts' 'with CLONE_AUTOREAP or without'
told "$page" 'stopped before exec keeps its parent waiting'
told "$header" 'stopped before exec' 'sleeps until it goes on'
told "$header" 'must not wait for children that it does not know'
told "$leash" 'has no fallback' EINVAL ENOSYS EPERM 'nothing is started'
told "$leash" 'CLONE_PIDFD_AUTOKILL fails with EINVAL without CLONE_AUTOREAP' 'EPERM without CLONE_NNP'
told "$clone2" 'CLONE_PIDFD | CLONE_NNP' 'CLONE_PIDFD | CLONE_AUTOREAP | CLONE_NNP | CLONE_PIDFD_AUTOKILL'
told "$clone2" EFAULT EINVAL ENOSYS EPERM
told "$leash" CLONE_NEWPID CAP_SYS_ADMIN CLONE_NEWUSER
told "$leash" 'CLONE_NEWPID alone' "owner's /proc"
told "$leash" 'process group' 'needs 6.9'
told "$leash" 'foreground process group' Ctrl-C SIGTTIN
told "$clone2" CLONE_NEWPID CLONE_NEWUSER PIDFD_SIGNAL_PROCESS_GROUP
told "$leash" 'own children live on'
told "$page" core_pattern core_pipe_limit 'no /proc/PID'
told "$clone2" core_pattern core_pipe_limit 'find no /proc/'
told "$leash" 'dumps core' 'after that'
told "$clone2" 'dumps core' 'when the dump is written'
for where in "$leash" "$clone2"; do
	told "$where" 'second close' closefrom shell
	told "$where" 'high number' 'is safe'
done
told "$page" SIGHUP nohup
told "$header" SIGHUP nohup
told "$page" 'exec closes the pidfd' 'close-on-exec flag has been cleared'
told "$leash" 'exec closes' 'close-on-exec flag has been cleared'
told "$clone2" close-on-exec execve 'unless the flag has been cleared'
told "$leash" PR_SET_PDEATHSIG 'setting is cleared' setuid capabilities
told "$clone2" PR_SET_PDEATHSIG setuid capabilities
told "$page" ECHILD 'parent ignores' 'a wait call of its tracer fails with'
told man/PIDFD_GET_INFO.2const ECHILD CLONE_AUTOREAP 'not hold for a call of its tracer'
echo "1..$number"
[ "$failures" = 0 ]
