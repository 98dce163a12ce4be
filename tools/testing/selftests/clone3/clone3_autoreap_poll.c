// SPDX-License-Identifier: GPL-2.0
/*
 * CLONE_AUTOREAP and what else a pidfd is good for: what it reports while the child
 * ends, and what the calls that take a pidfd or a number say when it is gone.
 */
#define _GNU_SOURCE
#include <sys/epoll.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "../kselftest_harness.h"
#include "clone3_autoreap.h"
#include "clone3_autoreap_info.h"

#ifndef __NR_pidfd_send_signal
#define __NR_pidfd_send_signal 424
#endif

#ifndef __NR_pidfd_getfd
#define __NR_pidfd_getfd 438
#endif

#ifndef __NR_process_mrelease
#define __NR_process_mrelease 448
#endif

/* POLLIN comes first, or POLLHUP with it; then both stay. */
TEST_F(autoreap, reports_exit_and_then_end)
{
	int i, events, pidfd = -1;

	for (i = 0; i < ar_rounds(); i++) {
		ASSERT_LT(0, ar_start(CLONE_AUTOREAP, &pidfd, &self->gate, AR_CHILD_CODE));
		EXPECT_EQ(0, ar_poll(pidfd));
		ASSERT_EQ(0, ar_gate_open(&self->gate));
		while (!(events = ar_poll(pidfd)))
			sched_yield();
		while (events == POLLIN)
			events = ar_poll(pidfd);
		EXPECT_EQ(POLLIN | POLLHUP, events);
		EXPECT_EQ(POLLIN | POLLHUP, ar_poll(pidfd));
		close(pidfd);
	}
}

/* A poll that asks for nothing sleeps over POLLIN, until POLLHUP. */
TEST_F(autoreap, wakes_a_poller_that_asks_for_nothing)
{
	int pidfd = -1;
	pid_t pid;

	pid = ar_fork_when_asleep(CLONE_AUTOREAP, &pidfd);
	ASSERT_LE(0, pid);
	if (!pid)
		_exit(AR_CHILD_CODE);
	EXPECT_EQ(POLLHUP, ar_poll_gone(pidfd));
	EXPECT_EQ(0, ar_state(pid));
}

struct epoll_mode {
	const char *name;
	__u32 flags;
	/* More events than these are a fault. */
	int most;
};

/* epoll may tell of the exit more than once, never less, and the end comes last. */
TEST_F(autoreap, reports_exit_and_end_by_epoll)
{
	static const struct epoll_mode modes[] = {
		{ "level", 0, 1 << 20 },
		{ "edge", EPOLLET, 3 },
		{ "one shot", EPOLLONESHOT, 1 },
	};
	int i, pidfd = -1, fd = epoll_create1(EPOLL_CLOEXEC);
	const struct epoll_mode *mode;
	struct epoll_event event;
	int count;

	for (i = 0; i < ar_rounds() * 3; i++) {
		mode = &modes[i % 3];
		ASSERT_LT(0, ar_start(CLONE_AUTOREAP, &pidfd, &self->gate, AR_CHILD_CODE));
		event = (struct epoll_event){ .events = EPOLLIN | mode->flags };
		ASSERT_EQ(0, epoll_ctl(fd, EPOLL_CTL_ADD, pidfd, &event));
		EXPECT_EQ(0, epoll_wait(fd, &event, 1, 0));
		ASSERT_EQ(0, ar_gate_open(&self->gate));
		count = 0;
		do {
			ASSERT_EQ(1, epoll_wait(fd, &event, 1, -1));
			EXPECT_TRUE(event.events & EPOLLIN);
			count++;
		} while (!(event.events & EPOLLHUP) && mode->flags != EPOLLONESHOT);
		EXPECT_GE(mode->most, count)
			TH_LOG("%s: %d events", mode->name, count);
		EXPECT_EQ(POLLHUP, ar_poll_gone(pidfd));
		if (mode->flags == EPOLLONESHOT) {
			/* Nothing more until it is asked for again. */
			EXPECT_EQ(0, epoll_wait(fd, &event, 1, 0));
			event = (struct epoll_event){ .events = EPOLLIN | EPOLLONESHOT };
			ASSERT_EQ(0, epoll_ctl(fd, EPOLL_CTL_MOD, pidfd, &event));
			EXPECT_EQ(1, epoll_wait(fd, &event, 1, 0));
			EXPECT_EQ(EPOLLIN | EPOLLHUP, event.events);
		}
		close(pidfd);
	}
}

/* A pidfd is not needed for the end: closed early, the child reaps itself as well. */
TEST_F(autoreap, outlives_its_pidfd)
{
	int pidfd = -1, other;
	pid_t pid;

	pid = ar_start(CLONE_AUTOREAP, &pidfd, &self->gate, AR_CHILD_CODE);
	ASSERT_LT(0, pid);
	EXPECT_EQ(FD_CLOEXEC, fcntl(pidfd, F_GETFD));
	ASSERT_EQ(0, close(pidfd));
	other = ar_pidfd_open(pid, 0);
	ASSERT_LE(0, other);
	EXPECT_EQ(0, ar_poll(other));
	ASSERT_EQ(0, ar_gate_open(&self->gate));
	ar_expect_reaped(_metadata, pid, other);
}

/* A pidfd of what is dead, but not gone: it reports @events, and has no status. */
static int open_dead(struct __test_metadata *const _metadata, pid_t pid, int events)
{
	int pidfd = ar_pidfd_open(pid, 0);

	ASSERT_LE(0, pidfd);
	EXPECT_EQ(events, ar_poll(pidfd));
	EXPECT_EQ(AR_NO_STATUS, ar_status(pidfd));
	return pidfd;
}

/* The zombie of a tracer or a parent can be opened, and that of a leader with threads. */
TEST_F(autoreap, can_be_opened_as_a_zombie)
{
	int i, pidfd = -1;
	pid_t pid;

	for (i = 0; i < 2; i++) {
		pid = ar_start(ar_both[i], &pidfd, &self->gate, AR_CHILD_CODE);
		ASSERT_LT(0, pid);
		if (ar_both[i])
			ASSERT_EQ(0, ptrace(PTRACE_SEIZE, pid, NULL, NULL));
		ASSERT_EQ(0, ar_gate_open(&self->gate));
		ar_await_state(pid, 'Z');
		EXPECT_EQ(POLLIN, ar_poll_exited(pidfd));
		close(pidfd);
		pidfd = open_dead(_metadata, pid, POLLIN);
		EXPECT_EQ(pid, waitpid(pid, NULL, __WALL));
		EXPECT_EQ(POLLHUP, ar_poll_gone(pidfd));
		EXPECT_EQ(AR_EXITED(AR_CHILD_CODE), ar_status(pidfd));
	}

	pid = ar_start_leaderless(CLONE_AUTOREAP, &pidfd, &self->gate);
	ASSERT_LT(0, pid);
	ar_await_state(pid, 'Z');
	EXPECT_EQ(0, ar_poll(pidfd));
	close(pidfd);
	pidfd = open_dead(_metadata, pid, 0);
	ASSERT_EQ(0, ar_gate_open(&self->gate));
	EXPECT_EQ(POLLHUP, ar_poll_gone(pidfd));
	EXPECT_EQ(AR_EXITED(AR_CHILD_CODE), ar_status(pidfd));
}

/* Without a free file descriptor there is no pidfd, and nothing is left of it. */
TEST_F(autoreap, cannot_be_opened_without_a_file_descriptor)
{
	struct rlimit limit;
	int next = ar_next_fd();

	ASSERT_EQ(0, getrlimit(RLIMIT_NOFILE, &limit));
	ar_take_away_files();
	EXPECT_EQ(-1, ar_pidfd_open(getpid(), 0));
	EXPECT_EQ(EMFILE, errno);
	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &limit));
	EXPECT_EQ(next, ar_pidfd_open(getpid(), 0));
}

/* The calls that take a pidfd. Each returns 0 or the errno. */
static int send_nothing(int pidfd)
{
	return syscall(__NR_pidfd_send_signal, pidfd, 0, NULL, 0) ? errno : 0;
}

static int take_stderr(int pidfd)
{
	int fd = syscall(__NR_pidfd_getfd, pidfd, STDERR_FILENO, 0);

	if (fd < 0)
		return errno;
	close(fd);
	return 0;
}

/* A call that a living process refuses, since it is not about to die. */
static int release_memory(int pidfd)
{
	int error = syscall(__NR_process_mrelease, pidfd, 0) ? errno : 0;

	return error == EINVAL ? 0 : error;
}

static int enter_uts(int pidfd)
{
	if (!setns(pidfd, CLONE_NEWUTS))
		return 0;
	/* Without privileges that is what a living process says. */
	return errno == EPERM ? 0 : errno;
}

static int ask_info(int pidfd)
{
	struct ar_info info;

	return ar_info(pidfd, 0, &info);
}

static int wait_by_pidfd(int pidfd)
{
	return waitid(P_PIDFD, pidfd, NULL, WEXITED | WNOHANG | __WALL) ? errno : 0;
}

struct pidfd_call {
	const char *name;
	int (*call)(int pidfd);
	int error;
};

static const struct pidfd_call pidfd_calls[] = {
	{ "pidfd_send_signal", send_nothing, ESRCH },
	{ "pidfd_getfd", take_stderr, ESRCH },
	{ "process_mrelease", release_memory, ESRCH },
	{ "setns", enter_uts, ESRCH },
	{ "PIDFD_GET_INFO", ask_info, ESRCH },
	{ "waitid", wait_by_pidfd, ECHILD },
};

/* Whether this kernel has the call: process_mrelease() came with Linux 5.15. */
static bool is_there(const struct pidfd_call *call, int pidfd)
{
	return call->call != release_memory || !ar_older(5, 15) || call->call(pidfd) != ENOSYS;
}

/* When the child is gone, every call that needs a process says so. */
TEST_F(autoreap, is_gone_for_calls_by_pidfd)
{
	int pidfd = -1;
	unsigned int i;

	ASSERT_LT(0, ar_start(CLONE_AUTOREAP, &pidfd, &self->gate, AR_CHILD_CODE));
	for (i = 0; i < ARRAY_SIZE(pidfd_calls); i++) {
		if (!is_there(&pidfd_calls[i], pidfd))
			continue;
		EXPECT_EQ(0, pidfd_calls[i].call(pidfd))
			TH_LOG("%s of a child that lives", pidfd_calls[i].name);
	}
	ASSERT_EQ(0, ar_gate_open(&self->gate));
	ASSERT_EQ(POLLHUP, ar_poll_gone(pidfd));
	for (i = 0; i < ARRAY_SIZE(pidfd_calls); i++) {
		if (!is_there(&pidfd_calls[i], pidfd))
			continue;
		EXPECT_EQ(pidfd_calls[i].error, pidfd_calls[i].call(pidfd))
			TH_LOG("%s of a child that is gone", pidfd_calls[i].name);
	}
}

/* The calls that take a number. Each returns -1 with the errno, or not. */
static int get_priority(pid_t pid)
{
	errno = 0;
	return getpriority(PRIO_PROCESS, pid) == -1 && errno ? -1 : 0;
}

static int kill_with_nothing(pid_t pid)
{
	return kill(pid, 0);
}

static int open_pidfd(pid_t pid)
{
	int pidfd = ar_pidfd_open(pid, 0);

	if (pidfd < 0)
		return -1;
	close(pidfd);
	return 0;
}

struct number_call {
	const char *name;
	int (*call)(pid_t pid);
};

static const struct number_call number_calls[] = {
	{ "kill", kill_with_nothing },
	{ "getpgid", getpgid },
	{ "getsid", getsid },
	{ "sched_getscheduler", sched_getscheduler },
	{ "getpriority", get_priority },
};

/* Its number is nobody's, and /proc does not list it, not even for who was there. */
TEST_F(autoreap, is_gone_for_calls_by_number)
{
	char path[32], buf[16];
	int pidfd = -1, dir, file;
	unsigned int i;
	pid_t pid;

	pid = ar_start(CLONE_AUTOREAP, &pidfd, &self->gate, AR_CHILD_CODE);
	ASSERT_LT(0, pid);
	for (i = 0; i < ARRAY_SIZE(number_calls); i++) {
		EXPECT_LE(0, number_calls[i].call(pid))
			TH_LOG("%s of a child that lives", number_calls[i].name);
	}
	snprintf(path, sizeof(path), "/proc/%d", pid);
	dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ASSERT_LE(0, dir);
	file = openat(dir, "stat", O_RDONLY | O_CLOEXEC);
	ASSERT_LE(0, file);
	ASSERT_EQ(0, ar_gate_open(&self->gate));
	ASSERT_EQ(POLLHUP, ar_poll_gone(pidfd));

	for (i = 0; i < ARRAY_SIZE(number_calls); i++) {
		EXPECT_EQ(-1, number_calls[i].call(pid))
			TH_LOG("%s of a child that is gone", number_calls[i].name);
		EXPECT_EQ(ESRCH, errno)
			TH_LOG("%s: %s", number_calls[i].name, strerror(errno));
	}
	/* The number itself is free a moment after POLLHUP. */
	while (!open_pidfd(pid) || errno == EINVAL)
		sched_yield();
	EXPECT_EQ(ESRCH, errno);
	EXPECT_EQ(-1, read(file, buf, sizeof(buf)));
	EXPECT_EQ(ESRCH, errno);
	EXPECT_EQ(-1, openat(dir, "stat", O_RDONLY));
	EXPECT_TRUE(errno == ESRCH || errno == ENOENT);
	EXPECT_EQ(-1, open(path, O_RDONLY));
	EXPECT_EQ(ENOENT, errno);
}

/* The number that fdinfo tells of the process of @pidfd. */
static int fdinfo_pid(int pidfd)
{
	char path[64], line[64];
	int pid = AR_NO_STATUS;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", pidfd);
	file = fopen(path, "r");
	while (file && fgets(line, sizeof(line), file)) {
		if (sscanf(line, "Pid: %d", &pid) == 1)
			break;
	}
	if (file)
		fclose(file);
	return pid;
}

/* The pidfd itself stays what it was, for a process without a number. */
TEST_F(autoreap, leaves_the_pidfd_as_it_is)
{
	struct stat before, after;
	int pidfd = -1;
	pid_t pid;

	pid = ar_start(CLONE_AUTOREAP, &pidfd, &self->gate, AR_CHILD_CODE);
	ASSERT_LT(0, pid);
	EXPECT_EQ(pid, fdinfo_pid(pidfd));
	ASSERT_EQ(0, fstat(pidfd, &before));
	ASSERT_EQ(0, ar_gate_open(&self->gate));
	ASSERT_EQ(POLLHUP, ar_poll_gone(pidfd));
	EXPECT_EQ(-1, fdinfo_pid(pidfd));
	ASSERT_EQ(0, fstat(pidfd, &after));
	EXPECT_EQ(before.st_ino, after.st_ino);
	EXPECT_EQ(before.st_dev, after.st_dev);
}

TEST_HARNESS_MAIN
