// SPDX-License-Identifier: GPL-2.0
/*
 * CLONE_AUTOREAP and ptrace: a tracer keeps its zombie and its status. The child
 * reaps itself when the tracer lets go of it. Tracers that follow clone3(), and
 * those that die, are in clone3_autoreap_ptrace_event.c.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>

#include "../kselftest_harness.h"
#include "clone3_autoreap.h"
#include "clone3_autoreap_info.h"

/* A child that a thread of its parent traces, and what the parent agreed to. */
FIXTURE(thread_traced)
{
	struct ar_gate gate;
	struct ar_tracer tracer;
	int report[2];
};

FIXTURE_VARIANT(thread_traced)
{
	__u64 flags;
	void (*sigchld)(int sig);
	bool reaped;
	/* Sent to the tracer: blocked, and so there even if ignored. */
	int signals;
};

FIXTURE_VARIANT_ADD(thread_traced, autoreap) { CLONE_AUTOREAP, SIG_DFL, true, 0 };
FIXTURE_VARIANT_ADD(thread_traced, plain) { 0, SIG_DFL, false, 1 };
FIXTURE_VARIANT_ADD(thread_traced, sigchld_ignored) { 0, SIG_IGN, true, 1 };

FIXTURE_SETUP(thread_traced)
{
	if (!ar_set_up(_metadata, &self->gate, self->report))
		return;
	ASSERT_EQ(0, pipe(self->tracer.release));
	self->tracer.report = self->report[1];
	ASSERT_TRUE(signal(SIGCHLD, variant->sigchld) != SIG_ERR);
}

FIXTURE_TEARDOWN(thread_traced)
{
}

/*
 * A tracer keeps its zombie. If it is a thread of the parent and ends without a
 * wait, nobody notifies the parent again: the child is reaped at the detach, as is
 * that of a parent who ignores SIGCHLD.
 */
TEST_F(thread_traced, is_reaped_when_tracer_thread_of_parent_ends)
{
	int pidfd = -1;
	pthread_t thread;
	pid_t pid, tid;

	pid = ar_start(variant->flags, &pidfd, &self->gate, AR_CHILD_CODE);
	ASSERT_LT(0, pid);
	self->tracer.pid = pid;
	ASSERT_EQ(0, pthread_create(&thread, NULL, ar_trace, &self->tracer));
	ASSERT_EQ(0, ar_hear(self->report[0]));
	tid = ar_hear(self->report[0]);
	ASSERT_LT(0, tid);
	ASSERT_EQ(0, ar_gate_open(&self->gate));
	EXPECT_EQ(POLLIN, ar_poll_exited(pidfd));
	EXPECT_EQ('Z', ar_state(pid));
	ar_tell(self->tracer.release[1], 0);
	ar_await_thread(getpid(), tid);
	ASSERT_EQ(0, pthread_join(thread, NULL));
	if (variant->reaped) {
		EXPECT_EQ(variant->signals, ar_take_sigchld());
		ar_expect_reaped(_metadata, pid, pidfd);
	} else {
		ar_expect_zombie(_metadata, pid);
	}
}

/* How a parent comes to trace its own child. */
enum own { SEIZED, SEIZED_AFTER_EXEC, SEIZED_BY_THREAD, TRACEME };

FIXTURE(own)
{
	struct ar_gate gate;
	struct ar_tracer tracer;
	int report[2];
};

FIXTURE_VARIANT(own)
{
	enum own how;
};

FIXTURE_VARIANT_ADD(own, seized) { SEIZED };
FIXTURE_VARIANT_ADD(own, seized_after_exec) { SEIZED_AFTER_EXEC };
FIXTURE_VARIANT_ADD(own, seized_by_thread) { SEIZED_BY_THREAD };
FIXTURE_VARIANT_ADD(own, traceme) { TRACEME };

FIXTURE_SETUP(own)
{
	if (!ar_set_up(_metadata, &self->gate, self->report))
		return;
	ASSERT_EQ(0, pipe2(self->tracer.release, O_CLOEXEC));
	self->tracer.report = self->report[1];
}

FIXTURE_TEARDOWN(own)
{
}

static pid_t start_own(__u64 flags, enum own how, int *pidfd, struct ar_gate *gate)
{
	pid_t pid;

	if (how == SEIZED_AFTER_EXEC)
		return ar_start_exec(flags, pidfd, gate);
	if (how != TRACEME)
		return ar_start(flags, pidfd, gate, AR_CHILD_CODE);
	pid = ar_fork(flags, flags & CLONE_AUTOREAP ? 0 : SIGCHLD, pidfd);
	if (pid)
		return pid;
	if (ptrace(PTRACE_TRACEME, 0, NULL, NULL))
		_exit(255);
	ar_gate_pass(gate);
	_exit(AR_CHILD_CODE);
}

/* Page faults of the children that the caller has waited for. */
static long faults_of_children(void)
{
	struct rusage usage;

	return getrusage(RUSAGE_CHILDREN, &usage) ? -1 : usage.ru_minflt;
}

/*
 * A parent that traces its child has an ordinary zombie: any thread can wait for it,
 * even without __WALL, and its resources count. There is no signal, though, unless
 * exec has changed the exit signal.
 */
TEST_F(own, leaves_its_zombie_to_a_parent_that_traces_it)
{
	int i, status, pidfd = -1;
	pthread_t thread;
	long before;
	pid_t pid;

	for (i = 0; i < 2; i++) {
		pid = start_own(ar_both[i], variant->how, &pidfd, &self->gate);
		ASSERT_LT(0, pid);
		self->tracer.pid = pid;
		if (variant->how == SEIZED_BY_THREAD) {
			ASSERT_EQ(0, pthread_create(&thread, NULL, ar_trace, &self->tracer));
			ASSERT_EQ(0, ar_hear(self->report[0]));
			ASSERT_LT(0, ar_hear(self->report[0]));
		} else if (variant->how != TRACEME) {
			ASSERT_EQ(0, ptrace(PTRACE_SEIZE, pid, NULL, NULL));
		}
		before = faults_of_children();

		ASSERT_EQ(0, ar_gate_open(&self->gate));
		EXPECT_EQ(POLLIN, ar_poll_exited(pidfd));
		EXPECT_EQ(0, waitid(P_PIDFD, pidfd, NULL, WEXITED | WNOWAIT));
		EXPECT_EQ('Z', ar_state(pid));
		EXPECT_EQ(AR_NO_STATUS, ar_status(pidfd));
		EXPECT_EQ(!ar_both[i] || variant->how == SEIZED_AFTER_EXEC, ar_take_sigchld());
		EXPECT_EQ(before, faults_of_children());
		EXPECT_EQ(pid, waitpid(pid, &status, 0));
		EXPECT_EQ(AR_EXITED(AR_CHILD_CODE), status);
		EXPECT_LT(before, faults_of_children());
		EXPECT_EQ(AR_EXITED(AR_CHILD_CODE), ar_status(pidfd));
		if (variant->how == SEIZED_BY_THREAD) {
			ar_tell(self->tracer.release[1], 0);
			ASSERT_EQ(0, pthread_join(thread, NULL));
		}
	}
}

/* A child that asks to be traced when it has been adopted is the zombie of its adopter. */
TEST_F(autoreap, can_ask_its_adopter_to_trace_it)
{
	int i, status;
	pid_t pid, parent;

	ASSERT_EQ(0, prctl(PR_SET_CHILD_SUBREAPER, 1));
	for (i = 0; i < 2; i++) {
		parent = fork();
		ASSERT_LE(0, parent);
		if (!parent) {
			pid = ar_fork(ar_both[i], ar_both[i] ? 0 : SIGCHLD, NULL);
			if (!pid) {
				ar_gate_pass(&self->gate);
				_exit(ptrace(PTRACE_TRACEME, 0, NULL, NULL) ? 255 :
									      AR_CHILD_CODE);
			}
			ar_tell(self->report[1], pid);
			_exit(0);
		}
		pid = ar_hear(self->report[0]);
		ASSERT_LT(0, pid);
		ASSERT_EQ(parent, waitpid(parent, &status, 0));
		ASSERT_EQ(1, ar_take_sigchld());
		ASSERT_EQ(0, ar_gate_open(&self->gate));
		ar_expect_zombie(_metadata, pid);
	}
}

/* What the parent in a family is asked for; the first order is to make its child. */
enum order { SINGLE, THREADED, PEEK, TAKE_SIGCHLD, FINISH };

/* A child and its parent. The caller is the grandparent, whom Yama allows to trace. */
struct family {
	struct ar_gate gate;
	/* The second thread's: two threads at one gate could pass it in any order. */
	struct ar_gate last;
	int report[2];
	int order[2];
	pid_t parent;
	pid_t pid;
	pid_t tid;
	int pidfd;
};

FIXTURE(family)
{
	struct family f;
};

FIXTURE_VARIANT(family)
{
	__u64 flags;
};

FIXTURE_VARIANT_ADD(family, autoreap) { CLONE_AUTOREAP };
FIXTURE_VARIANT_ADD(family, plain) { 0 };

static void run_child(struct family *f, bool threaded)
{
	ar_tell(f->report[1], getpid());
	if (threaded)
		ar_tell(f->report[1], ar_start_thread(ar_gated_last_thread, &f->last, NULL));
	ar_gate_pass(&f->gate);
	syscall(__NR_exit, threaded ? 255 : AR_CHILD_CODE);
}

static void run_parent(struct family *f, __u64 flags)
{
	int order;
	pid_t pid;

	/* If the caller dies, the gate opens and there are no more orders. */
	close(f->gate.fd[1]);
	close(f->last.fd[1]);
	close(f->order[1]);
	order = ar_hear(f->order[0]);
	pid = ar_fork(flags, flags & CLONE_AUTOREAP ? 0 : SIGCHLD, NULL);
	if (!pid)
		run_child(f, order == THREADED);
	for (;;) {
		order = ar_hear(f->order[0]);
		if (order == PEEK)
			ar_tell(f->report[1], waitpid(pid, NULL, WNOHANG | __WALL));
		else if (order == TAKE_SIGCHLD)
			ar_tell(f->report[1], ar_take_sigchld());
		else
			_exit(ar_wait_and_report(pid));
	}
}

FIXTURE_SETUP(family)
{
	if (!ar_set_up(_metadata, &self->f.gate, self->f.report))
		return;
	ASSERT_EQ(0, pipe(self->f.last.fd));
	ASSERT_EQ(0, pipe(self->f.order));
	self->f.parent = fork();
	ASSERT_LE(0, self->f.parent);
	if (!self->f.parent)
		run_parent(&self->f, variant->flags);
}

FIXTURE_TEARDOWN(family)
{
}

static int ask_parent(struct family *f, enum order order)
{
	ar_tell(f->order[1], order);
	return ar_hear(f->report[0]);
}

static void make_child(struct __test_metadata *const _metadata, struct family *f,
		       enum order kind)
{
	f->pid = ask_parent(f, kind);
	ASSERT_LT(0, f->pid);
	f->tid = kind == THREADED ? ar_hear(f->report[0]) : f->pid;
	ASSERT_LT(0, f->tid);
	f->pidfd = ar_pidfd_open(f->pid, 0);
	ASSERT_LE(0, f->pidfd);
}

/*
 * The tracer has let go of a child that was let go as well: it is gone before its
 * parent waits, who finds nothing, or it is a zombie of the parent.
 */
static void expect_left_to_parent(struct __test_metadata *const _metadata,
				  struct family *f, __u64 flags)
{
	int status;

	EXPECT_EQ(flags ? POLLHUP : POLLIN,
		  flags ? ar_poll_gone(f->pidfd) : ar_poll_exited(f->pidfd));
	EXPECT_EQ(flags ? 0 : 'Z', ar_state(f->pid));
	EXPECT_EQ(flags ? AR_EXITED(AR_CHILD_CODE) : AR_NO_STATUS, ar_status(f->pidfd));
	ar_tell(f->order[1], FINISH);
	EXPECT_EQ(f->parent, waitpid(f->parent, &status, 0));
	EXPECT_EQ(AR_EXITED(flags ? 0 : AR_GOT_CHILD | AR_GOT_SIGCHLD), status);
	EXPECT_EQ(AR_EXITED(AR_CHILD_CODE), ar_status(f->pidfd));
}

/* A tracer has the status by wait; only then the child is reaped, and wakes its parent. */
TEST_F(family, gives_its_status_to_a_foreign_tracer)
{
	struct family *f = &self->f;
	int status;

	make_child(_metadata, f, SINGLE);
	ASSERT_EQ(0, ptrace(PTRACE_SEIZE, f->pid, NULL, NULL));
	/* The parent may sleep in its wait long before the child ends. */
	ar_tell(f->order[1], FINISH);
	ASSERT_EQ(0, ar_gate_open(&f->gate));
	ASSERT_EQ(POLLIN, ar_poll_exited(f->pidfd));
	ASSERT_EQ(0, waitid(P_PID, f->pid, NULL, WEXITED | WNOWAIT | __WALL));
	EXPECT_EQ('Z', ar_state(f->pid));
	EXPECT_EQ(1, ar_take_sigchld());
	EXPECT_EQ(f->pid, waitpid(f->pid, &status, __WALL));
	EXPECT_EQ(AR_EXITED(AR_CHILD_CODE), status);
	EXPECT_EQ(POLLHUP, ar_poll_gone(f->pidfd));
	EXPECT_EQ(0, ar_state(f->pid));
	EXPECT_EQ(f->parent, waitpid(f->parent, &status, 0));
	EXPECT_EQ(AR_EXITED(variant->flags ? 0 : AR_GOT_CHILD | AR_GOT_SIGCHLD), status);
}

/*
 * The zombie is the tracer's until it waits, whatever it does before. The parent can
 * look at it as little as at a child that runs.
 */
TEST_F(family, is_kept_from_its_parent_while_traced)
{
	struct family *f = &self->f;
	siginfo_t info;
	int i, status;

	make_child(_metadata, f, SINGLE);
	ASSERT_EQ(0, ptrace(PTRACE_SEIZE, f->pid, NULL, NULL));
	EXPECT_EQ(0, ask_parent(f, PEEK));
	ASSERT_EQ(0, ar_gate_open(&f->gate));
	ASSERT_EQ(POLLIN, ar_poll_exited(f->pidfd));
	for (i = 0; i < 3; i++) {
		EXPECT_EQ(0, ask_parent(f, PEEK));
		ASSERT_EQ(0, waitid(P_PID, f->pid, &info, WEXITED | WNOWAIT));
		EXPECT_EQ(CLD_EXITED, info.si_code);
		EXPECT_EQ(AR_CHILD_CODE, info.si_status);
		EXPECT_EQ(-1, ptrace(PTRACE_DETACH, f->pid, NULL, NULL));
		EXPECT_EQ(ESRCH, errno);
		EXPECT_EQ(-1, ptrace(PTRACE_SEIZE, f->pid, NULL, NULL));
		EXPECT_EQ(EPERM, errno);
		EXPECT_EQ('Z', ar_state(f->pid));
		EXPECT_EQ(POLLIN, ar_poll(f->pidfd));
		EXPECT_EQ(AR_NO_STATUS, ar_status(f->pidfd));
	}
	EXPECT_EQ(0, ask_parent(f, TAKE_SIGCHLD));
	EXPECT_EQ(f->pid, waitpid(f->pid, &status, 0));
	EXPECT_EQ(AR_EXITED(AR_CHILD_CODE), status);
	expect_left_to_parent(_metadata, f, variant->flags);
}

/* A child that has been traced for a while is what it was before. */
TEST_F(family, is_the_same_after_detach)
{
	struct family *f = &self->f;
	int i;

	make_child(_metadata, f, SINGLE);
	for (i = 0; i < 3; i++) {
		ASSERT_EQ(0, ptrace(PTRACE_SEIZE, f->pid, NULL, NULL));
		ASSERT_EQ(0, ptrace(PTRACE_INTERRUPT, f->pid, NULL, NULL));
		ASSERT_EQ(AR_EVENT_STOP(PTRACE_EVENT_STOP), ar_next_stop(f->pid));
		ASSERT_EQ(0, ptrace(PTRACE_DETACH, f->pid, NULL, NULL));
		EXPECT_EQ(0, ask_parent(f, PEEK));
		EXPECT_EQ(-1, waitpid(f->pid, NULL, __WALL));
		EXPECT_EQ(ECHILD, errno);
	}
	ASSERT_EQ(0, ar_gate_open(&f->gate));
	expect_left_to_parent(_metadata, f, variant->flags);
}

/* Traced, it stops as any process does, and its parent hears of the group stop. */
TEST_F(family, stops_for_its_tracer)
{
	struct family *f = &self->f;
	unsigned long message = 0;
	int status;
	pid_t pid;

	make_child(_metadata, f, SINGLE);
	pid = f->pid;
	ASSERT_EQ(0, ptrace(PTRACE_SEIZE, pid, NULL, PTRACE_O_TRACEEXIT));
	EXPECT_EQ(0, ask_parent(f, TAKE_SIGCHLD));
	ASSERT_EQ(0, kill(pid, SIGSTOP));
	EXPECT_EQ(SIGSTOP, ar_next_stop(pid));
	ASSERT_EQ(0, ptrace(PTRACE_CONT, pid, NULL, SIGSTOP));
	EXPECT_EQ(SIGSTOP | PTRACE_EVENT_STOP << 8, ar_next_stop(pid));
	ASSERT_EQ(0, ptrace(PTRACE_LISTEN, pid, NULL, NULL));
	EXPECT_EQ(1, ask_parent(f, TAKE_SIGCHLD));
	ASSERT_EQ(0, kill(pid, SIGCONT));
	EXPECT_EQ(AR_EVENT_STOP(PTRACE_EVENT_STOP), ar_next_stop(pid));
	ASSERT_EQ(0, ptrace(PTRACE_CONT, pid, NULL, NULL));
	EXPECT_EQ(SIGCONT, ar_next_stop(pid));
	ASSERT_EQ(0, ptrace(PTRACE_CONT, pid, NULL, SIGCONT));

	ASSERT_EQ(0, ar_gate_open(&f->gate));
	EXPECT_EQ(AR_EVENT_STOP(PTRACE_EVENT_EXIT), ar_next_stop(pid));
	ASSERT_EQ(0, ptrace(PTRACE_GETEVENTMSG, pid, NULL, &message));
	EXPECT_EQ(AR_EXITED(AR_CHILD_CODE), message);
	EXPECT_EQ(0, ar_poll(f->pidfd));
	EXPECT_EQ(AR_NO_STATUS, ar_status(f->pidfd));
	EXPECT_EQ(1, ask_parent(f, TAKE_SIGCHLD));
	ASSERT_EQ(0, ptrace(PTRACE_CONT, pid, NULL, NULL));
	EXPECT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(AR_EXITED(AR_CHILD_CODE), status);
	expect_left_to_parent(_metadata, f, variant->flags);
}

/* A tracer that has let go when the exit had begun gets no zombie. */
TEST_F(family, can_be_detached_while_it_exits)
{
	struct family *f = &self->f;

	make_child(_metadata, f, SINGLE);
	ASSERT_EQ(0, ptrace(PTRACE_SEIZE, f->pid, NULL, PTRACE_O_TRACEEXIT));
	ASSERT_EQ(0, ar_gate_open(&f->gate));
	EXPECT_EQ(AR_EVENT_STOP(PTRACE_EVENT_EXIT), ar_next_stop(f->pid));
	ASSERT_EQ(0, ptrace(PTRACE_DETACH, f->pid, NULL, NULL));
	EXPECT_EQ(-1, waitpid(f->pid, NULL, __WALL));
	EXPECT_EQ(ECHILD, errno);
	expect_left_to_parent(_metadata, f, variant->flags);
}

/* A traced first thread is the zombie of its tracer when the last one ends the process. */
TEST_F(family, last_thread_wakes_the_tracer_of_the_first)
{
	struct family *f = &self->f;
	int status;

	make_child(_metadata, f, THREADED);
	ASSERT_EQ(0, ptrace(PTRACE_SEIZE, f->pid, NULL, NULL));
	ASSERT_EQ(0, ar_gate_open(&f->gate));
	ar_await_state(f->pid, 'Z');
	EXPECT_EQ(0, ar_poll(f->pidfd));
	EXPECT_EQ(0, waitpid(f->pid, NULL, WNOHANG | __WALL));
	EXPECT_EQ(1, ar_take_sigchld());
	ASSERT_EQ(0, ar_gate_open(&f->last));
	/* Most often this sleeps by the time that the thread ends. */
	EXPECT_EQ(0, waitid(P_PID, f->pid, NULL, WEXITED | WNOWAIT | __WALL));
	/* The end of the process has the child's own exit signal. */
	EXPECT_EQ(!variant->flags, ar_take_sigchld());
	EXPECT_EQ(POLLIN, ar_poll(f->pidfd));
	EXPECT_EQ(AR_NO_STATUS, ar_status(f->pidfd));
	EXPECT_EQ(0, ask_parent(f, PEEK));
	EXPECT_EQ(f->pid, waitpid(f->pid, &status, __WALL));
	EXPECT_EQ(AR_EXITED(AR_CHILD_CODE), status);
	expect_left_to_parent(_metadata, f, variant->flags);
}

/* A thread that is the zombie of a tracer keeps the process from its end. */
TEST_F(family, ends_when_the_tracer_of_its_last_thread_lets_go)
{
	struct family *f = &self->f;
	int status, thread_fd;

	make_child(_metadata, f, THREADED);
	thread_fd = ar_pidfd_open(f->tid, PIDFD_THREAD);
	ASSERT_TRUE(thread_fd >= 0 || !ar_thread_pidfds());
	ASSERT_EQ(0, ptrace(PTRACE_SEIZE, f->tid, NULL, NULL));
	ASSERT_EQ(0, ar_gate_open(&f->gate));
	ar_await_state(f->pid, 'Z');
	ASSERT_EQ(0, ar_gate_open(&f->last));
	ASSERT_EQ(0, waitid(P_PID, f->tid, NULL, WEXITED | WNOWAIT | __WALL));
	EXPECT_TRUE(thread_fd < 0 || ar_poll(thread_fd) == POLLIN);
	EXPECT_EQ(0, ar_poll(f->pidfd));
	EXPECT_EQ(AR_NO_STATUS, ar_status(f->pidfd));
	EXPECT_EQ(0, ask_parent(f, PEEK));
	EXPECT_EQ(f->tid, waitpid(f->tid, &status, __WALL));
	EXPECT_EQ(AR_EXITED(AR_CHILD_CODE), status);
	EXPECT_EQ(variant->flags ? POLLIN | POLLHUP : POLLIN, ar_poll(f->pidfd));
	expect_left_to_parent(_metadata, f, variant->flags);
}

int main(int argc, char **argv)
{
	return ar_is_exec_role(argc, argv) ? ar_exec_role(argv) : test_harness_run(argc, argv);
}
