// SPDX-License-Identifier: GPL-2.0
/*
 * The exit status of a process that reaps itself, against the clock: once its
 * exit has been reported, in whatever way, PIDFD_GET_INFO has the status.
 *
 * KSFT_ROUNDS sets how often each race is run.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/select.h>

#include "../kselftest_harness.h"
#include "clone3_autoreap.h"
#include "clone3_autoreap_info.h"
#include "clone3_autoreap_ring.h"

/* Each way to learn of an exit, followed at once by the question for the status. */
static int by_poll(int pidfd, pid_t pid)
{
	(void)pid;
	return ar_exited(pidfd) ? ar_status(pidfd) : -errno;
}

/* This one takes no lock, so it sees the exit the earliest. */
static int by_spinning(int pidfd, pid_t pid)
{
	(void)pid;
	while (!ar_poll(pidfd))
		;
	return ar_status(pidfd);
}

static int by_select(int pidfd, pid_t pid)
{
	fd_set set;

	(void)pid;
	FD_ZERO(&set);
	FD_SET(pidfd, &set);
	return select(pidfd + 1, &set, NULL, NULL, NULL) == 1 ? ar_status(pidfd) : -1;
}

static int by_epoll_with(int pidfd, __u32 events)
{
	struct epoll_event event = { .events = events };
	int status = -1, fd = epoll_create1(EPOLL_CLOEXEC);

	if (!epoll_ctl(fd, EPOLL_CTL_ADD, pidfd, &event) && epoll_wait(fd, &event, 1, -1) == 1)
		status = ar_status(pidfd);
	close(fd);
	return status;
}

static int by_epoll(int pidfd, pid_t pid)
{
	(void)pid;
	return by_epoll_with(pidfd, EPOLLIN);
}

static int by_epoll_edge(int pidfd, pid_t pid)
{
	(void)pid;
	return by_epoll_with(pidfd, EPOLLIN | EPOLLET);
}

static struct ar_ring ring;

static int by_io_uring(int pidfd, pid_t pid)
{
	int events = ar_ring_call(&ring, ar_ring_poll(pidfd));

	(void)pid;
	return events > 0 && events & POLLIN ? ar_status(pidfd) : -1;
}

/* No poll at all: a wait fails because the child is no more. */
static int by_wait(int pidfd, pid_t pid)
{
	return waitpid(pid, NULL, __WALL) == -1 && errno == ECHILD ? ar_status(pidfd) : -1;
}

static void *poll_thread(void *pidfd)
{
	return (void *)(long)by_poll(*(int *)pidfd, 0);
}

/* Several threads share the pidfd; all have to find the status, and the same. */
static int by_threads(int pidfd, pid_t pid)
{
	pthread_t thread[3];
	unsigned int i;
	void *status;
	int first;

	for (i = 0; i < ARRAY_SIZE(thread); i++) {
		if (pthread_create(&thread[i], NULL, poll_thread, &pidfd))
			return -1;
	}
	first = by_poll(pidfd, pid);
	for (i = 0; i < ARRAY_SIZE(thread); i++) {
		if (pthread_join(thread[i], &status) || (long)status != first)
			first = AR_NO_STATUS;
	}
	return first;
}

/* Who reaps: the flag, or a parent that does not want to know of its children. */
enum reaper { FLAG, SIG_IGNORED, NOCLDWAIT };

static const struct sigaction sigchld[] = {
	[FLAG] = { .sa_handler = SIG_DFL },
	[SIG_IGNORED] = { .sa_handler = SIG_IGN },
	[NOCLDWAIT] = { .sa_handler = SIG_DFL, .sa_flags = SA_NOCLDWAIT },
};

FIXTURE(told)
{
};

FIXTURE_VARIANT(told)
{
	int (*learn)(int pidfd, pid_t pid);
	enum reaper reaper;
	bool leader_first;
};

FIXTURE_VARIANT_ADD(told, by_poll) { by_poll, FLAG, false };
FIXTURE_VARIANT_ADD(told, by_spinning) { by_spinning, FLAG, false };
FIXTURE_VARIANT_ADD(told, by_select) { by_select, FLAG, false };
FIXTURE_VARIANT_ADD(told, by_epoll) { by_epoll, FLAG, false };
FIXTURE_VARIANT_ADD(told, by_epoll_edge) { by_epoll_edge, FLAG, false };
FIXTURE_VARIANT_ADD(told, by_io_uring) { by_io_uring, FLAG, false };
FIXTURE_VARIANT_ADD(told, by_wait) { by_wait, FLAG, false };
FIXTURE_VARIANT_ADD(told, by_threads) { by_threads, FLAG, false };
FIXTURE_VARIANT_ADD(told, by_poll_leader_first) { by_poll, FLAG, true };
FIXTURE_VARIANT_ADD(told, by_spinning_leader_first) { by_spinning, FLAG, true };
FIXTURE_VARIANT_ADD(told, by_io_uring_leader_first) { by_io_uring, FLAG, true };
FIXTURE_VARIANT_ADD(told, by_poll_sigchld_ignored) { by_poll, SIG_IGNORED, false };
FIXTURE_VARIANT_ADD(told, by_wait_sigchld_ignored) { by_wait, SIG_IGNORED, false };
FIXTURE_VARIANT_ADD(told, by_poll_nocldwait) { by_poll, NOCLDWAIT, false };
FIXTURE_VARIANT_ADD(told, by_spinning_nocldwait) { by_spinning, NOCLDWAIT, false };

FIXTURE_SETUP(told)
{
	if (!ar_require(_metadata))
		return;
	if (variant->learn == by_io_uring && ar_ring_open(&ring))
		SKIP(return, "needs io_uring: %s", strerror(errno));
	ASSERT_EQ(0, ar_block_sigchld());
	ASSERT_EQ(0, sigaction(SIGCHLD, &sigchld[variant->reaper], NULL));
}

FIXTURE_TEARDOWN(told)
{
}

static int exit_after_leader(void *arg)
{
	ar_await_state(getpid(), 'Z');
	return syscall(__NR_exit_group, *(int *)arg);
}

/* Start a child that exits with @code, which the last of its threads decides. */
static pid_t start_exiting(__u64 flags, int *pidfd, int code, bool leader_first)
{
	pid_t pid = ar_fork(flags, flags & CLONE_AUTOREAP ? 0 : SIGCHLD, pidfd);

	if (pid)
		return pid;
	if (leader_first && ar_start_thread(exit_after_leader, &code, NULL) > 0)
		syscall(__NR_exit, 255);
	_exit(code);
}

/* The promise: whoever is told of the exit finds the status, the first time. */
TEST_F_TIMEOUT(told, finds_the_status_at_once, AR_LONG_RUN)
{
	__u64 flags = variant->reaper == FLAG ? CLONE_AUTOREAP : 0;
	int i, code, status = 0, missed = 0, wrong = 0, pidfd = -1;
	pid_t pid;

	for (i = 0; i < ar_rounds(); i++) {
		code = i % 255;
		pid = start_exiting(flags, &pidfd, code, variant->leader_first);
		ASSERT_LT(0, pid);
		status = variant->learn(pidfd, pid);
		if (status == AR_NO_STATUS || status == -ESRCH)
			missed++;
		else if (status != AR_EXITED(code))
			wrong++;
		close(pidfd);
	}
	EXPECT_EQ(0, missed)
		TH_LOG("missed %d of %d", missed, ar_rounds());
	EXPECT_EQ(0, wrong)
		TH_LOG("wrong %d of %d, the last was %d", wrong, ar_rounds(), status);
}

/* Whatever happens meanwhile, an answer is about one task: alive, or with its status. */
TEST_F_TIMEOUT(autoreap, answer_is_never_half, AR_LONG_RUN)
{
	int i, error, pidfd = -1, half = 0;
	struct ar_info info;
	pid_t pid;

	for (i = 0; i < ar_rounds(); i++) {
		pid = start_exiting(CLONE_AUTOREAP, &pidfd, AR_CHILD_CODE, false);
		ASSERT_LT(0, pid);
		do {
			error = ar_info(pidfd, i % 2 ? PIDFD_INFO_EXIT : 0, &info);
			if (error) {
				half += error != ESRCH || i % 2;
				break;
			}
			if (info.mask & PIDFD_INFO_PID)
				half += (pid_t)info.tgid != pid || (pid_t)info.pid != pid ||
					!(info.mask & PIDFD_INFO_CREDS);
			else
				half += !(info.mask & PIDFD_INFO_EXIT);
			if (info.mask & PIDFD_INFO_EXIT)
				half += info.exit_code != AR_EXITED(AR_CHILD_CODE);
		} while (info.mask & PIDFD_INFO_PID);
		close(pidfd);
	}
	EXPECT_EQ(0, half);
}

/* Call exec from a second thread, which takes over the number of the first. */
static int exec_again(void *arg)
{
	char **argv = arg;
	struct ar_gate gate = { .fd = { atoi(argv[2]), atoi(argv[3]) } };

	ar_exec_self("again", &gate, atoi(argv[4]) - 1);
	return 255;
}

static int again(char **argv)
{
	struct ar_gate gate = { .fd = { atoi(argv[2]), atoi(argv[3]) } };

	if (!atoi(argv[4]))
		ar_gate_open(&gate);
	else if (ar_start_thread(exec_again, argv, NULL) < 0)
		return 255;
	for (;;)
		pause();
}

/*
 * A child that opens the gate when a second thread has often called exec. It shares
 * the caller's processor: a kernel that can be preempted stops the caller wherever it
 * is, and exec replaces the leader meanwhile.
 */
static pid_t start_again(int *pidfd, struct ar_gate *gate)
{
	int cpu = sched_getcpu();
	cpu_set_t here;
	pid_t pid;

	CPU_ZERO(&here);
	CPU_SET(cpu, &here);
	if (cpu < 0 || sched_setaffinity(0, sizeof(here), &here))
		return -1;
	pid = ar_fork(CLONE_AUTOREAP, 0, pidfd);
	if (!pid)
		ar_exec_self("again", gate, ar_rounds() * 2);
	return pid;
}

/*
 * The leader that exec from another thread replaces is no end of the process, nor of
 * its first thread.
 */
TEST_F_TIMEOUT(autoreap, exec_of_a_thread_is_no_exit, AR_LONG_RUN)
{
	/* Each call looks many times, and the last time at the gate. */
	struct pollfd pfd[101];
	int i, early[2] = {}, pidfd[2] = { -1 }, gate = ARRAY_SIZE(pfd) - 1;
	struct ar_ring poller[2];
	pid_t pid;

	pid = start_again(&pidfd[0], &self->gate);
	ASSERT_LT(0, pid);
	pidfd[1] = ar_pidfd_open(pid, ar_thread_pidfds() ? PIDFD_THREAD : 0);
	ASSERT_LE(0, pidfd[1]);
	/*
	 * io_uring does not look again when it is woken: what wakes it is its answer.
	 * Some kernels lack it, or keep it from everybody.
	 */
	for (i = 0; i < 2; i++) {
		ASSERT_TRUE(!ar_ring_open(&poller[i]) || errno == ENOSYS || errno == EPERM);
		ASSERT_TRUE(poller[i].fd < 0 ||
			    !ar_ring_submit(&poller[i], ar_ring_poll(pidfd[i]), 0));
	}
	for (i = 0; i <= gate; i++) {
		pfd[i].fd = i < gate ? pidfd[i % 2] : self->gate.fd[0];
		pfd[i].events = POLLIN;
	}
	do {
		ASSERT_LE(0, poll(pfd, gate + 1, 0));
		for (i = 0; i < gate; i++)
			early[i % 2] += !!pfd[i].revents;
	} while (!pfd[gate].revents && early[0] + early[1] < 1000);
	EXPECT_EQ(0, early[0]);
	EXPECT_EQ(0, early[1]);
	EXPECT_FALSE(poller[0].fd >= 0 && ar_ring_ready(&poller[0]));
	EXPECT_FALSE(poller[1].fd >= 0 && ar_ring_ready(&poller[1]));
	EXPECT_EQ(AR_NO_STATUS, ar_status(pidfd[0]));
	ASSERT_EQ(0, kill(pid, SIGKILL));
	EXPECT_TRUE(ar_exited(pidfd[0]));
	EXPECT_EQ(SIGKILL, ar_status(pidfd[0]));
	EXPECT_TRUE(poller[0].fd < 0 || ar_ring_result(&poller[0]) & POLLIN);
	EXPECT_TRUE(poller[1].fd < 0 || ar_ring_result(&poller[1]) & POLLIN);
}

/* While a thread calls exec, the pid that it takes over is that of one task. */
TEST_F_TIMEOUT(autoreap, exec_of_a_thread_keeps_the_ids, AR_LONG_RUN)
{
	struct pollfd pfd = { .fd = self->gate.fd[0], .events = POLLIN };
	int wrong = 0, pidfd = -1;
	struct ar_info info;
	pid_t pid;

	pid = start_again(&pidfd, &self->gate);
	ASSERT_LT(0, pid);
	while (!pfd.revents && wrong < 1000) {
		ASSERT_EQ(0, ar_info(pidfd, 0, &info));
		wrong += (pid_t)info.pid != pid || (pid_t)info.tgid != pid;
		ASSERT_LE(0, poll(&pfd, 1, 0));
	}
	EXPECT_EQ(0, wrong);
	ASSERT_EQ(0, kill(pid, SIGKILL));
	EXPECT_TRUE(ar_exited(pidfd));
}

int main(int argc, char **argv)
{
	return ar_is_exec_role(argc, argv) ? again(argv) : test_harness_run(argc, argv);
}
