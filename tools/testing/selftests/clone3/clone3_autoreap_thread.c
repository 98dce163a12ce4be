// SPDX-License-Identifier: GPL-2.0
/*
 * The threads of a process: each has an exit code of its own, which is not the status
 * of the process. It is what a pidfd of the thread has, and what SIGCHLD tells its
 * tracer; wait(2) of the tracer tells the status of the group once that exits.
 */
#define _GNU_SOURCE
#include <sys/prctl.h>
#include <sys/ptrace.h>

#include "../kselftest_harness.h"
#include "clone3_autoreap.h"
#include "clone3_autoreap_info.h"

#define LEADER_CODE 3

static const char no_thread_pidfds[] = "this kernel has no pidfds of threads, as 6.9 and later";

static int exit_thread(void *code)
{
	syscall(__NR_exit, *(int *)code);
	return 0;
}

/* A thread that ends has a status of its own, which is there with its POLLIN. */
TEST_F(autoreap, thread_has_its_own_status)
{
	int code, process, pidfd = -1;

	if (!ar_thread_pidfds())
		SKIP(return, "%s", no_thread_pidfds);
	process = ar_pidfd_open(getpid(), 0);
	for (code = 0; code < 64; code++) {
		ASSERT_LT(0, ar_start_thread(exit_thread, &code, &pidfd));
		ASSERT_TRUE(ar_exited(pidfd));
		EXPECT_EQ(AR_EXITED(code), ar_status(pidfd));
		ASSERT_EQ(POLLHUP, ar_poll_gone(pidfd));
		EXPECT_EQ(AR_EXITED(code), ar_status(pidfd));
		close(pidfd);
	}
	EXPECT_EQ(0, ar_poll(process));
	EXPECT_EQ(AR_NO_STATUS, ar_status(process));
}

/* A thread that waits at the gate; the first thread ends the process when it hears. */
static pid_t start_gated_thread(__u64 flags, int *pidfd, struct ar_gate *gate, int report,
				int release)
{
	pid_t pid = ar_fork(flags, flags & CLONE_AUTOREAP ? 0 : SIGCHLD, pidfd);

	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	ar_tell(report, ar_start_thread(ar_gated_thread, gate, NULL));
	ar_hear(release);
	_exit(LEADER_CODE);
}

/* A traced thread that ends before the others has its own status, for tracer and pidfd. */
TEST_F(autoreap, traced_thread_has_its_own_status)
{
	int i, status, release[2], pidfd = -1, thread_fd;
	pid_t pid, tid;

	if (!ar_thread_pidfds())
		SKIP(return, "%s", no_thread_pidfds);
	ASSERT_EQ(0, pipe(release));
	/* The tracer waits before the process exits, or after. */
	for (i = 0; i < 2; i++) {
		pid = start_gated_thread(CLONE_AUTOREAP, &pidfd, &self->gate, self->report[1],
					 release[0]);
		ASSERT_LT(0, pid);
		tid = ar_hear(self->report[0]);
		ASSERT_LT(0, tid);
		thread_fd = ar_pidfd_open(tid, PIDFD_THREAD);
		ASSERT_LE(0, thread_fd);
		ASSERT_EQ(0, ptrace(PTRACE_SEIZE, tid, NULL, NULL));
		ASSERT_EQ(0, ar_gate_open(&self->gate));
		ASSERT_EQ(0, waitid(P_PID, tid, NULL, WEXITED | WNOWAIT | __WALL));
		EXPECT_EQ(AR_NO_STATUS, ar_status(thread_fd));
		if (i) {
			ar_tell(release[1], 0);
			ar_await_state(pid, 'Z');
		}
		EXPECT_EQ(tid, waitpid(tid, &status, __WALL));
		EXPECT_EQ(AR_EXITED(i ? LEADER_CODE : AR_CHILD_CODE), status);
		EXPECT_EQ(POLLIN | POLLHUP, ar_poll(thread_fd));
		EXPECT_EQ(AR_EXITED(AR_CHILD_CODE), ar_status(thread_fd));
		if (!i)
			ar_tell(release[1], 0);
		EXPECT_TRUE(ar_ended(pidfd));
		EXPECT_EQ(AR_EXITED(LEADER_CODE), ar_status(pidfd));
	}
}

/* Its end wakes who sleeps on its pidfd at once, and not when its tracer waits for it. */
TEST_F(autoreap, traced_thread_wakes_who_sleeps_on_its_pidfd)
{
	int release[2], pidfd = -1, thread_fd;
	pid_t pid, tid, opener;

	if (!ar_thread_pidfds())
		SKIP(return, "%s", no_thread_pidfds);
	ASSERT_EQ(0, pipe(release));
	pid = start_gated_thread(CLONE_AUTOREAP, &pidfd, &self->gate, self->report[1], release[0]);
	ASSERT_LT(0, pid);
	tid = ar_hear(self->report[0]);
	ASSERT_LT(0, tid);
	thread_fd = ar_pidfd_open(tid, PIDFD_THREAD);
	ASSERT_LE(0, thread_fd);
	ASSERT_EQ(0, ptrace(PTRACE_SEIZE, tid, NULL, NULL));
	opener = ar_fork_when_asleep(0, NULL);
	ASSERT_LE(0, opener);
	if (!opener)
		_exit(ar_gate_open(&self->gate));
	EXPECT_EQ(POLLIN, ar_poll_exited(thread_fd));
	EXPECT_EQ(tid, waitpid(tid, NULL, __WALL));
	EXPECT_EQ(POLLIN | POLLHUP, ar_poll(thread_fd));
	ASSERT_EQ(opener, waitpid(opener, NULL, __WALL));
	ar_tell(release[1], 0);
	EXPECT_TRUE(ar_ended(pidfd));
}

/* Waits for SIGCHLD. Returns its status, or -1 if it is about another event. */
static int told_by_sigchld(pid_t pid, int code)
{
	siginfo_t info = {};
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	if (sigwaitinfo(&set, &info) != SIGCHLD || info.si_pid != pid || info.si_code != code)
		return -1;
	return info.si_status;
}

static int exit_group_at_gate(void *gate)
{
	ar_gate_pass(gate);
	_exit(LEADER_CODE);
}

/*
 * A thread is held in its exit while its group exits with another code. SIGCHLD tells
 * the tracer the thread's, as ever, and so does a pidfd of it; wait(2) that of the group.
 */
TEST_F(autoreap, traced_thread_tells_its_own_code)
{
	int i, status, release[2], pidfd = -1, thread_fd;
	pid_t pid, tid;

	ASSERT_EQ(0, pipe(release));
	for (i = 0; i < 2; i++) {
		pid = start_gated_thread(ar_both[i], &pidfd, &self->gate, self->report[1],
					 release[0]);
		ASSERT_LT(0, pid);
		tid = ar_hear(self->report[0]);
		ASSERT_LT(0, tid);
		thread_fd = ar_pidfd_open(tid, PIDFD_THREAD);
		ASSERT_TRUE(thread_fd >= 0 || !ar_thread_pidfds());
		ASSERT_EQ(0, ptrace(PTRACE_SEIZE, tid, NULL, PTRACE_O_TRACEEXIT));
		ASSERT_EQ(0, ar_gate_open(&self->gate));
		ASSERT_EQ(AR_EVENT_STOP(PTRACE_EVENT_EXIT), ar_next_stop(tid));
		ASSERT_EQ(SIGTRAP, told_by_sigchld(tid, CLD_TRAPPED));

		/* Its SIGKILL also ends the stop. */
		ar_tell(release[1], 0);
		EXPECT_EQ(AR_CHILD_CODE, told_by_sigchld(tid, CLD_EXITED));
		ar_await_state(pid, 'Z');
		EXPECT_EQ(tid, waitpid(tid, &status, __WALL));
		EXPECT_EQ(AR_EXITED(LEADER_CODE), status);
		EXPECT_TRUE(thread_fd < 0 || ar_ended(thread_fd));
		EXPECT_TRUE(thread_fd < 0 || ar_status(thread_fd) == AR_EXITED(AR_CHILD_CODE));
		if (!ar_both[i]) {
			EXPECT_EQ(LEADER_CODE, told_by_sigchld(pid, CLD_EXITED));
			EXPECT_EQ(pid, waitpid(pid, &status, 0));
			EXPECT_EQ(AR_EXITED(LEADER_CODE), status);
		}
		EXPECT_TRUE(ar_ended(pidfd));
		EXPECT_EQ(AR_EXITED(LEADER_CODE), ar_status(pidfd));
		EXPECT_EQ(0, ar_take_sigchld());
	}
}

/* So does the first thread, if others live: here one that is held in its group exit. */
TEST_F(autoreap, traced_leader_tells_its_own_code)
{
	int i, status, release[2], report[2], pidfd = -1;
	pid_t pid, tid, tracer;

	ASSERT_EQ(0, pipe(release));
	ASSERT_EQ(0, pipe(report));
	for (i = 0; i < 2; i++) {
		pid = ar_fork(ar_both[i], ar_both[i] ? 0 : SIGCHLD, &pidfd);
		ASSERT_LE(0, pid);
		if (!pid) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY, 0, 0, 0);
			tid = ar_start_thread(exit_group_at_gate, &self->gate, NULL);
			ar_tell(self->report[1], tid);
			ar_hear(release[0]);
			syscall(__NR_exit, AR_CHILD_CODE);
		}
		tid = ar_hear(self->report[0]);
		ASSERT_LT(0, tid);
		tracer = fork();
		ASSERT_LE(0, tracer);
		if (!tracer) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			ar_tell(report[1], ptrace(PTRACE_SEIZE, tid, NULL, PTRACE_O_TRACEEXIT));
			ar_tell(report[1], ar_next_stop(tid));
			ar_hear(release[0]);
			_exit(0);
		}
		ASSERT_EQ(0, ar_hear(report[0]));
		ASSERT_EQ(0, ptrace(PTRACE_SEIZE, pid, NULL, PTRACE_O_TRACEEXIT));
		ar_tell(release[1], 0);
		ASSERT_EQ(AR_EVENT_STOP(PTRACE_EVENT_EXIT), ar_next_stop(pid));
		ASSERT_EQ(SIGTRAP, told_by_sigchld(pid, CLD_TRAPPED));

		/* The group exit ends the stop of the leader, not that of its thread. */
		ASSERT_EQ(0, ar_gate_open(&self->gate));
		EXPECT_EQ(AR_CHILD_CODE, told_by_sigchld(pid, CLD_EXITED));
		EXPECT_EQ(AR_EVENT_STOP(PTRACE_EVENT_EXIT), ar_hear(report[0]));
		EXPECT_EQ(AR_NO_STATUS, ar_status(pidfd));

		/* With the last thread, it is the status of the group. */
		ar_tell(release[1], 0);
		EXPECT_EQ(tracer, waitpid(tracer, NULL, 0));
		EXPECT_EQ(pid, waitpid(pid, &status, __WALL));
		EXPECT_EQ(AR_EXITED(LEADER_CODE), status);
		EXPECT_TRUE(ar_ended(pidfd));
		EXPECT_EQ(AR_EXITED(LEADER_CODE), ar_status(pidfd));
		ar_take_sigchld();
	}
}

/* A thread that exits while a signal ends its group has its own code, or that signal. */
TEST_F_TIMEOUT(autoreap, traced_thread_never_tells_half_a_group_exit, AR_LONG_RUN)
{
	int i, j, half = 0, release[2], pidfd = -1;
	siginfo_t info = {};
	struct ar_gate gate;
	pid_t pid, tid;
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	ASSERT_EQ(0, pipe(release));
	for (i = 0; i < ar_rounds(); i++) {
		/* A thread that is killed at the gate leaves it open: each has its own. */
		ASSERT_EQ(0, pipe(gate.fd));
		pid = start_gated_thread(CLONE_AUTOREAP, &pidfd, &gate, self->report[1],
					 release[0]);
		ASSERT_LT(0, pid);
		tid = ar_hear(self->report[0]);
		ASSERT_LT(0, tid);
		ASSERT_EQ(0, ptrace(PTRACE_SEIZE, tid, NULL, NULL));
		ASSERT_EQ(0, ar_gate_open(&gate));
		/* At another moment of its exit each time. */
		for (j = 0; j < i % 50; j++)
			sched_yield();
		ASSERT_EQ(0, kill(pid, SIGTERM));
		ASSERT_EQ(SIGCHLD, sigwaitinfo(&set, &info));
		EXPECT_EQ(tid, info.si_pid);
		half += info.si_code == CLD_EXITED ? info.si_status != AR_CHILD_CODE :
						     info.si_status != SIGTERM;
		ASSERT_EQ(tid, waitpid(tid, NULL, __WALL));
		EXPECT_TRUE(ar_ended(pidfd));
		EXPECT_EQ(SIGTERM, ar_status(pidfd));
		close(pidfd);
		close(gate.fd[0]);
		close(gate.fd[1]);
	}
	EXPECT_EQ(0, half);
}

/* What a thread of a tracer heard of a child: that it was collected, or its status. */
#define COLLECTED (-2000)

struct waiter {
	pid_t pid;
	int pidfd, report;
};

static int wait_and_tell(void *arg)
{
	struct waiter *waiter = arg;
	long ret = syscall(__NR_waitid, P_PID, waiter->pid, NULL, WEXITED | __WALL, NULL);

	ar_tell(waiter->report, ret ? ar_status(waiter->pidfd) : COLLECTED);
	return 0;
}

/* Traces each child that it hears of, and waits for it in two threads. */
static void trace_and_wait_twice(int hears, int report)
{
	struct waiter waiter = { .report = report };
	pid_t tid;

	for (;;) {
		waiter.pid = ar_hear(hears);
		waiter.pidfd = ar_pidfd_open(waiter.pid, 0);
		if (waiter.pidfd < 0 || ptrace(PTRACE_SEIZE, waiter.pid, NULL, NULL))
			_exit(255);
		tid = ar_start_thread(wait_and_tell, &waiter, NULL);
		if (tid < 0)
			_exit(255);
		ar_tell(report, 0);
		wait_and_tell(&waiter);
		ar_await_thread(getpid(), tid);
		close(waiter.pidfd);
	}
}

/*
 * A tracer collects a child that then reaps itself. Another of its threads, which waited
 * too, is told of that by ECHILD, maybe before the child is dead: the status is there.
 * That of a plain child is not, as its parent can wait for it then.
 */
TEST_F_TIMEOUT(autoreap, second_waiter_of_the_tracer_has_the_status, AR_LONG_RUN)
{
	int i, j, pidfd = -1, orders[2], heard[2];
	pid_t pid, tracer;

	ASSERT_EQ(0, pipe(orders));
	tracer = ar_fork(0, SIGCHLD, NULL);
	ASSERT_LE(0, tracer);
	if (!tracer) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		trace_and_wait_twice(orders[0], self->report[1]);
	}
	/* Without a tracer nobody would write. */
	close(self->report[1]);
	for (i = 0; i < 4 * ar_rounds(); i++) {
		pid = ar_start_tracee(ar_both[i % 2], &pidfd, &self->gate, orders[1]);
		ASSERT_LT(0, pid);
		ASSERT_EQ(0, ar_hear(self->report[0]));
		ASSERT_EQ(0, ar_gate_open(&self->gate));
		for (j = 0; j < 2; j++)
			heard[j] = ar_hear(self->report[0]);
		j = heard[0] == COLLECTED;
		EXPECT_EQ(COLLECTED, heard[!j]);
		EXPECT_EQ(ar_both[i % 2] ? AR_EXITED(AR_CHILD_CODE) : AR_NO_STATUS, heard[j]);
		if (!ar_both[i % 2])
			ASSERT_EQ(pid, waitpid(pid, NULL, 0));
		ASSERT_TRUE(ar_ended(pidfd));
		close(pidfd);
	}
}

TEST_HARNESS_MAIN
