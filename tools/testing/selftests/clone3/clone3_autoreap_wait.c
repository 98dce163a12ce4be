// SPDX-License-Identifier: GPL-2.0
/*
 * CLONE_AUTOREAP and the wait calls: there is never a child to be found, only the
 * news that there is none any more.
 *
 * KSFT_ROUNDS sets how often a wait and an exit race.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <sys/prctl.h>

#include "../kselftest_harness.h"
#include "clone3_autoreap.h"
#include "clone3_autoreap_info.h"
#include "clone3_autoreap_ring.h"

#ifndef PIDFD_NONBLOCK
#define PIDFD_NONBLOCK O_NONBLOCK
#endif

/* Open the gate as soon as the caller sleeps. The helper leaves no trace. */
static pid_t open_when_asleep(const struct ar_gate *gate)
{
	pid_t pid = ar_fork_when_asleep(CLONE_AUTOREAP, NULL);

	if (pid)
		return pid;
	_exit(ar_gate_open(gate));
}

/* Forget what is left of a plain child that has exited. */
static void clear(pid_t pid, int pidfd)
{
	waitpid(pid, NULL, WNOHANG | __WALL);
	ar_take_sigchld();
	close(pidfd);
}

/* Fire and forget: the child is gone as soon as it ends, and signals nobody. */
TEST_F(autoreap, leaves_no_zombie_and_sends_no_signal)
{
	int pidfd = -1;
	pid_t pid;

	pid = ar_start(CLONE_AUTOREAP, &pidfd, &self->gate, AR_CHILD_CODE);
	ASSERT_LT(0, pid);
	ASSERT_LE(0, pidfd);
	EXPECT_EQ(0, ar_poll(pidfd));
	ASSERT_EQ(0, ar_gate_open(&self->gate));
	ar_expect_reaped(_metadata, pid, pidfd);

	pid = ar_start(0, NULL, &self->gate, AR_CHILD_CODE);
	ASSERT_LT(0, pid);
	ASSERT_EQ(0, ar_gate_open(&self->gate));
	ar_expect_zombie(_metadata, pid);
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
			_exit(AR_CHILD_CODE);
	}
	EXPECT_EQ(-1, waitpid(-1, NULL, __WALL));
	EXPECT_EQ(ECHILD, errno);
	EXPECT_EQ(0, ar_take_sigchld());
}

/* wait4(2) in the manner of waitid(2). */
static int by_wait4(idtype_t type, id_t id, siginfo_t *info, int options)
{
	pid_t pid = type == P_ALL ? -1 : type == P_PGID ? -(pid_t)id : (pid_t)id;

	pid = waitpid(pid, NULL, options & ~WEXITED);
	if (pid < 0)
		return -1;
	info->si_pid = pid;
	return 0;
}

static struct ar_ring ring;

/* io_uring's wait in the manner of waitid(2). */
static int by_io_uring(idtype_t type, id_t id, siginfo_t *info, int options)
{
	struct io_uring_sqe sqe = {
		.opcode = AR_OP_WAITID, .len = type, .fd = id,
		.addr2 = ar_ptr(info), .file_index = options,
	};
	int result = ar_ring_call(&ring, sqe);

	/* Of nobody, io_uring of 6.18 tells what an earlier call has found. */
	if (!info->si_signo)
		info->si_pid = 0;
	errno = -result;
	return result ? -1 : 0;
}

/* A way to wait for a child. */
struct way {
	int (*waitid)(idtype_t type, id_t id, siginfo_t *info, int options);
	idtype_t type;
	int options;
};

FIXTURE(way)
{
	struct ar_gate gate;
};

FIXTURE_VARIANT(way)
{
	struct way way;
};

FIXTURE_VARIANT_ADD(way, wait4_any) { { by_wait4, P_ALL, 0 } };
FIXTURE_VARIANT_ADD(way, wait4_pid) { { by_wait4, P_PID, 0 } };
FIXTURE_VARIANT_ADD(way, wait4_group) { { by_wait4, P_PGID, 0 } };
FIXTURE_VARIANT_ADD(way, waitid_any) { { waitid, P_ALL, 0 } };
FIXTURE_VARIANT_ADD(way, waitid_pid) { { waitid, P_PID, WSTOPPED | WCONTINUED } };
FIXTURE_VARIANT_ADD(way, waitid_group) { { waitid, P_PGID, 0 } };
FIXTURE_VARIANT_ADD(way, waitid_pidfd) { { waitid, P_PIDFD, 0 } };
FIXTURE_VARIANT_ADD(way, waitid_pidfd_nowait) { { waitid, P_PIDFD, WNOWAIT } };
FIXTURE_VARIANT_ADD(way, waitid_any_nothread) { { waitid, P_ALL, WNOWAIT | __WNOTHREAD } };
FIXTURE_VARIANT_ADD(way, io_uring_any) { { by_io_uring, P_ALL, 0 } };
FIXTURE_VARIANT_ADD(way, io_uring_pidfd) { { by_io_uring, P_PIDFD, WNOWAIT } };

FIXTURE_SETUP(way)
{
	siginfo_t nobody = {};

	if (!ar_set_up(_metadata, &self->gate, NULL))
		return;
	if (variant->way.waitid == by_io_uring && ar_ring_open(&ring))
		SKIP(return, "needs io_uring: %s", strerror(errno));
	if (variant->way.waitid == by_io_uring &&
	    by_io_uring(P_ALL, 0, &nobody, WEXITED | WNOHANG) && errno == EINVAL)
		SKIP(return, "io_uring of this kernel does not wait, as 6.7 and later");
}

FIXTURE_TEARDOWN(way)
{
}

/* Whom a wait finds, 0 if there is nobody yet, or -errno. */
static pid_t wait_by(const struct way *way, pid_t pid, int pidfd, int options)
{
	const id_t ids[] = { [P_PID] = pid, [P_PGID] = getpgrp(), [P_PIDFD] = pidfd };
	siginfo_t info = {};

	options |= way->options | WEXITED;
	return way->waitid(way->type, ids[way->type], &info, options) ? -errno : info.si_pid;
}

/* With no exit signal it is a "clone child", after exec it is one like any other. */
static const struct {
	int options;
	bool sees[2];
} views[] = {
	{ 0, { false, true } },
	{ __WALL, { true, true } },
	{ __WCLONE, { true, false } },
};

/* Until it calls exec, the child is waited for only with __WALL or __WCLONE. */
TEST_F(way, is_waited_for_only_with_wall)
{
	int i, exec, pidfd = -1;
	unsigned int j;
	pid_t pid;

	for (i = 0; i < 2 * 2; i++) {
		exec = i / 2;
		pid = ar_start_silent(ar_both[i % 2], exec, &pidfd, &self->gate);
		ASSERT_LT(0, pid);
		for (j = 0; j < ARRAY_SIZE(views); j++) {
			EXPECT_EQ(views[j].sees[exec] ? 0 : -ECHILD,
				  wait_by(&variant->way, pid, pidfd,
					  WNOHANG | views[j].options))
				TH_LOG("exec: %d, options: %x", exec, views[j].options);
		}
		ASSERT_EQ(0, ar_gate_open(&self->gate));
		ASSERT_TRUE(ar_exited(pidfd));
		EXPECT_EQ(i % 2 ? pid : -ECHILD, wait_by(&variant->way, pid, pidfd, __WALL));
		clear(pid, pidfd);
	}
}

/* Its end wakes a parent that sleeps in wait, to tell it that there is no child. */
TEST_F(way, wakes_a_sleeping_waiter)
{
	int i, exec, pidfd = -1;
	unsigned int j;
	pid_t pid;

	for (i = 0; i < 2 * 2; i++) {
		exec = i / 2;
		for (j = 0; j < ARRAY_SIZE(views); j++) {
			if (!views[j].sees[exec])
				continue;
			pid = ar_start_silent(ar_both[i % 2], exec, &pidfd, &self->gate);
			ASSERT_LT(0, pid);
			ASSERT_LT(0, open_when_asleep(&self->gate));
			EXPECT_EQ(i % 2 ? pid : -ECHILD,
				  wait_by(&variant->way, pid, pidfd, views[j].options))
				TH_LOG("exec: %d, options: %x", exec, views[j].options);
			EXPECT_TRUE(ar_poll(pidfd) & POLLIN);
			clear(pid, pidfd);
		}
	}
}

/* How many of @rounds children a wait finds that does not sleep, but is repeated. */
static int catch(const struct way *way, __u64 flags, int rounds)
{
	int caught = 0, pidfd = -1;
	pid_t pid, found;

	for (; rounds; rounds--) {
		pid = ar_fork(flags, 0, &pidfd);
		if (pid < 0)
			return -1;
		if (!pid)
			_exit(AR_CHILD_CODE);
		do {
			found = wait_by(way, pid, pidfd, WNOHANG | __WALL);
		} while (!found);
		caught += found != -ECHILD;
		clear(pid, pidfd);
	}
	return caught;
}

/* However often one asks, there is no moment in which the exit can be seen. */
TEST_F_TIMEOUT(way, is_never_caught_in_its_exit, AR_LONG_RUN)
{
	EXPECT_EQ(0, catch(&variant->way, CLONE_AUTOREAP, 1 + ar_rounds() / 10));
	EXPECT_EQ(1, catch(&variant->way, 0, 1));
}

/* With another child left, its end does not end a wait. */
TEST_F(autoreap, lets_a_waiter_sleep_for_another_child)
{
	static const int options[] = { __WALL, __WCLONE };
	pid_t pid, other, parent = getpid();
	int i, pidfd = -1;

	for (i = 0; i < 2 * 2; i++) {
		pid = ar_start_silent(ar_both[i % 2], false, &pidfd, &self->gate);
		ASSERT_LT(0, pid);
		other = ar_fork_when_asleep(0, NULL);
		ASSERT_LE(0, other);
		if (!other) {
			if (ar_gate_open(&self->gate) || ar_poll_gone(pidfd) != POLLHUP)
				_exit(255);
			ar_await_state(parent, 'S');
			_exit(AR_CHILD_CODE);
		}
		if (i % 2)
			EXPECT_EQ(pid, waitpid(-1, NULL, options[i / 2]));
		EXPECT_EQ(other, waitpid(-1, NULL, options[i / 2]));
		EXPECT_EQ(-1, waitpid(-1, NULL, options[i / 2]));
		EXPECT_EQ(ECHILD, errno);
		EXPECT_EQ(POLLIN | POLLHUP, ar_poll(pidfd));
		close(pidfd);
	}
}

/* A pidfd that does not block: EAGAIN while there is a child to wait for. */
TEST_F(autoreap, is_waited_for_by_a_nonblocking_pidfd)
{
	const struct way way = { waitid, P_PIDFD, 0 };
	int i, exec, fd, pidfd = -1;
	unsigned int j;
	pid_t pid;

	for (i = 0; i < 2 * 2; i++) {
		exec = i / 2;
		pid = ar_start_silent(ar_both[i % 2], exec, &pidfd, &self->gate);
		ASSERT_LT(0, pid);
		fd = ar_pidfd_open(pid, PIDFD_NONBLOCK);
		ASSERT_LE(0, fd);
		for (j = 0; j < ARRAY_SIZE(views); j++) {
			EXPECT_EQ(views[j].sees[exec] ? -EAGAIN : -ECHILD,
				  wait_by(&way, pid, fd, views[j].options))
				TH_LOG("exec: %d, options: %x", exec, views[j].options);
		}
		ASSERT_EQ(0, ar_gate_open(&self->gate));
		ASSERT_TRUE(ar_exited(fd));
		EXPECT_EQ(i % 2 ? pid : -ECHILD, wait_by(&way, pid, fd, __WALL));
		close(fd);
		clear(pid, pidfd);
	}
}

/* Only the parent can wait for it, and a pidfd makes nobody a parent. */
TEST_F(autoreap, is_waited_for_only_by_its_parent)
{
	const struct way way = { waitid, P_PIDFD, WNOHANG | WNOWAIT };
	int i, j, status = -1, pidfd = -1;
	pid_t pid, sibling;

	for (i = 0; i < 2; i++) {
		pid = ar_start(ar_both[i], &pidfd, &self->gate, AR_CHILD_CODE);
		ASSERT_LT(0, pid);
		for (j = 0; j < 2; j++) {
			sibling = ar_fork(0, 0, NULL);
			ASSERT_LE(0, sibling);
			if (!sibling)
				_exit(-wait_by(&way, pid, pidfd, __WALL));
			ASSERT_EQ(sibling, waitpid(sibling, &status, __WCLONE));
			EXPECT_EQ(AR_EXITED(ECHILD), status);
			if (j)
				break;
			EXPECT_EQ(0, wait_by(&way, pid, pidfd, __WALL));
			ASSERT_EQ(0, ar_gate_open(&self->gate));
			ASSERT_TRUE(ar_exited(pidfd));
		}
		EXPECT_EQ(i ? pid : -ECHILD, wait_by(&way, pid, pidfd, __WALL));
		clear(pid, pidfd);
	}
}

struct waiter {
	pid_t pid;
	int options;
	int report;
	pid_t found;
};

static void *wait_in_thread(void *arg)
{
	const struct way way = { waitid, P_PID, WNOWAIT };
	struct waiter *waiter = arg;

	ar_tell(waiter->report, syscall(__NR_gettid));
	waiter->found = wait_by(&way, waiter->pid, -1, waiter->options);
	return NULL;
}

/* All threads of the parent are woken, but for __WNOTHREAD it is that of one only. */
TEST_F(autoreap, wakes_every_thread_that_waits)
{
	struct waiter waiter[4];
	int i, j, pidfd = -1;
	pthread_t thread[4];
	pid_t pid;

	for (i = 0; i < 2; i++) {
		pid = ar_start_silent(ar_both[i], false, &pidfd, &self->gate);
		ASSERT_LT(0, pid);
		for (j = 0; j < 4; j++) {
			waiter[j] = (struct waiter){
				.pid = pid, .options = j % 2 ? __WCLONE : __WALL,
				.report = self->report[1],
			};
		}
		waiter[0].options |= __WNOTHREAD;
		ASSERT_EQ(0, pthread_create(&thread[0], NULL, wait_in_thread, &waiter[0]));
		ASSERT_EQ(0, pthread_join(thread[0], NULL));
		EXPECT_EQ(-ECHILD, waiter[0].found);
		ASSERT_LT(0, ar_hear(self->report[0]));

		for (j = 1; j < 4; j++) {
			ASSERT_EQ(0, pthread_create(&thread[j], NULL, wait_in_thread,
						    &waiter[j]));
			ar_await_state(ar_hear(self->report[0]), 'S');
		}
		ASSERT_LT(0, open_when_asleep(&self->gate));
		/* This thread has made the child. */
		wait_in_thread(&waiter[0]);
		for (j = 0; j < 4; j++) {
			if (j)
				ASSERT_EQ(0, pthread_join(thread[j], NULL));
			EXPECT_EQ(i ? pid : -ECHILD, waiter[j].found);
		}
		ASSERT_LT(0, ar_hear(self->report[0]));
		clear(pid, pidfd);
	}
}

/* Let a child at the gate call exec and then exit, once the caller sleeps. */
static pid_t open_before_and_after_exec(const struct ar_gate *gate, pid_t child)
{
	pid_t pid = ar_fork_when_asleep(CLONE_AUTOREAP, NULL);
	struct ar_stat st = {};

	if (pid)
		return pid;
	if (ar_gate_open(gate))
		_exit(255);
	while (!ar_stat(child, &st) && st.exit_signal != SIGCHLD)
		sched_yield();
	_exit(ar_gate_open(gate));
}

/* exec wakes nobody: who sleeps in wait for it, in vain or not, does so up to its end. */
TEST_F(autoreap, does_not_wake_a_waiter_by_exec)
{
	static const int options[] = { __WALL, __WCLONE };
	const struct way way = { waitid, P_PID, WNOWAIT };
	int i, pidfd = -1;
	pid_t pid;

	for (i = 0; i < 2 * 2; i++) {
		pid = ar_fork(ar_both[i % 2], 0, &pidfd);
		ASSERT_LE(0, pid);
		if (!pid) {
			ar_gate_pass(&self->gate);
			ar_exec_self("child", &self->gate, 0);
		}
		ASSERT_LT(0, open_before_and_after_exec(&self->gate, pid));
		EXPECT_EQ(i == 1 ? pid : -ECHILD, wait_by(&way, pid, pidfd, options[i / 2]));
		EXPECT_TRUE(ar_poll(pidfd) & POLLIN);
		if (i % 2) {
			ar_expect_zombie(_metadata, pid);
			close(pidfd);
		} else {
			ASSERT_TRUE(ar_ended(pidfd));
			EXPECT_EQ(AR_EXITED(AR_CHILD_CODE), ar_status(pidfd));
			ar_expect_reaped(_metadata, pid, pidfd);
		}
	}
}

int main(int argc, char **argv)
{
	return ar_is_exec_role(argc, argv) ? ar_exec_role(argv) : test_harness_run(argc, argv);
}
