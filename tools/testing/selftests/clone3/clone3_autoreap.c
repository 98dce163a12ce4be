// SPDX-License-Identifier: GPL-2.0
/*
 * CLONE_AUTOREAP: the child reaps itself when it exits. Nobody gets a zombie, an
 * exit signal or a status, whoever the parent is by then. Each promise that
 * something is absent is checked next to a plain child that shows it.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>

#include "../kselftest_harness.h"
#include "clone3_autoreap.h"

static const struct refusal refusals[] = {
	/* Autoreap is a property of a process, and of a child of the caller. */
	{ "thread", CLONE_THREAD | CLONE_SIGHAND | CLONE_VM, 0, VER2, EINVAL },
	{ "thread, pidfd", CLONE_THREAD | CLONE_SIGHAND | CLONE_VM | CLONE_PIDFD, 0, VER2, EINVAL },
	{ "parent", CLONE_PARENT, 0, VER2, EINVAL },
	{ "parent, pidfd", CLONE_PARENT | CLONE_PIDFD, 0, VER2, EINVAL },
	{ "parent, thread", CLONE_PARENT | CLONE_THREAD | CLONE_SIGHAND | CLONE_VM, 0, VER2,
	  EINVAL },
	{ "parent, SIGCHLD", CLONE_PARENT, SIGCHLD, VER2, EINVAL },
	/* There is no exit signal. */
	{ "SIGHUP", 0, SIGHUP, VER2, EINVAL },
	{ "SIGKILL", 0, SIGKILL, VER2, EINVAL },
	{ "SIGCHLD", 0, SIGCHLD, VER2, EINVAL },
	{ "SIGCHLD, pidfd", CLONE_PIDFD, SIGCHLD, VER2, EINVAL },
	{ "SIGCHLD, first size", 0, SIGCHLD, VER0, EINVAL },
	{ "last signal", 0, 64, VER2, EINVAL },
	{ "beyond the last signal", 0, 65, VER2, EINVAL },
	{ "exit_signal above CSIGNAL", 0, 0x100, VER2, EINVAL },
	{ "exit_signal above 32 bits", 0, 1ULL << 32, VER2, EINVAL },
	/* What clone3() refuses anyway. */
	{ "signal among the flags", SIGCHLD, 0, VER2, EINVAL },
	{ "detached", 0x00400000, 0, VER2, EINVAL },
	{ "bad pidfd pointer", CLONE_PIDFD, 0, VER2, EFAULT },
	{ "size 0", 0, 0, 0, EINVAL },
	{ "size too small", 0, 0, VER0 - 1, EINVAL },
	{ "set beyond what is known", 0, 0, 256, E2BIG },
};

/* Each malformed request has its errno, and leaves neither child nor pidfd. */
TEST_F(autoreap, refuses_bad_requests)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(refusals); i++) {
		EXPECT_EQ(refusals[i].error, refused_with(&refusals[i]))
			TH_LOG("refusal: %s", refusals[i].name);
	}
	EXPECT_EQ(-1, waitpid(-1, NULL, WNOHANG | __WALL));
	EXPECT_EQ(ECHILD, errno);
}

/* A flag of the future stays an error next to CLONE_AUTOREAP. */
TEST_F(autoreap, refuses_undefined_bits)
{
	struct refusal row = { .size = VER2 };
	int bit;

	for (bit = AR_FIRST_UNDEFINED_BIT; bit < 64; bit++) {
		row.flags = 1ULL << bit;
		EXPECT_EQ(EINVAL, refused_with(&row))
			TH_LOG("bit %d", bit);
	}
}

/* Report the errno, or 0 for a child made, of CLONE_PARENT by both calls. */
static void tell_clone_parent(int fd)
{
	pid_t pid;

	pid = ar_fork(CLONE_PARENT, 0, NULL);
	if (!pid)
		_exit(CHILD_CODE);
	tell(fd, pid < 0 ? errno : 0);
	pid = ar_legacy_clone(CLONE_PARENT | SIGCHLD);
	if (!pid)
		_exit(CHILD_CODE);
	tell(fd, pid < 0 ? errno : 0);
	_exit(CHILD_CODE);
}

/*
 * A sibling made by an autoreap process would have its exit signal, which is
 * none, but not its autoreap: a zombie that nobody hears of.
 */
TEST_F(autoreap, refuses_clone_parent_from_inside)
{
	int status, i;
	pid_t pid;

	pid = ar_fork(CLONE_AUTOREAP, 0, NULL);
	ASSERT_LE(0, pid);
	if (!pid)
		tell_clone_parent(self->report[1]);
	EXPECT_EQ(EINVAL, hear(self->report[0]));
	EXPECT_EQ(EINVAL, hear(self->report[0]));
	EXPECT_EQ(-1, waitpid(-1, NULL, __WALL));
	EXPECT_EQ(ECHILD, errno);

	/* A plain child may: the caller gets it and two siblings of it. */
	pid = ar_fork(0, SIGCHLD, NULL);
	ASSERT_LE(0, pid);
	if (!pid)
		tell_clone_parent(self->report[1]);
	EXPECT_EQ(0, hear(self->report[0]));
	EXPECT_EQ(0, hear(self->report[0]));
	for (i = 0; i < 3; i++) {
		EXPECT_LT(0, waitpid(-1, &status, __WALL));
		EXPECT_EQ(CHILD_CODE, WEXITSTATUS(status));
	}
	EXPECT_EQ(-1, waitpid(-1, NULL, __WALL));
	EXPECT_EQ(ECHILD, errno);
}

/* The flag needs no new member, so every published size of the struct will do. */
TEST_F(autoreap, accepts_every_struct_size)
{
	struct ar_clone_args args = { .flags = CLONE_AUTOREAP };
	static const size_t sizes[] = { VER0, VER1, VER2 };
	unsigned int i;
	pid_t pid;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		pid = ar_clone3(&args, sizes[i]);
		if (!pid)
			_exit(CHILD_CODE);
		EXPECT_LT(0, pid);
	}
	EXPECT_EQ(-1, waitpid(-1, NULL, __WALL));
	EXPECT_EQ(ECHILD, errno);
}

/* clone(2) has flags of 32 bits: there the bit is dropped, as it always was. */
TEST_F(autoreap, legacy_clone_makes_a_plain_child)
{
	pid_t pid;

	pid = ar_legacy_clone((unsigned long)CLONE_AUTOREAP | SIGCHLD);
	ASSERT_LE(0, pid);
	if (!pid)
		_exit(CHILD_CODE);
	expect_zombie(_metadata, pid);
}

/* Fire and forget: the child is gone as soon as it ends, and signals nobody. */
TEST_F(autoreap, leaves_no_zombie_and_sends_no_signal)
{
	int pidfd = -1;
	pid_t pid;

	pid = ar_start(CLONE_AUTOREAP, &pidfd, &self->gate, CHILD_CODE);
	ASSERT_LT(0, pid);
	ASSERT_LE(0, pidfd);
	EXPECT_EQ(0, ar_poll(pidfd));
	ASSERT_EQ(0, ar_gate_open(&self->gate));
	expect_reaped(_metadata, pid, pidfd);

	pid = ar_start(0, NULL, &self->gate, CHILD_CODE);
	ASSERT_LT(0, pid);
	ASSERT_EQ(0, ar_gate_open(&self->gate));
	expect_zombie(_metadata, pid);
}

/* CLONE_PIDFD is not needed; and however many end, no wait finds one. */
TEST_F(autoreap, needs_no_pidfd)
{
	pid_t pid;
	int i;

	for (i = 0; i < 64; i++) {
		pid = ar_fork(CLONE_AUTOREAP, 0, NULL);
		ASSERT_LE(0, pid);
		if (!pid)
			_exit(CHILD_CODE);
	}
	EXPECT_EQ(-1, waitpid(-1, NULL, __WALL));
	EXPECT_EQ(ECHILD, errno);
	EXPECT_EQ(0, ar_take_sigchld());
}

/* With no exit signal the child is a clone child: only __WALL or __WCLONE see it. */
TEST_F(autoreap, is_waited_for_only_with_wall)
{
	siginfo_t info;
	int pidfd = -1;
	pid_t pid;

	pid = ar_start(CLONE_AUTOREAP, &pidfd, &self->gate, CHILD_CODE);
	ASSERT_LT(0, pid);
	EXPECT_EQ(-1, waitpid(pid, NULL, 0));
	EXPECT_EQ(ECHILD, errno);
	EXPECT_EQ(-1, waitpid(-1, NULL, 0));
	EXPECT_EQ(ECHILD, errno);
	EXPECT_EQ(-1, waitid(P_PIDFD, pidfd, &info, WEXITED));
	EXPECT_EQ(ECHILD, errno);
	EXPECT_EQ(0, waitpid(pid, NULL, WNOHANG | __WALL));
	EXPECT_EQ(0, waitpid(pid, NULL, WNOHANG | __WCLONE));
	ASSERT_EQ(0, ar_gate_open(&self->gate));
	EXPECT_EQ(-1, waitid(P_PIDFD, pidfd, &info, WEXITED | __WALL));
	EXPECT_EQ(ECHILD, errno);
	expect_reaped(_metadata, pid, pidfd);

	pid = ar_start(0, NULL, &self->gate, CHILD_CODE);
	ASSERT_LT(0, pid);
	EXPECT_EQ(0, waitpid(pid, NULL, WNOHANG));
	ASSERT_EQ(0, ar_gate_open(&self->gate));
	expect_zombie(_metadata, pid);
}

/* The exit wakes a parent that sleeps in wait, to tell it that none is left. */
TEST_F(autoreap, wakes_a_sleeping_waiter)
{
	pid_t pid, parent = getpid();

	pid = ar_fork(CLONE_AUTOREAP, 0, NULL);
	ASSERT_LE(0, pid);
	if (!pid) {
		ar_await_state(parent, 'S');
		_exit(CHILD_CODE);
	}
	EXPECT_EQ(-1, waitpid(pid, NULL, __WALL));
	EXPECT_EQ(ECHILD, errno);
}

/* The property goes with the child to a subreaper, which gets nothing of it. */
TEST_F(autoreap, survives_reparenting)
{
	struct ar_stat st = {};
	pid_t middle, pid[2];
	int i, pidfd;

	ASSERT_EQ(0, prctl(PR_SET_CHILD_SUBREAPER, 1));
	middle = fork();
	ASSERT_LE(0, middle);
	if (!middle) {
		tell(self->report[1], ar_start(CLONE_AUTOREAP, NULL, &self->gate, CHILD_CODE));
		tell(self->report[1], ar_start(0, NULL, &self->gate, CHILD_CODE));
		_exit(0);
	}
	pid[0] = hear(self->report[0]);
	pid[1] = hear(self->report[0]);
	ASSERT_EQ(middle, waitpid(middle, NULL, 0));
	ASSERT_EQ(1, ar_take_sigchld());
	for (i = 0; i < 2; i++) {
		ASSERT_LT(0, pid[i]);
		ASSERT_EQ(0, ar_stat(pid[i], &st));
		ASSERT_EQ(getpid(), st.ppid);
	}
	pidfd = ar_pidfd_open(pid[0], 0);
	ASSERT_LE(0, pidfd);

	/* Reparenting has given it an exit signal: it is waited for, in vain. */
	ASSERT_EQ(0, ar_stat(pid[0], &st));
	EXPECT_EQ(SIGCHLD, st.exit_signal);
	EXPECT_EQ(0, waitpid(pid[0], NULL, WNOHANG));
	ASSERT_EQ(0, kill(pid[0], SIGKILL));
	expect_reaped(_metadata, pid[0], pidfd);

	ASSERT_EQ(0, ar_gate_open(&self->gate));
	expect_zombie(_metadata, pid[1]);
}

/* Children of an autoreap process are plain children unless they ask. */
TEST_F(autoreap, is_not_inherited)
{
	siginfo_t info = {};
	pid_t pid, child;

	pid = ar_fork(CLONE_AUTOREAP, 0, NULL);
	ASSERT_LE(0, pid);
	if (!pid) {
		child = ar_fork(0, SIGCHLD, NULL);
		if (!child)
			_exit(CHILD_CODE);
		waitid(P_PID, child, &info, WEXITED | WNOWAIT);
		tell(self->report[1], info.si_pid == child && info.si_status == CHILD_CODE);
		tell(self->report[1], ar_state(child));
		tell(self->report[1], wait_and_report(child));
		_exit(CHILD_CODE);
	}
	EXPECT_EQ(1, hear(self->report[0]));
	EXPECT_EQ('Z', hear(self->report[0]));
	EXPECT_EQ(GOT_CHILD | GOT_SIGCHLD, hear(self->report[0]));
	EXPECT_EQ(-1, waitpid(pid, NULL, __WALL));
	EXPECT_EQ(ECHILD, errno);
}

/* The end of a process is that of its last thread, not of its leader. */
TEST_F(autoreap, waits_for_the_last_thread)
{
	int pidfd = -1;
	pid_t pid;

	pid = start_leaderless(CLONE_AUTOREAP, &pidfd, &self->gate);
	ASSERT_LT(0, pid);
	ar_await_state(pid, 'Z');
	EXPECT_EQ(0, ar_poll(pidfd));
	EXPECT_EQ(0, waitpid(pid, NULL, WNOHANG | __WALL));
	ASSERT_EQ(0, ar_gate_open(&self->gate));
	expect_reaped(_metadata, pid, pidfd);

	pid = start_leaderless(0, &pidfd, &self->gate);
	ASSERT_LT(0, pid);
	ar_await_state(pid, 'Z');
	ASSERT_EQ(0, ar_gate_open(&self->gate));
	expect_zombie(_metadata, pid);
}

/* exec makes SIGCHLD of any exit signal, even of none: there is still no signal. */
TEST_F(autoreap, survives_exec)
{
	struct ar_stat st = {};
	int pidfd = -1;
	pid_t pid;

	pid = start_exec(CLONE_AUTOREAP, &pidfd, &self->gate);
	ASSERT_LT(0, pid);
	ASSERT_EQ(0, ar_stat(pid, &st));
	ASSERT_EQ(SIGCHLD, st.exit_signal);
	EXPECT_EQ(0, waitpid(pid, NULL, WNOHANG));
	ASSERT_EQ(0, ar_gate_open(&self->gate));
	EXPECT_EQ(-1, waitpid(pid, NULL, 0));
	EXPECT_EQ(ECHILD, errno);
	expect_reaped(_metadata, pid, pidfd);

	pid = start_exec(0, NULL, &self->gate);
	ASSERT_LT(0, pid);
	ASSERT_EQ(0, ar_gate_open(&self->gate));
	expect_zombie(_metadata, pid);
}

/* What a parent gets of a child without exit signal that it made before exec. */
static int exec_parent(__u64 flags, const struct ar_gate *gate)
{
	int status = -1;
	pid_t pid;

	pid = fork();
	if (!pid) {
		pid = ar_fork(flags, 0, NULL);
		if (!pid) {
			ar_gate_pass(gate);
			_exit(CHILD_CODE);
		}
		exec_self("parent", gate, pid);
	}
	return waitpid(pid, &status, 0) == pid ? WEXITSTATUS(status) : -1;
}

/* A parent that has called exec is sent SIGCHLD whatever was agreed; not here. */
TEST_F(autoreap, stays_silent_after_exec_of_the_parent)
{
	EXPECT_EQ(0, exec_parent(CLONE_AUTOREAP, &self->gate));
	EXPECT_EQ(GOT_CHILD | GOT_SIGCHLD, exec_parent(0, &self->gate));
}

static void ignore_sig(int sig)
{
	(void)sig;
}

/*
 * The parent's own rules for SIGCHLD change nothing. SA_NOCLDWAIT alone reaps
 * a plain child too, but not without a signal.
 */
TEST_F(autoreap, does_not_depend_on_sigchld_action)
{
	const struct sigaction actions[] = {
		{ .sa_handler = SIG_IGN },
		{ .sa_handler = ignore_sig, .sa_flags = SA_NOCLDWAIT },
	};
	int i, pidfd = -1;
	pid_t pid;

	for (i = 0; i < 2; i++) {
		ASSERT_EQ(0, sigaction(SIGCHLD, &actions[i], NULL));
		pid = ar_start(CLONE_AUTOREAP, &pidfd, &self->gate, CHILD_CODE);
		ASSERT_LT(0, pid);
		ASSERT_EQ(0, ar_gate_open(&self->gate));
		expect_reaped(_metadata, pid, pidfd);

		pid = start_exec(CLONE_AUTOREAP, &pidfd, &self->gate);
		ASSERT_LT(0, pid);
		ASSERT_EQ(0, ar_gate_open(&self->gate));
		expect_reaped(_metadata, pid, pidfd);

		pid = ar_start(0, NULL, &self->gate, CHILD_CODE);
		ASSERT_LT(0, pid);
		ASSERT_EQ(0, ar_gate_open(&self->gate));
		EXPECT_EQ(i ? GOT_SIGCHLD : 0, wait_and_report(pid));
	}
}

struct tracer {
	pid_t pid;
	int report;
	int release[2];
};

static void *trace(void *arg)
{
	struct tracer *tracer = arg;

	tell(tracer->report, ptrace(PTRACE_SEIZE, tracer->pid, NULL, NULL) ? errno : 0);
	tell(tracer->report, syscall(__NR_gettid));
	hear(tracer->release[0]);
	return NULL;
}

/*
 * A tracer keeps its zombie. If it is a thread of the parent and ends without a
 * wait, nobody notifies the parent again: the child is reaped at the detach.
 */
TEST_F(autoreap, is_reaped_when_tracer_thread_of_parent_ends)
{
	static const __u64 flags[] = { CLONE_AUTOREAP, 0 };
	struct tracer tracer = { .report = self->report[1] };
	int i, pidfd = -1, thread_fd;
	pthread_t thread;

	ASSERT_EQ(0, pipe(tracer.release));
	for (i = 0; i < 2; i++) {
		tracer.pid = ar_start(flags[i], &pidfd, &self->gate, CHILD_CODE);
		ASSERT_LT(0, tracer.pid);
		ASSERT_EQ(0, pthread_create(&thread, NULL, trace, &tracer));
		ASSERT_EQ(0, hear(self->report[0]));
		thread_fd = ar_pidfd_open(hear(self->report[0]), PIDFD_THREAD);
		ASSERT_LE(0, thread_fd);

		ASSERT_EQ(0, ar_gate_open(&self->gate));
		EXPECT_EQ(POLLIN, ar_poll_exited(pidfd));
		EXPECT_EQ('Z', ar_state(tracer.pid));
		tell(tracer.release[1], 0);
		ASSERT_EQ(POLLHUP, ar_poll_gone(thread_fd));
		ASSERT_EQ(0, pthread_join(thread, NULL));
		if (flags[i])
			expect_reaped(_metadata, tracer.pid, pidfd);
		else
			expect_zombie(_metadata, tracer.pid);
	}
}

/* Any other tracer has the status by wait; only then the child is reaped. */
TEST_F(autoreap, gives_its_status_to_a_foreign_tracer)
{
	static const __u64 flags[] = { CLONE_AUTOREAP, 0 };
	int i, status, pidfd;
	pid_t middle, pid;

	for (i = 0; i < 2; i++) {
		/* The tracer is the grandparent, which Yama allows as well. */
		middle = fork();
		ASSERT_LE(0, middle);
		if (!middle) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			pid = ar_start(flags[i], NULL, &self->gate, CHILD_CODE);
			tell(self->report[1], pid);
			_exit(wait_and_report(pid));
		}
		pid = hear(self->report[0]);
		ASSERT_LT(0, pid);
		pidfd = ar_pidfd_open(pid, 0);
		ASSERT_LE(0, pidfd);
		ASSERT_EQ(0, ptrace(PTRACE_SEIZE, pid, NULL, NULL));

		ASSERT_EQ(0, ar_gate_open(&self->gate));
		ASSERT_EQ(POLLIN, ar_poll_exited(pidfd));
		ASSERT_EQ(0, waitid(P_PID, pid, NULL, WEXITED | WNOWAIT | __WALL));
		EXPECT_EQ('Z', ar_state(pid));
		EXPECT_EQ(1, ar_take_sigchld());
		ASSERT_EQ(pid, waitpid(pid, &status, __WALL));
		EXPECT_EQ(CHILD_CODE, WEXITSTATUS(status));
		EXPECT_EQ(POLLHUP, ar_poll_gone(pidfd));
		EXPECT_EQ(0, ar_state(pid));

		ASSERT_EQ(middle, waitpid(middle, &status, 0));
		EXPECT_EQ(flags[i] ? 0 : GOT_CHILD | GOT_SIGCHLD, WEXITSTATUS(status));
		ASSERT_EQ(1, ar_take_sigchld());
	}
}

int main(int argc, char **argv)
{
	return is_exec_role(argc) ? exec_role(argv) : test_harness_run(argc, argv);
}
