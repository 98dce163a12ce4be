// SPDX-License-Identifier: GPL-2.0
/*
 * CLONE_AUTOREAP and what a parent gets without a wait: no SIGCHLD for an exit,
 * whatever was agreed about it, and no share of what the child has used. And what
 * others get of the exit, as always: SIGHUP.
 */
#define _GNU_SOURCE
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/times.h>

#include "../kselftest_harness.h"
#include "clone3_autoreap.h"
#include "clone3_autoreap_info.h"

/* What a parent gets of a child without exit signal that it made before exec. */
static int exec_parent(__u64 flags, bool exec, struct ar_gate *gate)
{
	pid_t pid = fork();

	if (!pid)
		ar_exec_self("parent", gate, ar_start_silent(flags, exec, NULL, gate));
	return ar_exit_code(pid);
}

/* A parent that has called exec is sent SIGCHLD whatever was agreed; not here. */
TEST_F(autoreap, stays_silent_after_exec_of_the_parent)
{
	int exec;

	for (exec = 0; exec < 2; exec++) {
		EXPECT_EQ(0, exec_parent(CLONE_AUTOREAP, exec, &self->gate));
		EXPECT_EQ(AR_GOT_CHILD | AR_GOT_SIGCHLD, exec_parent(0, exec, &self->gate));
	}
}

static int handled;

static void count(int sig)
{
	handled += sig == SIGCHLD;
}

static const struct {
	const char *name;
	struct sigaction action;
	/* What wait and signal say of the exit of a plain child, and that of its stop. */
	int exit;
	int stop;
} rules[] = {
	{ "default", { .sa_handler = SIG_DFL }, AR_GOT_CHILD | AR_GOT_SIGCHLD, AR_GOT_SIGCHLD },
	{ "ignored", { .sa_handler = SIG_IGN }, 0, 0 },
	{ "SA_NOCLDWAIT", { .sa_handler = count, .sa_flags = SA_NOCLDWAIT },
	  AR_GOT_SIGCHLD, AR_GOT_SIGCHLD },
	{ "SA_NOCLDSTOP", { .sa_handler = count, .sa_flags = SA_NOCLDSTOP },
	  AR_GOT_CHILD | AR_GOT_SIGCHLD, 0 },
};

/*
 * The parent's own rules for SIGCHLD, at the start of the child or at its end,
 * change nothing. SA_NOCLDWAIT alone reaps a plain child too, but not without a signal.
 */
TEST_F(autoreap, does_not_depend_on_sigchld_action)
{
	unsigned int i, before, after;
	int pidfd = -1;
	pid_t pid;

	for (i = 0; i < 2 * ARRAY_SIZE(rules) * ARRAY_SIZE(rules); i++) {
		before = i / 2 % ARRAY_SIZE(rules);
		after = i / 2 / ARRAY_SIZE(rules);
		ASSERT_EQ(0, sigaction(SIGCHLD, &rules[before].action, NULL));
		pid = ar_start(ar_both[i % 2], &pidfd, &self->gate, AR_CHILD_CODE);
		ASSERT_LT(0, pid);
		ASSERT_EQ(0, sigaction(SIGCHLD, &rules[after].action, NULL));
		ASSERT_EQ(0, ar_gate_open(&self->gate));
		EXPECT_EQ(i % 2 ? rules[after].exit : 0, ar_wait_and_report(pid))
			TH_LOG("%s, then %s", rules[before].name, rules[after].name);
		EXPECT_EQ(POLLHUP, ar_poll_gone(pidfd));
		close(pidfd);
	}
}

/* Nor do they after exec, which makes SIGCHLD of any exit signal. */
TEST_F(autoreap, does_not_depend_on_sigchld_action_after_exec)
{
	int pidfd = -1;
	unsigned int i;
	pid_t pid;

	for (i = 0; i < ARRAY_SIZE(rules) * 2; i++) {
		ASSERT_EQ(0, sigaction(SIGCHLD, &rules[i / 2].action, NULL));
		pid = ar_start_exec(ar_both[i % 2], &pidfd, &self->gate);
		ASSERT_LT(0, pid);
		ASSERT_EQ(0, ar_gate_open(&self->gate));
		EXPECT_EQ(i % 2 ? rules[i / 2].exit : 0, ar_wait_and_report(pid))
			TH_LOG("%s", rules[i / 2].name);
		EXPECT_EQ(POLLHUP, ar_poll_gone(pidfd));
		close(pidfd);
	}
}

/* Let a child end while the caller reads, and write to it if that does not wake it. */
static pid_t end_while_reading(__u64 flags, int pidfd, const struct ar_gate *gate, int report)
{
	pid_t pid = ar_fork_when_asleep(CLONE_AUTOREAP, NULL);

	if (pid)
		return pid;
	if (ar_gate_open(gate))
		_exit(255);
	if (flags) {
		ar_poll_gone(pidfd);
		ar_tell(report, AR_CHILD_CODE);
	}
	_exit(0);
}

/* An application does not notice: no handler is run, and no call is interrupted. */
TEST_F(autoreap, does_not_interrupt_its_parent)
{
	const struct sigaction action = { .sa_handler = count };
	int i, exec, pidfd = -1;
	sigset_t none;
	pid_t pid;

	ASSERT_EQ(0, sigaction(SIGCHLD, &action, NULL));
	sigemptyset(&none);
	for (i = 0; i < 2 * 2; i++) {
		exec = i / 2;
		pid = exec ? ar_start_exec(ar_both[i % 2], &pidfd, &self->gate) :
			ar_start(ar_both[i % 2], &pidfd, &self->gate, AR_CHILD_CODE);
		ASSERT_LT(0, pid);
		handled = 0;
		ASSERT_EQ(0, sigprocmask(SIG_SETMASK, &none, NULL));
		ASSERT_LT(0, end_while_reading(ar_both[i % 2], pidfd, &self->gate,
					       self->report[1]));
		EXPECT_EQ(i % 2 ? -1 : AR_CHILD_CODE, ar_hear(self->report[0]));
		EXPECT_EQ(i % 2, handled);
		EXPECT_EQ(i % 2 ? pid : -1, waitpid(pid, NULL, __WALL));
		close(pidfd);
	}
}

/* Take the SIGCHLD about @pid that is sure to come. Returns its code. */
static int await_sigchld(pid_t pid)
{
	siginfo_t info = {};
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	syscall(AR_NR_SIGTIMEDWAIT, &set, &info, NULL, _NSIG / 8);
	return info.si_pid == pid ? info.si_code : -1;
}

/* Wait for a stop or its end, by @options. Returns its code, 0 if there is none, or -errno. */
static int wait_for_stop(pid_t pid, int options)
{
	siginfo_t info = {};

	return waitid(P_PID, pid, &info, options) ? -errno : info.si_code;
}

/* "No signal" is about the exit: that a child stops and continues is reported as ever. */
TEST_F(autoreap, tells_of_stop_and_continue)
{
	int i, exec, wall, pidfd = -1;
	pid_t pid;

	for (i = 0; i < 2 * 2; i++) {
		exec = i / 2;
		wall = exec ? 0 : __WALL;
		pid = ar_start_silent(ar_both[i % 2], exec, &pidfd, &self->gate);
		ASSERT_LT(0, pid);

		ASSERT_EQ(0, kill(pid, SIGSTOP));
		EXPECT_EQ(CLD_STOPPED, await_sigchld(pid));
		EXPECT_EQ(exec ? CLD_STOPPED : -ECHILD,
			  wait_for_stop(pid, WSTOPPED | WNOHANG | WNOWAIT));
		EXPECT_EQ(CLD_STOPPED, wait_for_stop(pid, WSTOPPED | wall));
		EXPECT_EQ(0, wait_for_stop(pid, WSTOPPED | WNOHANG | wall));
		EXPECT_EQ(0, ar_poll(pidfd));

		ASSERT_EQ(0, kill(pid, SIGCONT));
		EXPECT_EQ(CLD_CONTINUED, await_sigchld(pid));
		EXPECT_EQ(exec ? CLD_CONTINUED : -ECHILD,
			  wait_for_stop(pid, WCONTINUED | WNOHANG | WNOWAIT));
		EXPECT_EQ(CLD_CONTINUED, wait_for_stop(pid, WCONTINUED | wall));
		EXPECT_EQ(0, wait_for_stop(pid, WCONTINUED | WNOHANG | wall));

		ASSERT_EQ(0, ar_gate_open(&self->gate));
		EXPECT_EQ(i % 2 ? AR_GOT_CHILD | exec * AR_GOT_SIGCHLD : 0,
			  ar_wait_and_report(pid));
		EXPECT_EQ(POLLHUP, ar_poll_gone(pidfd));
		close(pidfd);
	}
}

/* The parent's rules for SIGCHLD hold for stops: of those it hears only as it wishes. */
TEST_F(autoreap, depends_on_sigchld_action_when_it_stops)
{
	int pidfd = -1;
	unsigned int i;
	pid_t pid;

	for (i = 0; i < ARRAY_SIZE(rules) * 2; i++) {
		ASSERT_EQ(0, sigaction(SIGCHLD, &rules[i / 2].action, NULL));
		pid = ar_start_silent(ar_both[i % 2], false, &pidfd, &self->gate);
		ASSERT_LT(0, pid);
		ASSERT_EQ(0, kill(pid, SIGSTOP));
		EXPECT_EQ(CLD_STOPPED, wait_for_stop(pid, WSTOPPED | __WALL));
		/* With its end, all of its signals have been sent. */
		ASSERT_EQ(0, kill(pid, SIGKILL));
		EXPECT_EQ(rules[i / 2].stop | (i % 2 ? AR_GOT_CHILD : 0), ar_wait_and_report(pid))
			TH_LOG("%s", rules[i / 2].name);
		EXPECT_EQ(POLLHUP, ar_poll_gone(pidfd));
		close(pidfd);
	}
}

/* Who waits for a stop only is told when the child has ended. */
TEST_F(autoreap, wakes_who_waits_for_a_stop)
{
	int i, pidfd = -1;
	pid_t pid;

	for (i = 0; i < 2; i++) {
		pid = ar_fork_when_asleep(ar_both[i], &pidfd);
		ASSERT_LE(0, pid);
		if (!pid)
			_exit(AR_CHILD_CODE);
		EXPECT_EQ(-ECHILD, wait_for_stop(pid, WSTOPPED | WCONTINUED | __WALL));
		EXPECT_EQ(i ? pid : -1, waitpid(pid, NULL, __WALL));
		EXPECT_EQ(POLLHUP, ar_poll_gone(pidfd));
		close(pidfd);
	}
}

/* What of a child's work its parent finds in its own accounts. */
#define WORK_TIME 1
#define WORK_TICKS 2
#define WORK_MEMORY 4
#define WORK_SLEEP 8
#define WORK_ALL 15

#define WORK_SIZE (8 << 20)

static int work_of_children(void)
{
	struct rusage usage;
	struct tms ticks;

	if (getrusage(RUSAGE_CHILDREN, &usage) || times(&ticks) == (clock_t)-1)
		return -1;
	return (timerisset(&usage.ru_utime) || timerisset(&usage.ru_stime) ? WORK_TIME : 0) |
	       (ticks.tms_cutime + ticks.tms_cstime ? WORK_TICKS : 0) |
	       (usage.ru_maxrss >= WORK_SIZE / 1024 ? WORK_MEMORY : 0) |
	       (usage.ru_nvcsw ? WORK_SLEEP : 0);
}

/* Use memory, sleep, and use the processor, each until it is accounted. */
static void work(void)
{
	struct rusage usage = {};
	struct tms ticks = {};
	pid_t pid;

	if (mmap(NULL, WORK_SIZE, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0) == MAP_FAILED)
		_exit(255);
	do {
		pid = ar_fork(0, 0, NULL);
		if (!pid)
			_exit(0);
		waitpid(pid, NULL, __WCLONE);
		getrusage(RUSAGE_SELF, &usage);
	} while (!usage.ru_nvcsw);
	do {
		times(&ticks);
	} while (!ticks.tms_utime && !ticks.tms_stime);
}

/* A child that works, or has a child of its own that does so for it. */
static pid_t start_working(__u64 flags, bool delegate, int *pidfd, const struct ar_gate *gate)
{
	pid_t pid = ar_fork(flags, 0, pidfd);

	if (pid)
		return pid;
	ar_gate_pass(gate);
	if (!delegate) {
		work();
		_exit(AR_CHILD_CODE);
	}
	pid = ar_fork(0, 0, NULL);
	if (!pid) {
		work();
		_exit(0);
	}
	waitpid(pid, NULL, __WCLONE);
	_exit(work_of_children() == WORK_ALL ? AR_CHILD_CODE : 255);
}

/* What a new parent is charged with when its child has worked and ended. */
static int charge(__u64 flags, bool delegate, bool trace, const struct ar_gate *gate)
{
	pid_t pid, parent = fork();
	int pidfd = -1;

	if (parent)
		return ar_exit_code(parent);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	pid = start_working(flags, delegate, &pidfd, gate);
	if (pid < 0 || (trace && ptrace(PTRACE_SEIZE, pid, NULL, NULL)) || ar_gate_open(gate))
		_exit(255);
	waitpid(pid, NULL, __WALL);
	if (!ar_ended(pidfd) || ar_status(pidfd) != AR_EXITED(AR_CHILD_CODE))
		_exit(255);
	_exit(work_of_children());
}

/* Nobody waits for it, so nobody is charged with its work, nor with that of its children. */
TEST_F(autoreap, is_not_in_the_accounts_of_its_parent)
{
	int delegate;

	for (delegate = 0; delegate < 2; delegate++) {
		EXPECT_EQ(0, charge(CLONE_AUTOREAP, delegate, false, &self->gate));
		EXPECT_EQ(WORK_ALL, charge(0, delegate, false, &self->gate));
	}
}

/* A parent that traces its child waits for it like any parent, and is charged like any. */
TEST_F(autoreap, is_in_the_accounts_of_a_parent_that_traces_it)
{
	EXPECT_EQ(WORK_ALL, charge(CLONE_AUTOREAP, false, true, &self->gate));
	EXPECT_EQ(0, charge(CLONE_AUTOREAP, false, false, &self->gate));
}

/* A foreign tracer can ask for what the child has used, and nobody is charged. */
TEST_F(autoreap, is_in_nobodys_accounts_if_a_stranger_traces_it)
{
	struct rusage usage = {};
	int i, before, status = -1;
	pid_t pid, parent;

	for (i = 0; i < 2; i++) {
		parent = fork();
		ASSERT_LE(0, parent);
		if (!parent) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			pid = start_working(ar_both[i], false, NULL, &self->gate);
			ar_tell(self->report[1], pid);
			waitpid(pid, NULL, __WALL);
			_exit(work_of_children());
		}
		pid = ar_hear(self->report[0]);
		ASSERT_LT(0, pid);
		ASSERT_EQ(0, ptrace(PTRACE_SEIZE, pid, NULL, NULL));
		ASSERT_EQ(0, ar_gate_open(&self->gate));
		before = work_of_children();
		EXPECT_EQ(pid, wait4(pid, NULL, __WALL, &usage));
		EXPECT_LE(WORK_SIZE / 1024, usage.ru_maxrss);
		EXPECT_LT(0, usage.ru_nvcsw);
		EXPECT_EQ(before, work_of_children());
		ASSERT_EQ(parent, waitpid(parent, &status, 0));
		EXPECT_EQ(AR_EXITED(i ? WORK_ALL : 0), status);
	}
}

/* The caller's end of a new terminal, for which it becomes root of a user namespace. */
static int open_terminal(void)
{
	int master, unlock = 0;
	char map[2][32];

	snprintf(map[0], sizeof(map[0]), "0 %u 1", geteuid());
	snprintf(map[1], sizeof(map[1]), "0 %u 1", getegid());
	if (unshare(CLONE_NEWUSER | CLONE_NEWNS) ||
	    ar_write_file("/proc/self/setgroups", "deny") ||
	    ar_write_file("/proc/self/uid_map", map[0]) ||
	    ar_write_file("/proc/self/gid_map", map[1]) ||
	    mount("devpts", "/tmp", "devpts", 0, "ptmxmode=0666"))
		return -1;
	master = open("/tmp/ptmx", O_RDWR | O_NOCTTY);
	if (ioctl(master, TIOCSPTLCK, &unlock))
		return -1;
	return ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY);
}

/*
 * The end of a session leader that reaps itself gives back its terminal, and is told to
 * those in the foreground, and to stopped process groups that it orphans.
 */
TEST_F(autoreap, hangs_up_its_session)
{
	int i, pidfd = -1, member_fd, leave[2], terminal = open_terminal();
	bool stopped;
	pid_t pid, member;

	ASSERT_LE(0, terminal);
	ASSERT_EQ(0, pipe(leave));
	for (i = 0; i < 4; i++) {
		stopped = i / 2;
		pid = ar_fork(ar_both[i % 2], ar_both[i % 2] ? 0 : SIGCHLD, &pidfd);
		ASSERT_LE(0, pid);
		if (!pid) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			if (setsid() < 0 || ioctl(terminal, TIOCSCTTY, 0))
				_exit(255);
			member = ar_start(CLONE_AUTOREAP, NULL, &self->gate, AR_CHILD_CODE);
			if (setpgid(member, member) ||
			    (!stopped && tcsetpgrp(terminal, member)))
				_exit(255);
			ar_tell(self->report[1], member);
			ar_hear(leave[0]);
			_exit(AR_CHILD_CODE);
		}
		member = ar_hear(self->report[0]);
		member_fd = ar_pidfd_open(member, 0);
		ASSERT_LE(0, member_fd);
		if (stopped) {
			ASSERT_EQ(0, kill(member, SIGSTOP));
			ar_await_state(member, 'T');
		}
		ar_tell(leave[1], 0);
		EXPECT_TRUE(ar_ended(member_fd));
		EXPECT_EQ(SIGHUP, ar_status(member_fd));
		ar_expect_end(_metadata, ar_both[i % 2], pid, pidfd);
	}
}

int main(int argc, char **argv)
{
	return ar_is_exec_role(argc, argv) ? ar_exec_role(argv) : test_harness_run(argc, argv);
}
