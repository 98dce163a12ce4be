#!/bin/sh
# Runs in the guest, under kselftest's runner, and prints TAP: for each line `once NAME ...`
# below the test NAME. proof/programs.sh takes the names from here too, so that none can be
# missing.

# bwrap replaces the root, which cannot be done to the first root of a system. So be in a
# second mount of it.
if [ "${1:-}" != inside ]; then
	mkdir -p /second
	mount --bind / /second
	cd /second || exit
	mount --move . /
	exec chroot . "/kselftest/programs/${0##*/}" inside
fi
mount -t devtmpfs dev /dev
mount -t proc proc /proc
mount -t tmpfs tmp /tmp
cd /kselftest/programs || exit

number=0 failed=0

# once NAME COMMAND...: a test
once() {
	name=$1; shift
	number=$((number + 1)) result=ok
	: >/tmp/figures
	if ! "$@" >/tmp/log 2>&1; then
		result='not ok' failed=1
		sed 's/^/# /' /tmp/log
	fi
	sed 's/^/# /' /tmp/figures
	echo "$result $number - $name"
}
application=$PWD/application
# in_time PROGRAM...: it is killed if it takes too long; its helper is not, so no pipe may
# wait for that
in_time() { busybox timeout -s KILL 30 "$@"; }
# figure TEXT...: is shown, whether the test passes or not
figure() { echo "$@" >>/tmp/figures; }
# does_it_say REGEX...: each of them is in a line of what a program has said
does_it_say() {
	for regex in "$@"; do
		grep -qE -e "$regex" /tmp/said || { echo "nothing like: $regex"; return 1; }
	done
}

# says TEXT WAY PROGRAM...: the application says that of its helper PROGRAM, in time
says() {
	wanted=$1; shift
	in_time "$application" "$@" >/tmp/said 2>&1
	said=$(cat /tmp/said)
	[ "$said" = "$wanted" ] || { echo "$*: says '$said', not '$wanted'"; return 1; }
}
once bwrap_ends says 'exit 4' ignored /usr/bin/bwrap --ro-bind / / --unshare-pid /bin/sh -c 'exit 4'
once python_knows_how_its_child_ended says 'exit 4' ignored /usr/bin/python3 -ISc \
	'import subprocess, sys; sys.exit(subprocess.call(["/bin/sh", "-c", "exit 4"]))'
# perl itself sees to it that SIGCHLD is not ignored.
once perl_knows_how_its_child_ended says 'exit 4' ignored /usr/bin/perl -e \
	'exit(system("/bin/sh", "-c", "exit 4") >> 8)'

# gdb_of OPTION...: the application with a helper, in gdb
gdb_of() {
	in_time gdb -nx -batch -ex 'set debuginfod enabled off' "$@" \
		--args "$application" default /bin/sh -c 'exit 3' >/tmp/said 2>&1
	cat /tmp/said
}
gdb_stops() {
	gdb_of -ex 'break after_helper' -ex run -ex 'print/x status' -ex continue
	does_it_say '^Breakpoint 1, after_helper' ' = 0x300$' 'exited with code 03' && ! does_it_say "Couldn't get"
}
gdb_catches() {
	gdb_of -ex 'set follow-fork-mode child' -ex 'catch exec' -ex run -ex continue
	does_it_say "hit Catchpoint 1 \(exec'd .*/(sh|dash|busybox)\)" 'exited with code 03'
}
once gdb_stops_after_it gdb_stops
once gdb_catches_its_exec gdb_catches

strace_follows() {
	in_time strace -f -o /tmp/said "$application" default /bin/sh -c 'exit 3'
	rc=$?
	cat /tmp/said
	does_it_say 'clone3\(.*(0x400000000|CLONE_AUTOREAP)' 'execve\("/bin/sh", \["/bin/sh", "-c", "exit 3"\]' &&
		[ "$(grep -c '+++ exited with 3 +++' /tmp/said):$rc" = 2:3 ]
}
once strace_sees_it_all strace_follows

# ltrace 0.7.3 aborts at any child that has its parent's memory and calls a function of a
# library; posix_spawn() escapes, as libc makes no such call. Without the flag it is the same.
ltrace_of() {
	in_time "$@" >/dev/null 2>/tmp/said
	cat /tmp/said
}
ltrace_aborts() {
	ltrace_of ltrace -o /tmp/calls "$application" default /bin/sh -c 'exit 3'
	does_it_say 'process_vfork_on_event: Assertion .* failed' || return 1
	ltrace_of ./refuse clone3=ENOSYS /usr/bin/ltrace -o /tmp/calls "$application" default /bin/sh -c 'exit 3'
	figure "ltrace says the same without CLONE_AUTOREAP: $(cat /tmp/said)"
	does_it_say 'process_vfork_on_event: Assertion .* failed'
}
ltrace_follows_posix_spawn() {
	ltrace_of ltrace -o /tmp/calls "$application" spawn /bin/sh -c 'exit 3'
	tail -n 1 /tmp/calls
	grep -qE '^[+]{3} exited .status 3. [+]{3}$' /tmp/calls
}
once ltrace_aborts_as_without_the_flag ltrace_aborts
once ltrace_follows_posix_spawn ltrace_follows_posix_spawn

# How the helper is started where somebody refuses a call, or does not know it.
# started HOW COMMAND...: the command before the application; the helper is started so
started() {
	how=$1; shift
	in_time "$@" "$application" way /bin/sh -c 'exit 4' >/tmp/said 2>&1
	rc=$?
	cat /tmp/said
	does_it_say "^$how: exit 4\$" && [ "$rc" = 4 ]
}
once flag_is_used started autoreap env
once clone_is_used_if_clone3_is_not_there started clone ./refuse clone3=ENOSYS
once clone_is_used_if_clone3_is_forbidden started clone ./refuse clone3=EPERM
once fork_is_used_if_pidfds_are_forbidden started fork ./refuse clone3=ENOSYS,pidfd=EPERM
once fork_is_used_without_a_pidfd started 'fork alone' ./refuse clone3=ENOSYS,pidfd=EPERM,pidfd_open=EPERM
once valgrind_has_clone started clone valgrind -q --tool=none
# An emulator that knows neither clone3() nor a pidfd of clone().
once emulator_has_fork started fork "qemu-$(uname -m)"
# A filter that refuses clone3(), where there is nothing in its place.
unguarded() {
	rm -f /tmp/started
	./refuse clone3=ENOSYS ./application.guarded default /bin/sh -c ': >/tmp/started' >/tmp/said
	cat /tmp/said
	does_it_say '^error ENOSYS$' && [ ! -e /tmp/started ]
}
once guard_that_cannot_be_had_starts_nothing unguarded

perl_loop() { in_time /usr/bin/perl -e '1 while wait() > 0'; }
python_loop() {
	in_time /usr/bin/python3 -ISc 'import os
try:
    while True: os.wait()
except ChildProcessError: pass'
}
xargs_loop() { echo word | in_time /usr/bin/xargs /bin/true; }
# waits APPLICATION HELPER STATE: an application that waits for all its children, in which
# a library has started a long-lived helper. That is `running` when the application is
# done, or has `ended`.
waits() {
	for whose in none "$2"; do
		rm -f /tmp/said
		LD_PRELOAD=$PWD/library.so HELPER=$whose REPORT=/tmp/said "$1"
		cat /tmp/said
		[ "$whose" != none ] || read -r _ without </tmp/said
	done
	read -r _ ms state status </tmp/said
	figure "$ms ms, without a helper $without ms; the helper has status $status"
	[ "$state:$status" = "$3:7" ] && { [ "$state" = running ] || [ "$ms" -ge 2000 ]; }
}
gdb_stops_in_library() {
	in_time gdb -nx -batch -ex 'set debuginfod enabled off' -ex 'set startup-with-shell off' \
		-ex "set environment LD_PRELOAD $PWD/library.so" -ex 'set environment HELPER detached' \
		-ex 'set environment REPORT /tmp/report' -ex 'set breakpoint pending on' \
		-ex 'break at_the_end' -ex run -ex continue --args /usr/bin/perl /dev/null >/tmp/said 2>&1
	cat /tmp/said
	does_it_say '^Breakpoint 1, at_the_end' 'exited normally' && ! does_it_say "Couldn't get"
}
once gdb_stops_after_a_detached_one gdb_stops_in_library
once perl_waits_for_a_helper waits perl_loop own ended
once perl_does_not_for_a_detached_one waits perl_loop detached running
once perl_waits_for_one_that_it_adopts waits perl_loop adopted ended
once python_waits_for_a_helper waits python_loop own ended
once python_does_not_for_a_detached_one waits python_loop detached running
once xargs_waits_only_for_its_own waits xargs_loop own running

glib_watch() {
	in_time ./glib >/tmp/said 2>&1
	figure "GLib says $(sed 's/ .*//' /tmp/said), the pidfd $(sed 's/.* //' /tmp/said)"
	does_it_say '^0 4$'
}
once glib_does_not_know_how_it_ended glib_watch

scm_pidfd() {
	./scm_pidfd >/tmp/said 2>&1
	figure "$(cat /tmp/said)"
	case $(uname -r) in
	6.12.*) does_it_say '^waited for: EINVAL, reaps itself: EINVAL$' ;;
	*) does_it_say '^waited for: pidfd, reaps itself: pidfd$' ;;
	esac
}
once scm_pidfd_of_one_that_has_gone scm_pidfd

# The lines of the README.
readme() {
	./readme /bin/sh -c 'exit 7' >/tmp/said
	cat /tmp/said
	does_it_say '^7$'
}
once readme_tells_the_exit_code readme

# The probes of the page: root is answered as a user is.
probes() {
	for user in 0 1000; do
		./probe "$user" >/tmp/said
		sed "s/^/user $user: /" /tmp/said
		does_it_say '^nnp EFAULT$' '^autokill EFAULT$' || return 1
	done
}
once probes_of_the_other_flags_answer probes

# xe, which is a small xargs, with helper.h, and as Debian has it: job 2 of 3 ends with 7, and
# whoever has started xe ignores SIGCHLD. xe is to end with 123. (With 3 places for the 3 jobs,
# Debian's would wait for ever.)
# shellcheck disable=SC2016
jobs_of() {
	printf '%s\n' 0 7 0 | in_time /usr/bin/env --ignore-signal=CHLD "$@" -vv -j4 /bin/sh -c 'exit $0' >/tmp/said 2>&1
	rc=$?
	cat /tmp/said
	figure "${1##*/} ends with $rc"
}
xe_knows() { jobs_of ./xe; does_it_say '^0002< status 7$' && [ "$rc" = 123 ]; }
xe_of_debian_does_not() { jobs_of ./xe.debian; ! does_it_say '^0002< status 7$' && [ "$rc" = 0 ]; }
xe_finds_programs() {
	[ "$(printf '%s\n' a b | in_time ./xe -q true; printf '%s\n' a b | in_time ./xe -LL echo | sort)" = "0001= a
0002= b" ]
}
once xe_knows_each_status xe_knows
# The control.
once xe_of_debian_does_not xe_of_debian_does_not
once xe_finds_programs_and_has_their_output xe_finds_programs

# leash OPTION STATE: a helper that ignores what can be ignored, when its owner is killed
leash() {
	rm -f /tmp/helper
	# shellcheck disable=SC2086,SC2016
	./spawn-helper $1 /bin/sh -c 'trap "" HUP INT TERM PIPE; echo $$ >/tmp/helper; exec busybox sleep 1000' &
	owner=$!
	until [ -s /tmp/helper ]; do busybox usleep 10000; done
	read -r helper </tmp/helper
	kill -KILL "$owner"
	wait "$owner"
	state=ended tries=50
	while [ -d "/proc/$helper" ] && [ "$tries" != 0 ]; do
		busybox usleep 20000
		tries=$((tries - 1))
	done
	[ ! -d "/proc/$helper" ] || state=running
	figure "the helper is $state"
	[ "$state" = ended ] || kill -KILL "$helper"
	[ "$state" = "$2" ]
}
once helper_on_a_leash_ends_with_its_owner leash -k ended
# The control.
once helper_outlives_its_owner leash '' running

# A shell in which a library has a helper on a leash, by the first number that was free.
# holds WAY STATE: running or ended, and the exit status, or the error of helper_wait()
holds() {
	echo none >/tmp/said
	LD_PRELOAD=$PWD/library.so HELPER=$1 REPORT=/tmp/said /usr/bin/bash -c \
		'exec 3</dev/null 4<&3 5<&3 6<&3 7<&3 8<&3 9<&3; busybox sleep 1; exit'
	figure "$(cat /tmp/said)"
	read -r _ _ state </tmp/said
	[ "$state" = "$2" ]
}
# ENODATA
once shell_that_takes_the_number_kills holds leashed 'ended -61'
once shell_does_not_take_a_high_number holds high 'running 7'

# crash LIMIT: whoever dumps core from now on, its dump goes to a handler, which says whether
# a process is there when it has read the dump: that, or the one in the file watched. Up to
# LIMIT handlers are waited for. The kernel runs them in the first root.
crash() {
	rm -f handled watched
	cat >handler <<-END
		#!/bin/sh
		cd $PWD
		cat >/dev/null
		busybox sleep 1
		pid=\$1
		[ ! -e watched ] || read -r pid <watched
		[ -d /proc/\$pid ] && echo there >handled || echo gone >handled
	END
	chmod +x handler
	echo "$1" >/proc/sys/kernel/core_pipe_limit
	echo "|$PWD/handler %P" >/proc/sys/kernel/core_pattern
}
# handled WANTED: what the handler says
handled() {
	tries=250
	while [ ! -s handled ] && [ "$tries" != 0 ]; do
		busybox usleep 20000
		tries=$((tries - 1))
	done
	echo core >/proc/sys/kernel/core_pattern
	figure "$(cat handled)"
	[ "$(cat handled)" = "$1" ]
}
# crashes LIMIT WANTED PROGRAM...: one that dies of SIGSEGV
crashes() {
	crash "$1"
	there=$2; shift 2
	"$@"
	handled "$there"
}
# The control is an ordinary child, which nobody has waited for.
once handler_finds_an_ordinary_child crashes 0 there \
	/usr/bin/perl -e 'if (!fork) { kill SEGV => $$; sleep 1 } sleep 3'
# shellcheck disable=SC2016
once handler_finds_no_helper crashes 0 gone ./spawn-helper /bin/sh -c 'kill -SEGV $$'
# shellcheck disable=SC2016
once handler_that_is_waited_for_finds_it crashes 1 there ./spawn-helper /bin/sh -c 'kill -SEGV $$'

# The owner dumps core, the helper is watched.
owner_crashes() {
	crash 1
	rm -f helper
	# shellcheck disable=SC2016
	./spawn-helper -k /bin/sh -c 'echo $$ >helper; exec busybox sleep 1000' &
	owner=$!
	until [ -s helper ]; do busybox usleep 10000; done
	cp helper watched
	kill -SEGV "$owner"
	handled there || return 1
	wait "$owner"
	helper=$(cat watched) tries=50
	while [ -d "/proc/$helper" ] && [ "$tries" != 0 ]; do
		busybox usleep 20000
		tries=$((tries - 1))
	done
	[ "$tries" != 0 ]
}
once helper_ends_after_the_core_dump_of_its_owner owner_crashes

# shellcheck disable=SC2016
hangup() {
	(trap '' HUP; exec "$application" default /bin/sh -c 'kill -HUP $$') >/tmp/said
	cat /tmp/said
	does_it_say '^signal 1$'
}
once hangup_that_the_application_ignores_ends_the_helper hangup
# The sample asks for SIGHUP to be kept.
# shellcheck disable=SC2016
nohup_protects() {
	nohup ./spawn-helper /bin/sh -c 'kill -HUP $$; exit 6' >/tmp/said 2>&1
	rc=$?
	cat /tmp/said
	[ "$rc" = 6 ]
}
once nohup_protects_the_helper_of_the_sample nohup_protects

# as_user PROGRAM...: without a privilege, in the place of this shell
as_user() { exec /usr/bin/perl -e '$( = $) = 1000; $< = $> = 1000; exec @ARGV or die' "$@"; }
sleepers() { busybox ps | sed -n 's/^ *\([0-9]*\) .*[s]leep 1234.*/\1/p'; }
# left_by APPLICATION...: kills it when somebody has written to /tmp/ready. So many of its
# processes are left a second later.
left_by() {
	"$@" &
	owner=$!
	until [ -s /tmp/ready ]; do busybox usleep 10000; done
	kill -KILL "$owner"
	wait "$owner"
	tries=50
	while [ -n "$(sleepers)" ] && [ "$tries" != 0 ]; do
		busybox usleep 20000
		tries=$((tries - 1))
	done
	left=$(sleepers | wc -l)
	# shellcheck disable=SC2046 # a word a process
	[ "$left" = 0 ] || kill -KILL $(sleepers)
}
# family LEFT HOW...: a helper that has a child, when its owner is killed
family() {
	wanted=$1; shift
	rm -f /tmp/ready
	left_by "$@" default /bin/sh -c 'busybox sleep 1234 & echo >/tmp/ready; wait'
	figure "$left left"
	[ "$left" = "$wanted" ]
}
chmod 777 /tmp
# The control.
once child_of_a_helper_outlives_it family 1 ./application.guarded
once child_of_a_helper_in_a_pid_namespace_does_not family 0 ./application.family.root
once child_of_the_helper_of_a_user_does_not family 0 as_user ./application.family
once child_of_a_helper_ends_with_its_group ./group /bin/sh -c 'busybox sleep 1234 & echo ready; wait'
launcher() {
	(as_user "$1" default /usr/bin/bwrap --ro-bind / / /bin/true) >/tmp/said 2>&1
	figure "$(cat /tmp/said)"
	does_it_say '^exit 0$'
}
once launcher_of_a_user_works launcher ./application.guarded
no_launcher() { ! launcher ./application.family; }
once launcher_of_a_user_without_ids_does_not no_launcher

# The program of a launcher, none of the processes that have its name among their arguments.
launched() { busybox ps | grep -q '^[^/]* /bin/busybox sleep 1234$'; }
# Says when the program runs, or that it does not.
ready_when_launched() {
	tries=500
	until launched || [ "$tries" = 0 ]; do
		busybox usleep 20000
		tries=$((tries - 1))
	done
	[ "$tries" = 0 ] && echo missing >/tmp/ready || echo launched >/tmp/ready
}
# Launchers that are killed while they start, and one whose program runs.
launchers() {
	all=0 round=0
	while [ "$round" != 21 ]; do
		round=$((round + 1))
		rm -f /tmp/ready
		if [ "$round" = 21 ]; then
			ready_when_launched &
		else
			{ busybox usleep $((round * 20000)); echo >/tmp/ready; } &
		fi
		left_by "$@" default /usr/bin/bwrap --die-with-parent --unshare-pid --ro-bind / / /bin/busybox sleep 1234
		all=$((all + left))
	done
	read -r last </tmp/ready
	figure "$all of $round left by $1, the last was $last"
	[ "$last" = launched ]
}
# How many are left without the namespace is only shown: a launcher that has set
# PR_SET_PDEATHSIG leaves nobody, and how many are killed before that depends on the machine.
# That who is left is seen is the control of child_of_a_helper_outlives_it.
launchers_leave_nobody() {
	launchers ./application.guarded && launchers ./application.family.root && [ "$all" = 0 ]
}
once launchers_in_a_pid_namespace_leave_nobody launchers_leave_nobody

echo "1..$number"
[ "$failed" = 0 ]
