/* SPDX-License-Identifier: GPL-2.0 */
/* What the CLONE_AUTOREAP tests share, on the kselftest harness. */
#ifndef CLONE3_AUTOREAP_H
#define CLONE3_AUTOREAP_H

#include "clone3_autoreap_sys.h"

#include <sys/ptrace.h>
#include <sys/resource.h>

#include "../kselftest_harness.h"

/* Most tests run with a child that has the flag, and with a control that has not. */
static const __u64 ar_both[] = { CLONE_AUTOREAP, 0 };

/* Exit codes of a helper that waited for a child: what it has found. */
#define AR_GOT_CHILD 1
#define AR_GOT_SIGCHLD 2

/* Whether the kernel knows the flag. If not, the test is skipped. */
static inline bool ar_require(struct __test_metadata *const _metadata)
{
	const char *missing = ar_missing();

	if (missing)
		SKIP(return false, "%s", missing);
	return true;
}

/*
 * What most fixtures have: a gate, a pipe that no exec passes on, or NULL, and
 * SIGCHLD held back. False if the test is skipped.
 */
static inline bool ar_set_up(struct __test_metadata *const _metadata, struct ar_gate *gate,
			     int *report)
{
	if (!ar_require(_metadata))
		return false;
	ASSERT_EQ(0, pipe(gate->fd));
	if (report)
		ASSERT_EQ(0, pipe2(report, O_CLOEXEC));
	ASSERT_EQ(0, ar_block_sigchld());
	return true;
}

FIXTURE(autoreap)
{
	struct ar_gate gate;
	int report[2];
};

FIXTURE_SETUP(autoreap)
{
	ar_set_up(_metadata, &self->gate, self->report);
}

FIXTURE_TEARDOWN(autoreap)
{
}

static inline int ar_write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);
	ssize_t len = fd < 0 ? -1 : write(fd, text, strlen(text));

	close(fd);
	return len == (ssize_t)strlen(text) ? 0 : -1;
}

static inline void ar_tell(int fd, int value)
{
	if (write(fd, &value, sizeof(value)) != sizeof(value))
		_exit(255);
}

static inline int ar_hear(int fd)
{
	int value;

	return read(fd, &value, sizeof(value)) == sizeof(value) ? value : -1;
}

/* The number that the next file descriptor gets. */
static inline int ar_next_fd(void)
{
	int fd = dup(STDERR_FILENO);

	close(fd);
	return fd;
}

/* From now on there is no file descriptor left. */
static inline void ar_take_away_files(void)
{
	struct rlimit files;

	getrlimit(RLIMIT_NOFILE, &files);
	files.rlim_cur = ar_next_fd();
	setrlimit(RLIMIT_NOFILE, &files);
}

/* Wait for any exit of @pid and say what came of it. */
static inline int ar_wait_and_report(pid_t pid)
{
	int found = pid > 0 && waitpid(pid, NULL, __WALL) == pid ? AR_GOT_CHILD : 0;

	return found | (ar_take_sigchld() ? AR_GOT_SIGCHLD : 0);
}

/* A child that was let go ends without a zombie, a status or a signal. */
static inline void ar_expect_reaped(struct __test_metadata *const _metadata, pid_t pid,
				    int pidfd)
{
	EXPECT_EQ(-1, waitpid(pid, NULL, __WALL));
	EXPECT_EQ(ECHILD, errno);
	/* ECHILD comes a moment before the process is gone, POLLHUP does not. */
	EXPECT_EQ(POLLHUP, ar_poll_gone(pidfd));
	EXPECT_EQ(POLLIN | POLLHUP, ar_poll(pidfd));
	EXPECT_EQ(0, ar_state(pid));
	EXPECT_EQ(0, ar_take_sigchld());
	EXPECT_EQ(0, close(pidfd));
}

/* A child that was let go ends as an ordinary zombie of the caller. */
static inline void ar_expect_zombie(struct __test_metadata *const _metadata, pid_t pid)
{
	siginfo_t info = {};
	int status;

	EXPECT_EQ(0, waitid(P_PID, pid, &info, WEXITED | WNOWAIT | __WALL));
	EXPECT_EQ(pid, info.si_pid);
	EXPECT_EQ('Z', ar_state(pid));
	EXPECT_EQ(1, ar_take_sigchld());
	EXPECT_EQ(pid, waitpid(pid, &status, __WALL));
	EXPECT_TRUE(WIFEXITED(status));
	EXPECT_EQ(AR_CHILD_CODE, WEXITSTATUS(status));
}

/* How a child of the caller that was let go ends. */
static inline void ar_expect_end(struct __test_metadata *const _metadata, __u64 flags,
				 pid_t pid, int pidfd)
{
	if (flags & CLONE_AUTOREAP) {
		ar_expect_reaped(_metadata, pid, pidfd);
	} else {
		ar_expect_zombie(_metadata, pid);
		close(pidfd);
	}
}

/* A child at the gate that lets its siblings trace it, and tells its number. */
static inline pid_t ar_start_tracee(__u64 flags, int *pidfd, const struct ar_gate *gate,
				    int report)
{
	pid_t pid = ar_fork(flags, flags & CLONE_AUTOREAP ? 0 : SIGCHLD, pidfd);

	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* Yama knows siblings only by consent. */
	prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY, 0, 0, 0);
	ar_tell(report, getpid());
	ar_gate_pass(gate);
	_exit(AR_CHILD_CODE);
}

struct ar_tracer {
	pid_t pid;
	bool waits;
	int report;
	int release[2];
};

/*
 * Trace a child, and say by which thread, until released. One that waits says the
 * status.
 */
static inline void *ar_trace(void *arg)
{
	struct ar_tracer *tracer = arg;
	int status = 0;

	ar_tell(tracer->report, ptrace(PTRACE_SEIZE, tracer->pid, NULL, NULL) ? errno : 0);
	ar_tell(tracer->report, syscall(__NR_gettid));
	ar_hear(tracer->release[0]);
	if (tracer->waits) {
		waitpid(tracer->pid, &status, __WALL);
		ar_tell(tracer->report, status);
	}
	return NULL;
}

/* The next stop of a tracee: the signal, with an event above it, or -1 for none. */
static inline int ar_next_stop(pid_t pid)
{
	int status;

	return waitpid(pid, &status, __WALL) == pid && WIFSTOPPED(status) ? status >> 8 : -1;
}

#define AR_EVENT_STOP(event) (SIGTRAP | (event) << 8)

static inline int ar_gated_thread(void *gate)
{
	ar_gate_pass(gate);
	syscall(__NR_exit, AR_CHILD_CODE);
	return 0;
}

/*
 * Ends the process whose leader has ended: with exit() alone, the code of the leader
 * would be that of the process before Linux 6.0.
 */
static inline int ar_gated_last_thread(void *gate)
{
	ar_gate_pass(gate);
	syscall(__NR_exit_group, AR_CHILD_CODE);
	return 0;
}

/* A child whose first thread ends at once, while a second waits at the gate. */
static inline pid_t ar_start_leaderless(__u64 flags, int *pidfd, struct ar_gate *gate)
{
	static char stack[16384];
	pid_t pid = ar_fork(flags, flags & CLONE_AUTOREAP ? 0 : SIGCHLD, pidfd);

	if (pid)
		return pid;
	if (clone(ar_gated_thread, stack + sizeof(stack), CLONE_VM | CLONE_FS | CLONE_FILES |
		  CLONE_SIGHAND | CLONE_SYSVSEM | CLONE_THREAD, gate) < 0)
		_exit(255);
	return syscall(__NR_exit, AR_CHILD_CODE);
}

/* Run this program anew in @role, see ar_exec_role(). */
static inline void ar_exec_self(const char *role, const struct ar_gate *gate, pid_t pid)
{
	char num[3][16];

	snprintf(num[0], sizeof(num[0]), "%d", gate->fd[0]);
	snprintf(num[1], sizeof(num[1]), "%d", gate->fd[1]);
	snprintf(num[2], sizeof(num[2]), "%d", pid);
	execl("/proc/thread-self/exe", "clone3_autoreap", role, num[0], num[1], num[2], NULL);
	_exit(255);
}

/* A child with no exit signal that has called exec and waits at the gate. */
static inline pid_t ar_start_exec(__u64 flags, int *pidfd, struct ar_gate *gate)
{
	int ready[2];
	pid_t pid;
	char byte;

	if (pipe2(ready, O_CLOEXEC))
		return -1;
	pid = ar_fork(flags, 0, pidfd);
	if (!pid)
		ar_exec_self("child", gate, 0);
	close(ready[1]);
	if (read(ready[0], &byte, 1))
		pid = -1;
	close(ready[0]);
	return pid;
}

/* A child at the gate that has no exit signal, flag or not, until it has called exec. */
static inline pid_t ar_start_silent(__u64 flags, bool exec, int *pidfd,
				    struct ar_gate *gate)
{
	pid_t pid;

	if (exec)
		return ar_start_exec(flags, pidfd, gate);
	pid = ar_fork(flags, 0, pidfd);
	if (pid)
		return pid;
	ar_gate_pass(gate);
	_exit(AR_CHILD_CODE);
}

/* main() asks for this before the harness: <role> <gate> <gate> <pid>. */
static inline bool ar_is_exec_role(int argc, char **argv)
{
	return argc == 5 && argv[1][0] != '-';
}

/* What ar_exec_self() has started: a child at the gate, or a parent that opens it. */
static inline int ar_exec_role(char **argv)
{
	struct ar_gate gate = { .fd = { atoi(argv[2]), atoi(argv[3]) } };

	if (!strcmp(argv[1], "parent"))
		return ar_gate_open(&gate) ? 255 : ar_wait_and_report(atoi(argv[4]));
	ar_gate_pass(&gate);
	return AR_CHILD_CODE;
}

#endif /* CLONE3_AUTOREAP_H */
