// SPDX-License-Identifier: GPL-2.0
/*
 * CLONE_AUTOREAP and ptrace, continued: tracers that follow clone3(), that die, and
 * that come and go while the child exits.
 */
#define _GNU_SOURCE
#include <sys/prctl.h>
#include <sys/ptrace.h>

#include "../kselftest_harness.h"
#include "clone3_autoreap.h"
#include "clone3_autoreap_info.h"

/* The process that an event of @pid is about. */
static pid_t event_pid(pid_t pid)
{
	unsigned long message;

	return ptrace(PTRACE_GETEVENTMSG, pid, NULL, &message) ? -1 : (pid_t)message;
}

/* What a debugger asks for that follows every kind of fork. */
#define FOLLOW_ALL (PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE | \
		    PTRACE_O_TRACEVFORKDONE)

/* A process that is traced by the caller makes a child. */
FIXTURE(creator)
{
	struct ar_gate gate;
	int report[2];
	int order[2];
};

FIXTURE_VARIANT(creator)
{
	__u64 flags;
	long options;
	/* The event for a child with the flag, and for a plain one. */
	int event[2];
};

FIXTURE_VARIANT_ADD(creator, followed) {
	0, FOLLOW_ALL, { PTRACE_EVENT_CLONE, PTRACE_EVENT_FORK }
};

FIXTURE_VARIANT_ADD(creator, followed_at_vfork) {
	CLONE_VFORK, FOLLOW_ALL, { PTRACE_EVENT_VFORK, PTRACE_EVENT_VFORK }
};

FIXTURE_VARIANT_ADD(creator, followed_at_fork_only) {
	0, PTRACE_O_TRACEFORK, { 0, PTRACE_EVENT_FORK }
};

FIXTURE_VARIANT_ADD(creator, clone_untraced) { CLONE_UNTRACED, FOLLOW_ALL, { 0, 0 } };
FIXTURE_VARIANT_ADD(creator, clone_ptrace) { CLONE_PTRACE, 0, { 0, 0 } };
FIXTURE_VARIANT_ADD(creator, clone_ptrace_untraced) {
	CLONE_PTRACE | CLONE_UNTRACED, FOLLOW_ALL, { 0, 0 }
};

FIXTURE_SETUP(creator)
{
	if (ar_set_up(_metadata, &self->gate, self->report))
		ASSERT_EQ(0, pipe(self->order));
}

FIXTURE_TEARDOWN(creator)
{
}

static pid_t start_creator(__u64 flags, const struct ar_gate *gate, int report,
			   const int order[2])
{
	pid_t pid = fork();

	if (pid)
		return pid;
	/* If the caller dies, the gate opens and there are no more orders. */
	close(gate->fd[1]);
	close(order[1]);
	ar_hear(order[0]);
	pid = ar_start(flags, NULL, gate, AR_CHILD_CODE);
	ar_tell(report, pid);
	ar_hear(order[0]);
	_exit(ar_wait_and_report(pid));
}

/*
 * To the tracer of its creator the child is a clone, never a fork, and one of its
 * tracees from the start if that was asked for. The tracer has its status, nobody else.
 */
TEST_F(creator, is_followed_as_a_clone)
{
	int i, event, pidfd, status;
	bool is_traced;
	pid_t pid, creator;

	for (i = 0; i < 2; i++) {
		event = variant->event[i];
		is_traced = event || variant->flags & CLONE_PTRACE;
		creator = start_creator(variant->flags | ar_both[i], &self->gate,
					self->report[1], self->order);
		ASSERT_LT(0, creator);
		ASSERT_EQ(0, ptrace(PTRACE_SEIZE, creator, NULL, variant->options));
		ar_tell(self->order[1], 0);
		if (event) {
			ASSERT_EQ(AR_EVENT_STOP(event), ar_next_stop(creator));
			pid = event_pid(creator);
			ASSERT_EQ(0, ptrace(PTRACE_CONT, creator, NULL, NULL));
		} else {
			pid = ar_hear(self->report[0]);
		}
		pidfd = ar_pidfd_open(pid, 0);
		ASSERT_LE(0, pidfd);
		if (is_traced) {
			ASSERT_EQ(AR_EVENT_STOP(PTRACE_EVENT_STOP), ar_next_stop(pid));
			ASSERT_EQ(0, ptrace(PTRACE_CONT, pid, NULL, NULL));
		}

		ASSERT_EQ(0, ar_gate_open(&self->gate));
		if (is_traced) {
			EXPECT_EQ(POLLIN, ar_poll_exited(pidfd));
			EXPECT_EQ('Z', ar_state(pid));
			EXPECT_EQ(AR_NO_STATUS, ar_status(pidfd));
			EXPECT_EQ(pid, waitpid(pid, &status, __WALL));
			EXPECT_EQ(AR_EXITED(AR_CHILD_CODE), status);
		}
		if (event == PTRACE_EVENT_VFORK) {
			EXPECT_EQ(AR_EVENT_STOP(PTRACE_EVENT_VFORK_DONE), ar_next_stop(creator));
			EXPECT_EQ(pid, event_pid(creator));
			ASSERT_EQ(0, ptrace(PTRACE_CONT, creator, NULL, NULL));
		}
		if (event)
			EXPECT_EQ(pid, ar_hear(self->report[0]));
		EXPECT_EQ(ar_both[i] ? POLLHUP : POLLIN,
			  ar_both[i] ? ar_poll_gone(pidfd) : ar_poll_exited(pidfd));
		ar_tell(self->order[1], 0);
		EXPECT_EQ(creator, waitpid(creator, &status, 0));
		EXPECT_EQ(AR_EXITED(ar_both[i] ? 0 : AR_GOT_CHILD | AR_GOT_SIGCHLD), status);
		EXPECT_EQ(AR_EXITED(AR_CHILD_CODE), ar_status(pidfd));
	}
}

/* A tracer, itself a child that reaps itself, ends without a wait for its tracee. */
FIXTURE(left)
{
	struct ar_gate gate;
	struct ar_gate release;
	int report[2];
};

FIXTURE_VARIANT(left)
{
	bool zombie;
	bool killed;
	long options;
	int status;
};

FIXTURE_VARIANT_ADD(left, alive) { false, false, 0, AR_EXITED(AR_CHILD_CODE) };
FIXTURE_VARIANT_ADD(left, alive_by_killed_tracer) { false, true, 0, AR_EXITED(AR_CHILD_CODE) };
FIXTURE_VARIANT_ADD(left, exitkill) { false, false, PTRACE_O_EXITKILL, SIGKILL };
FIXTURE_VARIANT_ADD(left, exitkill_by_killed_tracer) {
	false, true, PTRACE_O_EXITKILL, SIGKILL
};

FIXTURE_VARIANT_ADD(left, zombie) { true, false, 0, AR_EXITED(AR_CHILD_CODE) };
FIXTURE_VARIANT_ADD(left, zombie_by_killed_tracer) { true, true, 0, AR_EXITED(AR_CHILD_CODE) };
FIXTURE_VARIANT_ADD(left, zombie_exitkill) {
	true, false, PTRACE_O_EXITKILL, AR_EXITED(AR_CHILD_CODE)
};

FIXTURE_SETUP(left)
{
	if (ar_set_up(_metadata, &self->gate, self->report))
		ASSERT_EQ(0, pipe(self->release.fd));
}

FIXTURE_TEARDOWN(left)
{
}

/* When the tracer dies, a child lives on as it was before, or its zombie is reaped. */
TEST_F(left, is_reaped_once_its_tracer_is_dead)
{
	int i, status, pidfd = -1, tracer_fd = -1;
	pid_t pid, tracer;

	for (i = 0; i < 2; i++) {
		pid = ar_start_tracee(ar_both[i], &pidfd, &self->gate, self->report[1]);
		ASSERT_LT(0, pid);
		ASSERT_EQ(pid, ar_hear(self->report[0]));
		tracer = ar_fork(CLONE_AUTOREAP, 0, &tracer_fd);
		ASSERT_LE(0, tracer);
		if (!tracer) {
			close(self->gate.fd[1]);
			ar_tell(self->report[1], ptrace(PTRACE_SEIZE, pid, NULL,
							variant->options) ? errno : 0);
			ar_gate_pass(&self->release);
			_exit(0);
		}
		ASSERT_EQ(0, ar_hear(self->report[0]));

		if (variant->zombie) {
			ASSERT_EQ(0, ar_gate_open(&self->gate));
			ASSERT_EQ(POLLIN, ar_poll_exited(pidfd));
			EXPECT_EQ('Z', ar_state(pid));
			EXPECT_EQ(0, waitpid(pid, NULL, WNOHANG | __WALL));
		}
		ASSERT_EQ(0, variant->killed ? kill(tracer, SIGKILL) :
					       ar_gate_open(&self->release));
		ASSERT_EQ(POLLHUP, ar_poll_gone(tracer_fd));
		if (!variant->zombie && !variant->options) {
			EXPECT_EQ(0, ar_poll(pidfd));
			EXPECT_EQ(0, waitpid(pid, NULL, WNOHANG | __WALL));
			ASSERT_EQ(0, ar_gate_open(&self->gate));
		}

		if (ar_both[i]) {
			ASSERT_TRUE(ar_ended(pidfd));
			EXPECT_EQ(variant->status, ar_status(pidfd));
			ar_expect_reaped(_metadata, pid, pidfd);
		} else if (variant->status == SIGKILL) {
			EXPECT_EQ(pid, waitpid(pid, &status, 0));
			EXPECT_EQ(SIGKILL, status);
			EXPECT_EQ(1, ar_take_sigchld());
		} else {
			ar_expect_zombie(_metadata, pid);
		}
	}
}

/* Wait until @tid sleeps in the system call @nr. */
static void await_sleep_in(pid_t tid, long nr)
{
	char path[32], buf[32];
	ssize_t len;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/syscall", tid);
	do {
		sched_yield();
		fd = open(path, O_RDONLY | O_CLOEXEC);
		len = read(fd, buf, sizeof(buf) - 1);
		buf[len < 0 ? 0 : len] = '\0';
		close(fd);
	} while (atol(buf) != nr);
}

struct thread_args {
	struct ar_gate *gate;
	pid_t pid;
	int pidfd;
	bool found;
};

static int trace_while_parent_sleeps(void *arg)
{
	struct thread_args *args = arg;

	args->found = !ptrace(PTRACE_SEIZE, args->pid, NULL, NULL);
	await_sleep_in(getpid(), __NR_waitid);
	args->found &= !ar_gate_open(args->gate) && ar_poll_exited(args->pidfd) == POLLIN;
	args->found &= ar_state(args->pid) == 'Z';
	return syscall(__NR_exit, 0);
}

/* With __WNOTHREAD the parent sleeps until its other thread, the tracer, has ended. */
TEST_F(autoreap, wakes_its_parent_when_the_tracer_thread_ends)
{
	struct thread_args args = { .gate = &self->gate, .pidfd = -1 };
	siginfo_t info;

	args.pid = ar_start(CLONE_AUTOREAP, &args.pidfd, &self->gate, AR_CHILD_CODE);
	ASSERT_LT(0, args.pid);
	ASSERT_LT(0, ar_start_thread(trace_while_parent_sleeps, &args, NULL));
	EXPECT_EQ(-1, syscall(__NR_waitid, P_PID, args.pid, &info,
			      WEXITED | __WALL | __WNOTHREAD, NULL));
	EXPECT_EQ(ECHILD, errno);
	EXPECT_TRUE(args.found);
	ar_expect_reaped(_metadata, args.pid, args.pidfd);
}

/* A child that traces @other; the first of two is told later who that is. */
static pid_t start_partner(__u64 flags, int *pidfd, pid_t other, int report,
			   const int order[2])
{
	pid_t pid = ar_fork(flags, flags & CLONE_AUTOREAP ? 0 : SIGCHLD, pidfd);

	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY, 0, 0, 0);
	if (!other) {
		ar_tell(report, 0);
		other = ar_hear(order[0]);
	}
	ar_tell(report, ptrace(PTRACE_SEIZE, other, NULL, NULL) ? errno : 0);
	for (;;)
		pause();
}

/* Two that trace each other end as the zombie of nobody, if both are killed. */
TEST_F_TIMEOUT(autoreap, is_reaped_if_killed_with_its_tracer, AR_LONG_RUN)
{
	int i, j, found, order[2], pidfd[2] = { -1, -1 }, rounds = ar_rounds() / 10 + 1;
	pid_t pid[2] = {};
	__u64 flags;

	ASSERT_EQ(0, pipe(order));
	for (i = 0; i <= rounds; i++) {
		flags = i < rounds ? CLONE_AUTOREAP : 0;
		for (j = 0; j < 2; j++) {
			pid[j] = start_partner(flags, &pidfd[j], j ? pid[0] : 0,
					       self->report[1], order);
			ASSERT_LT(0, pid[j]);
			ASSERT_EQ(0, ar_hear(self->report[0]));
		}
		ar_tell(order[1], pid[1]);
		ASSERT_EQ(0, ar_hear(self->report[0]));

		ASSERT_EQ(0, kill(pid[i % 2], SIGKILL));
		ASSERT_EQ(0, kill(pid[!(i % 2)], SIGKILL));
		for (found = 0; waitpid(-1, NULL, __WALL) > 0; found++)
			;
		EXPECT_EQ(ECHILD, errno);
		EXPECT_EQ(flags ? 0 : 2, found);
		EXPECT_EQ(!flags, ar_take_sigchld());
		for (j = 0; j < 2; j++) {
			EXPECT_EQ(POLLHUP, ar_poll_gone(pidfd[j]));
			EXPECT_EQ(SIGKILL, ar_status(pidfd[j]));
			close(pidfd[j]);
		}
	}
}

/* Trace @pid, stop it and let go of it, over and over, until it has ended. */
static void come_and_go(pid_t pid, int report)
{
	bool told = false;
	int status;

	while (!ptrace(PTRACE_SEIZE, pid, NULL, NULL)) {
		ptrace(PTRACE_INTERRUPT, pid, NULL, NULL);
		if (waitpid(pid, &status, __WALL) != pid)
			_exit(255);
		if (!WIFSTOPPED(status))
			_exit(status == AR_EXITED(AR_CHILD_CODE) ? 0 : 255);
		ptrace(PTRACE_DETACH, pid, NULL, NULL);
		if (!told)
			ar_tell(report, 0);
		told = true;
	}
	_exit(told && (errno == EPERM || errno == ESRCH) ? 0 : 255);
}

/* Whether a tracer was in time or not, the child is reaped once it has let go. */
TEST_F_TIMEOUT(autoreap, is_reaped_if_it_exits_while_tracers_come_and_go, AR_LONG_RUN)
{
	int i, pidfd = -1, tracer_fd = -1, rounds = ar_rounds() / 10 + 1;
	pid_t pid, tracer;
	__u64 flags;

	for (i = 0; i <= rounds; i++) {
		flags = i < rounds ? CLONE_AUTOREAP : 0;
		pid = ar_start_tracee(flags, &pidfd, &self->gate, self->report[1]);
		ASSERT_LT(0, pid);
		ASSERT_EQ(pid, ar_hear(self->report[0]));
		tracer = ar_fork(CLONE_AUTOREAP, 0, &tracer_fd);
		ASSERT_LE(0, tracer);
		if (!tracer) {
			close(self->gate.fd[1]);
			come_and_go(pid, self->report[1]);
		}
		ASSERT_EQ(0, ar_hear(self->report[0]));
		ASSERT_EQ(0, ar_gate_open(&self->gate));
		if (flags)
			ar_expect_reaped(_metadata, pid, pidfd);
		else
			ar_expect_zombie(_metadata, pid);
		EXPECT_EQ(POLLHUP, ar_poll_gone(tracer_fd));
		EXPECT_EQ(AR_EXITED(0), ar_status(tracer_fd));
		close(tracer_fd);
	}
}

static void run_init(__u64 flags, const struct ar_gate *gate)
{
	ar_gate_pass(gate);
	if (!ar_fork(flags, flags & CLONE_AUTOREAP ? 0 : SIGCHLD, NULL)) {
		for (;;)
			pause();
	}
	ar_gate_pass(gate);
	_exit(AR_CHILD_CODE);
}

/* A traced init ends when the tracer has let go of all in its pid namespace. */
TEST_F(autoreap, traced_init_ends_after_its_traced_namespace)
{
	int i, status, pidfd;
	pid_t pid, member, parent;

	for (i = 0; i < 2; i++) {
		parent = fork();
		ASSERT_LE(0, parent);
		if (!parent) {
			close(self->gate.fd[1]);
			pid = ar_fork_init(ar_both[i], NULL);
			if (!pid)
				run_init(ar_both[i], &self->gate);
			ar_tell(self->report[1], pid);
			_exit(ar_wait_and_report(pid));
		}
		pid = ar_hear(self->report[0]);
		ASSERT_LT(0, pid);
		pidfd = ar_pidfd_open(pid, 0);
		ASSERT_LE(0, pidfd);
		ASSERT_EQ(0, ptrace(PTRACE_SEIZE, pid, NULL, FOLLOW_ALL));
		ASSERT_EQ(0, ar_gate_open(&self->gate));
		ASSERT_EQ(AR_EVENT_STOP(ar_both[i] ? PTRACE_EVENT_CLONE : PTRACE_EVENT_FORK),
			  ar_next_stop(pid));
		member = event_pid(pid);
		ASSERT_EQ(AR_EVENT_STOP(PTRACE_EVENT_STOP), ar_next_stop(member));
		ASSERT_EQ(0, ptrace(PTRACE_CONT, member, NULL, NULL));
		ASSERT_EQ(0, ptrace(PTRACE_CONT, pid, NULL, NULL));

		ASSERT_EQ(0, ar_gate_open(&self->gate));
		ASSERT_EQ(0, waitid(P_PID, member, NULL, WEXITED | WNOWAIT | __WALL));
		EXPECT_EQ(0, ar_poll(pidfd));
		EXPECT_EQ(0, waitpid(pid, NULL, WNOHANG | __WALL));
		EXPECT_EQ(member, waitpid(member, &status, __WALL));
		EXPECT_EQ(SIGKILL, status);
		EXPECT_EQ(POLLIN, ar_poll_exited(pidfd));
		EXPECT_EQ(pid, waitpid(pid, &status, __WALL));
		EXPECT_EQ(AR_EXITED(AR_CHILD_CODE), status);
		EXPECT_EQ(POLLHUP, ar_poll_gone(pidfd));
		EXPECT_EQ(parent, waitpid(parent, &status, 0));
		EXPECT_EQ(AR_EXITED(ar_both[i] ? 0 : AR_GOT_CHILD | AR_GOT_SIGCHLD), status);
	}
}

TEST_HARNESS_MAIN
