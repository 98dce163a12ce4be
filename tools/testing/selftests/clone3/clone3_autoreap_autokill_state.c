// SPDX-License-Identifier: GPL-2.0
/*
 * CLONE_PIDFD_AUTOKILL: what the child does when it is killed, who else is told, and
 * races with clone3() and with exec.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <sys/ptrace.h>

#include "../kselftest_harness.h"
#include "clone3_autoreap.h"
#include "clone3_autoreap_info.h"
#include "clone3_autoreap_autokill.h"

/* What a child does that is killed: returns in the caller, when the child does it. */

static void stop(struct ar_leash *leash)
{
	if (ar_leash_start(leash, AR_AUTOKILL) || kill(leash->pid, SIGSTOP))
		abort();
	ar_await_state(leash->pid, 'T');
}

static int wait_at_gate(void *gate)
{
	ar_gate_pass(gate);
	_exit(AR_CHILD_CODE);
}

/* The grandchild ends when the gate's owner is gone. */
static void wait_for_vfork(struct ar_leash *leash)
{
	static char stack[16384];

	leash->pid = ar_fork(AR_AUTOKILL, 0, &leash->pidfd);
	if (!leash->pid) {
		clone(wait_at_gate, stack + sizeof(stack), CLONE_VM | CLONE_VFORK, &leash->gate);
		_exit(AR_CHILD_CODE);
	}
	ar_await_state(leash->pid, 'D');
}

static void lose_first_thread(struct ar_leash *leash)
{
	leash->pid = ar_start_leaderless(AR_AUTOKILL, &leash->pidfd, &leash->gate);
	ar_await_state(leash->pid, 'Z');
}

static int exec_thread(void *leash)
{
	ar_exec_self("child", &((struct ar_leash *)leash)->gate, 0);
	return 255;
}

/* Another thread takes over the number of the first, and with it what the pidfd means. */
static void exec_in_thread(struct ar_leash *leash)
{
	int ready[2];
	char byte;

	if (pipe2(ready, O_CLOEXEC))
		abort();
	leash->pid = ar_fork(AR_AUTOKILL, 0, &leash->pidfd);
	if (!leash->pid) {
		ar_start_thread(exec_thread, leash, NULL);
		for (;;)
			pause();
	}
	close(ready[1]);
	if (leash->pid < 0 || read(ready[0], &byte, 1))
		abort();
	close(ready[0]);
}

static void be_init(struct ar_leash *leash)
{
	ar_leash_start(leash, AR_AUTOKILL | CLONE_NEWUSER | CLONE_NEWPID);
}

/* Who has made the child ends, and leaves the pidfd to the caller. */
static void lose_parent(struct ar_leash *leash)
{
	struct ar_clone_args args = { .flags = CLONE_FILES, .exit_signal = SIGCHLD };
	int told[2];
	pid_t pid;

	if (pipe(told))
		abort();
	pid = ar_clone3(&args, sizeof(args));
	if (!pid) {
		leash->pid = ar_fork(AR_AUTOKILL, 0, &leash->pidfd);
		if (!leash->pid)
			ar_leash_serve(leash);
		ar_tell(told[1], leash->pid);
		ar_tell(told[1], leash->pidfd);
		_exit(0);
	}
	if (pid < 0)
		abort();
	leash->pid = ar_hear(told[0]);
	leash->pidfd = ar_hear(told[0]);
	if (ar_exit_code(pid))
		abort();
}

static void (* const states[])(struct ar_leash *leash) = {
	stop, wait_for_vfork, lose_first_thread, exec_in_thread, be_init, lose_parent,
};

/* Whatever the child does, it is killed. */
TEST_F(autokill, whatever_the_child_does)
{
	struct ar_leash *leash = &self->leash;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(states); i++) {
		states[i](leash);
		if (leash->pid < 0 && states[i] == be_init)
			continue;
		ASSERT_LT(0, leash->pid);
		leash->watch = ar_pidfd_open(leash->pid, 0);
		EXPECT_EQ(0, ar_poll(leash->watch));
		ASSERT_EQ(0, close(leash->pidfd));
		EXPECT_TRUE(ar_leash_was_killed(leash)) {
			TH_LOG("the child was in state %u", i);
		}
		close(leash->watch);
	}
}

/* A tracer still gets its zombie, and the status. */
TEST_F(autokill, a_tracer_is_told)
{
	struct ar_leash *leash = &self->leash;
	int status;

	ASSERT_EQ(0, ar_leash_start(leash, AR_AUTOKILL));
	ASSERT_EQ(0, ptrace(PTRACE_SEIZE, leash->pid, 0, 0));
	ASSERT_EQ(0, ptrace(PTRACE_INTERRUPT, leash->pid, 0, 0));
	ASSERT_EQ(AR_EVENT_STOP(PTRACE_EVENT_STOP), ar_next_stop(leash->pid));
	ASSERT_EQ(0, close(leash->pidfd));
	EXPECT_EQ(leash->pid, waitpid(leash->pid, &status, __WALL));
	EXPECT_EQ(SIGKILL, status);
	EXPECT_TRUE(ar_leash_was_killed(leash));
}

/*
 * A child that shares the table of files kills itself: its close() does not return. So does
 * an init, which no signal from within its pid namespace kills otherwise.
 */
static void hold_itself(struct __test_metadata *_metadata, struct ar_leash *leash, __u64 flags)
{
	struct ar_clone_args args = { .exit_signal = SIGCHLD };
	pid_t pid;

	/* Its creator ends, and the table goes on to be the child's. */
	pid = ar_clone3(&args, sizeof(args));
	ASSERT_LE(0, pid);
	if (!pid) {
		/* The number is written to the memory of the creator alone. */
		int fd = ar_next_fd();

		leash->pid = ar_fork(AR_AUTOKILL | CLONE_FILES | flags, 0, &leash->pidfd);
		if (!leash->pid) {
			ar_hear(leash->gate.fd[0]);
			ar_tell(leash->report[1], AR_CHILD_CODE);
			ar_hear(leash->gate.fd[0]);
			close(fd);
			_exit(AR_CHILD_CODE);
		}
		ar_tell(leash->report[1], leash->pid);
		_exit(0);
	}
	leash->pid = ar_hear(leash->report[0]);
	ASSERT_EQ(pid, waitpid(pid, NULL, 0));
	if (leash->pid < 0 && flags)
		SKIP(return, "no pid namespace");
	leash->watch = ar_pidfd_open(leash->pid, 0);
	ASSERT_LE(0, leash->watch);
	ar_tell(leash->gate.fd[1], 0);
	ASSERT_EQ(AR_CHILD_CODE, ar_hear(leash->report[0]));
	ar_tell(leash->gate.fd[1], 0);
	EXPECT_TRUE(ar_leash_was_killed(leash));
}

TEST_F(autokill, a_child_may_hold_itself)
{
	hold_itself(_metadata, &self->leash, 0);
}

TEST_F(autokill, an_init_may_hold_itself)
{
	hold_itself(_metadata, &self->leash, CLONE_NEWUSER | CLONE_NEWPID);
}

/* Two that hold each other's pidfd live on, and end together. */
TEST_F(autokill, two_that_hold_each_other)
{
	struct ar_leash *leash = &self->leash, second;
	int sock[2];

	ASSERT_EQ(0, ar_leash_prepare(&second));
	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_DGRAM, 0, sock));
	leash->pid = ar_fork(AR_AUTOKILL, 0, &leash->pidfd);
	ASSERT_LE(0, leash->pid);
	if (!leash->pid) {
		/* Whatever comes stays in the table of files. */
		if (ar_receive_file(sock[0], SCM_RIGHTS, 0) < 0)
			_exit(255);
		ar_leash_serve(leash);
	}
	leash->watch = ar_pidfd_open(leash->pid, 0);
	/* The second has a copy of the first one's pidfd from fork on. */
	ASSERT_EQ(0, ar_leash_start(&second, AR_AUTOKILL));
	ASSERT_EQ(0, close(leash->pidfd));
	ASSERT_EQ(0, ar_send_files(sock[1], &second.pidfd, 1));
	ASSERT_TRUE(ar_leash_lives(leash));
	ASSERT_EQ(0, close(second.pidfd));
	ASSERT_TRUE(ar_leash_lives(&second));
	ASSERT_TRUE(ar_leash_lives(leash));
	ASSERT_EQ(0, kill(second.pid, SIGKILL));
	EXPECT_TRUE(ar_leash_was_killed(&second));
	EXPECT_TRUE(ar_leash_was_killed(leash));
}

/* Who closes needs no permission: the child may have changed its user since. */
TEST_F(autokill, needs_no_permission)
{
	struct ar_leash *leash = &self->leash;
	int status, go[2];
	pid_t pid;

	if (!ar_knows(AR_AUTOKILL & ~CLONE_NNP))
		SKIP(return, "needs CAP_SYS_ADMIN");
	leash->pid = ar_fork(AR_AUTOKILL & ~CLONE_NNP, 0, &leash->pidfd);
	ASSERT_LE(0, leash->pid);
	if (!leash->pid) {
		if (setresuid(1, 1, 1))
			_exit(255);
		ar_leash_serve(leash);
	}
	leash->watch = ar_pidfd_open(leash->pid, 0);
	ASSERT_TRUE(ar_leash_lives(leash));
	ASSERT_EQ(0, pipe(go));
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid) {
		if (setresuid(2, 2, 2))
			_exit(255);
		/* Not by a signal, but by the pidfd, which goes with this process. */
		ar_hear(go[0]);
		_exit(kill(leash->pid, SIGKILL) ? errno : 0);
	}
	ASSERT_EQ(0, close(leash->pidfd));
	ASSERT_TRUE(ar_leash_lives(leash));
	ar_tell(go[1], 0);
	EXPECT_TRUE(ar_leash_was_killed(leash));
	EXPECT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(AR_EXITED(EPERM), status);
}

/* A clone3() that fails when the file of the pidfd is there already. */
TEST_F(autokill, a_failure_leaves_nothing)
{
	struct ar_clone_args args = { .flags = AR_AUTOKILL, .pidfd = AR_NOWHERE };
	int fd = ar_next_fd();

	EXPECT_EQ(-1, ar_clone3(&args, sizeof(args)));
	EXPECT_EQ(EFAULT, errno);
	EXPECT_EQ(fd, ar_next_fd());
	EXPECT_EQ(-1, waitpid(-1, NULL, __WALL));
	EXPECT_EQ(ECHILD, errno);
}

static void *close_again_and_again(void *pidfd)
{
	/* Whatever is there is closed, be it from a clone3() that has not returned yet. */
	for (;;)
		close(*(int *)pidfd);
	return NULL;
}

/* The pidfd may be gone before clone3() returns: so the child never runs, or not for long. */
TEST_F_TIMEOUT(autokill, may_be_closed_before_clone3_returns, AR_LONG_RUN)
{
	int i, pidfd, fd = ar_next_fd(), rounds = ar_rounds() * 4;
	pthread_t thread;
	pid_t pid;

	ASSERT_EQ(0, pthread_create(&thread, NULL, close_again_and_again, &fd));
	for (i = 0; i < rounds; i++) {
		pid = ar_fork(AR_AUTOKILL, 0, &pidfd);
		ASSERT_LE(0, pid);
		if (!pid)
			for (;;)
				pause();
		ASSERT_EQ(fd, pidfd);
		/* Nobody else closes it, so this ends when the thread has. */
		while (!kill(pid, 0))
			sched_yield();
	}
}

static int exec_again(void *unused)
{
	(void)unused;
	execl("/proc/thread-self/exe", "clone3_autoreap", "again", NULL);
	_exit(255);
}

/* For ever: a second thread calls exec, and so becomes the first. */
static void change_leaders(void)
{
	ar_start_thread(exec_again, NULL, NULL);
	for (;;)
		pause();
}

/*
 * The signal is not lost to a leader that another thread has just replaced. The moment is
 * short: a kernel that can lose it mostly passes, unless the moment is made longer.
 */
TEST_F_TIMEOUT(autokill, is_not_lost_to_exec, AR_LONG_RUN)
{
	struct ar_leash *leash = &self->leash;
	int i, rounds = ar_rounds() * 4;

	for (i = 0; i < rounds; i++) {
		leash->pid = ar_fork(AR_AUTOKILL, 0, &leash->pidfd);
		ASSERT_LE(0, leash->pid);
		if (!leash->pid)
			exec_again(NULL);
		leash->watch = ar_pidfd_open(leash->pid, 0);
		ASSERT_LE(0, leash->watch);
		usleep(i * 37 % 5000);
		ASSERT_EQ(0, close(leash->pidfd));
		ASSERT_TRUE(ar_leash_was_killed(leash));
		close(leash->watch);
	}
}

int main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "again"))
		change_leaders();
	if (ar_is_exec_role(argc, argv))
		return ar_exec_role(argv);
	return test_harness_run(argc, argv);
}
