/* SPDX-License-Identifier: GPL-2.0 */
/* System calls and process states for the CLONE_AUTOREAP tests: needs no harness. */
#ifndef CLONE3_AUTOREAP_SYS_H
#define CLONE3_AUTOREAP_SYS_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/sched.h>
#include <linux/types.h>

#ifndef __NR_clone3
#define __NR_clone3 435
#endif

#ifndef __NR_pidfd_open
#define __NR_pidfd_open 434
#endif

#ifdef __NR_rt_sigtimedwait_time64
#define AR_NR_SIGTIMEDWAIT __NR_rt_sigtimedwait_time64
#else
#define AR_NR_SIGTIMEDWAIT __NR_rt_sigtimedwait
#endif

#ifndef CLONE_PIDFD
#define CLONE_PIDFD 0x00001000
#endif

#ifndef CLONE_AUTOREAP
#define CLONE_AUTOREAP 0x400000000ULL
#endif
_Static_assert(CLONE_AUTOREAP == 0x400000000ULL, "CLONE_AUTOREAP is not mainline's");

/* What came with it in 7.1, and may not be there. */
#ifndef CLONE_NNP
#define CLONE_NNP 0x800000000ULL
#endif
_Static_assert(CLONE_NNP == 0x800000000ULL, "CLONE_NNP is not mainline's");

#ifndef CLONE_PIDFD_AUTOKILL
#define CLONE_PIDFD_AUTOKILL 0x1000000000ULL
#endif
_Static_assert(CLONE_PIDFD_AUTOKILL == 0x1000000000ULL, "CLONE_PIDFD_AUTOKILL is not mainline's");

/* The lowest flag bit of clone3() that no kernel knows. */
#define AR_FIRST_UNDEFINED_BIT 38

#ifndef P_PIDFD
#define P_PIDFD 3
#endif

#ifndef PIDFD_THREAD
#define PIDFD_THREAD O_EXCL
#endif

#ifndef __WALL
#define __WALL 0x40000000
#endif

/* struct clone_args up to its cgroup member, under a name that is not libc's. */
struct ar_clone_args {
	__aligned_u64 flags;
	__aligned_u64 pidfd;
	__aligned_u64 child_tid;
	__aligned_u64 parent_tid;
	__aligned_u64 exit_signal;
	__aligned_u64 stack;
	__aligned_u64 stack_size;
	__aligned_u64 tls;
	__aligned_u64 set_tid;
	__aligned_u64 set_tid_size;
	__aligned_u64 cgroup;
};

/* Everywhere the same, and eight bytes each, pointers too. */
#define AR_ARG_AT(member, offset) \
	_Static_assert(offsetof(struct ar_clone_args, member) == (offset), "struct clone_args")
AR_ARG_AT(flags, 0);
AR_ARG_AT(pidfd, 8);
AR_ARG_AT(child_tid, 16);
AR_ARG_AT(parent_tid, 24);
AR_ARG_AT(exit_signal, 32);
AR_ARG_AT(stack, 40);
AR_ARG_AT(stack_size, 48);
AR_ARG_AT(tls, 56);
AR_ARG_AT(set_tid, 64);
AR_ARG_AT(set_tid_size, 72);
AR_ARG_AT(cgroup, 80);
/* And no padding, so each is as large as there is room for it. */
static inline void ar_clone_args_has_no_padding(struct ar_clone_args args)
{
	_Static_assert(sizeof(args) == 88, "struct ar_clone_args");
	_Static_assert(sizeof(args.flags) + sizeof(args.pidfd) + sizeof(args.child_tid) +
		       sizeof(args.parent_tid) + sizeof(args.exit_signal) +
		       sizeof(args.stack) + sizeof(args.stack_size) + sizeof(args.tls) +
		       sizeof(args.set_tid) + sizeof(args.set_tid_size) +
		       sizeof(args.cgroup) == 88, "struct ar_clone_args");
}

#ifdef CLONE_ARGS_SIZE_VER2
_Static_assert(offsetof(struct clone_args, cgroup) == 80, "struct clone_args of the header");
#endif

/* An address that no process has, as a whole int at least. */
#define AR_NOWHERE (-1ULL)

static inline __u64 ar_ptr(const void *ptr)
{
	return (__u64)(unsigned long)ptr;
}

static inline pid_t ar_clone3(const void *args, size_t size)
{
	return syscall(__NR_clone3, args, size);
}

static inline int ar_pidfd_open(pid_t pid, unsigned int flags)
{
	return syscall(__NR_pidfd_open, pid, flags);
}

/* Kernels before 6.9 have no pidfds of threads, and no pidfs. */
static inline bool ar_thread_pidfds(void)
{
	int fd = ar_pidfd_open(getpid(), PIDFD_THREAD);

	if (fd < 0 && errno == EINVAL)
		return false;
	close(fd);
	return true;
}

/* Wait until the thread @tid of the process @pid is gone. */
static inline void ar_await_thread(pid_t pid, pid_t tid)
{
	while (!syscall(__NR_tgkill, pid, tid, 0))
		sched_yield();
}

/* clone(2) in the manner of fork(2): s390 takes the stack first. */
static inline pid_t ar_legacy_clone(unsigned long flags)
{
#ifdef __s390__
	return syscall(__NR_clone, 0UL, flags, 0UL, 0UL, 0UL);
#else
	return syscall(__NR_clone, flags, 0UL, 0UL, 0UL, 0UL);
#endif
}

/*
 * Why the tests cannot run, or NULL. The flag is asked for with an address for the
 * pidfd that is none, so no process is made: EFAULT says that the kernel knows the
 * flag, EINVAL that it does not. The tests tell what else is wrong.
 */
static inline const char *ar_missing(void)
{
	struct ar_clone_args args = {
		.flags = CLONE_PIDFD | CLONE_AUTOREAP,
		.pidfd = AR_NOWHERE,
	};
	pid_t pid;

	if (ar_clone3(NULL, 0) != -1 || errno != EINVAL)
		return "there is no clone3()";
	pid = ar_clone3(&args, sizeof(args));
	if (!pid)
		_exit(0);
	return pid < 0 && errno == EINVAL ? "this kernel does not know CLONE_AUTOREAP" : NULL;
}

/* Whether the kernel knows @flags, and lets the caller have them. */
static inline bool ar_knows(__u64 flags)
{
	struct ar_clone_args args = { .flags = flags | CLONE_PIDFD, .pidfd = AR_NOWHERE };

	return ar_clone3(&args, sizeof(args)) < 0 && errno == EFAULT;
}

/* fork(2) by clone3(): returns 0 in the child, which must end in _exit(). */
static inline pid_t ar_fork(__u64 flags, int exit_signal, int *pidfd)
{
	struct ar_clone_args args = {
		.flags = flags | (pidfd ? CLONE_PIDFD : 0),
		.pidfd = ar_ptr(pidfd),
		.exit_signal = exit_signal,
	};

	return ar_clone3(&args, sizeof(args));
}

/*
 * Wait for a child of the caller. Returns its exit code, or -1: it has ended by
 * a signal, or there is no such child, as when fork() has failed.
 */
static inline int ar_exit_code(pid_t pid)
{
	int status;

	if (pid <= 0 || waitpid(pid, &status, __WALL) != pid || !WIFEXITED(status))
		return -1;
	return WEXITSTATUS(status);
}

/*
 * A gate lets one waiter through for each opening, and all if its owner dies. Two
 * threads of a process need one each: a waiter closes the owner's end of its own
 * table of files, and the number may be another file's when the second does so.
 */
struct ar_gate {
	int fd[2];
};

static inline void ar_gate_pass(const struct ar_gate *gate)
{
	char byte;

	close(gate->fd[1]);
	while (read(gate->fd[0], &byte, 1) < 0 && errno == EINTR)
		;
}

static inline int ar_gate_open(const struct ar_gate *gate)
{
	return write(gate->fd[1], "", 1) == 1 ? 0 : -1;
}

/* Whether this kernel is older than Linux @major.@minor, by its name. */
static inline bool ar_older(int major, int minor)
{
	int has_major = 0, has_minor = 0;
	struct utsname name;

	if (uname(&name) || sscanf(name.release, "%d.%d", &has_major, &has_minor) != 2)
		return false;
	return has_major < major || (has_major == major && has_minor < minor);
}

/* The exit code of every gated child: what a wait for it would return. */
#define AR_CHILD_CODE 7

/*
 * A child that waits at the gate, then exits with @code. With CLONE_AUTOREAP in
 * @flags it has no exit signal, without it SIGCHLD: the plain child of a control.
 */
static inline pid_t ar_start(__u64 flags, int *pidfd,
			     const struct ar_gate *gate, int code)
{
	pid_t pid = ar_fork(flags, flags & CLONE_AUTOREAP ? 0 : SIGCHLD, pidfd);

	if (pid)
		return pid;
	ar_gate_pass(gate);
	_exit(code);
}

struct ar_stat {
	char state;
	pid_t ppid;
	int exit_signal;
};

/* Read /proc/<pid>/stat. Returns -1 if there is no such process. */
static inline int ar_stat(pid_t pid, struct ar_stat *st)
{
	char path[32], buf[1024], *p;
	int fd, i;
	ssize_t len;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	len = read(fd, buf, sizeof(buf) - 1);
	close(fd);
	if (len <= 0)
		return -1;
	buf[len] = '\0';

	/* Field 2 is the name, which may hold anything; field 3 follows ") ". */
	p = strrchr(buf, ')');
	if (!p || sscanf(p, ") %c %d", &st->state, &st->ppid) != 2)
		return -1;
	for (i = 2; p && i < 38; i++)
		p = strchr(p + 1, ' ');
	if (!p)
		return -1;
	st->exit_signal = atoi(p);
	return 0;
}

/* The state letter of a process, or 0 if there is no such process. */
static inline char ar_state(pid_t pid)
{
	struct ar_stat st;

	return ar_stat(pid, &st) ? 0 : st.state;
}

/* Wait until @pid is in @state, or gone; the harness's alarm bounds the loop. */
static inline void ar_await_state(pid_t pid, char state)
{
	char now;

	do {
		sched_yield();
		now = ar_state(pid);
	} while (now && now != state);
}

/* A child that goes on once the caller sleeps, and ends with it. */
static inline pid_t ar_fork_when_asleep(__u64 flags, int *pidfd)
{
	pid_t parent = getpid(), pid = ar_fork(flags, 0, pidfd);

	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		ar_await_state(parent, 'S');
	}
	return pid;
}

/* A message's room for up to three files. */
union ar_control {
	struct cmsghdr hdr;
	char room[CMSG_SPACE(3 * sizeof(int))];
};

/* Send @fds to @sock, from which nobody may ever receive them. */
static inline int ar_send_files(int sock, const int *fds, unsigned int n)
{
	union ar_control control = {
		.hdr.cmsg_level = SOL_SOCKET,
		.hdr.cmsg_type = SCM_RIGHTS,
		.hdr.cmsg_len = CMSG_LEN(n * sizeof(int)),
	};
	struct iovec iov = { .iov_base = "", .iov_len = 1 };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = CMSG_SPACE(n * sizeof(int)),
	};

	memcpy(CMSG_DATA(&control.hdr), fds, n * sizeof(int));
	return sendmsg(sock, &msg, 0) == 1 ? 0 : -1;
}

/* No file, and no errno in its place. */
#define AR_NOTHING_LEFT (-1000)

/*
 * The file that comes with a message of one byte: one that was sent, by
 * SCM_RIGHTS, or by SCM_PIDFD the pidfd of who sent it. Or the -errno that is in
 * its place, or AR_NOTHING_LEFT. @flags are those of recvmsg().
 */
static inline int ar_receive_file(int sock, int type, int flags)
{
	union ar_control control;
	char byte;
	struct iovec iov = { .iov_base = &byte, .iov_len = 1 };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	int fd;

	if (recvmsg(sock, &msg, flags) != 1 || !CMSG_FIRSTHDR(&msg) ||
	    control.hdr.cmsg_level != SOL_SOCKET || control.hdr.cmsg_type != type)
		return AR_NOTHING_LEFT;
	memcpy(&fd, CMSG_DATA(&control.hdr), sizeof(fd));
	return fd;
}

/* What a pidfd reports now. */
static inline int ar_poll(int pidfd)
{
	struct pollfd pfd = { .fd = pidfd, .events = POLLIN };

	return poll(&pfd, 1, 0) < 0 ? -1 : pfd.revents;
}

/*
 * Wait until the process is gone. With no events asked for, only POLLHUP ends
 * the poll; POLLIN says no more than that the process has exited.
 */
static inline int ar_poll_gone(int pidfd)
{
	struct pollfd pfd = { .fd = pidfd };

	return poll(&pfd, 1, -1) < 0 ? -1 : pfd.revents;
}

/* Wait until the process has exited, gone or not. */
static inline int ar_poll_exited(int pidfd)
{
	struct pollfd pfd = { .fd = pidfd, .events = POLLIN };

	return poll(&pfd, 1, -1) < 0 ? -1 : pfd.revents;
}

/* Hold SIGCHLD back, so that it can be counted by ar_take_sigchld(). */
static inline int ar_block_sigchld(void)
{
	sigset_t set;

	if (signal(SIGCHLD, SIG_DFL) == SIG_ERR)
		return -1;
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	return sigprocmask(SIG_BLOCK, &set, NULL);
}

/*
 * Take a pending SIGCHLD: 1 if there was one, 0 if not. Not by sigtimedwait(3),
 * which in a 32-bit program needs CONFIG_COMPAT_32BIT_TIME.
 */
static inline int ar_take_sigchld(void)
{
	static const __s64 now[2];
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	if (syscall(AR_NR_SIGTIMEDWAIT, &set, NULL, now, _NSIG / 8) == SIGCHLD)
		return 1;
	return errno == EAGAIN ? 0 : -1;
}

#endif /* CLONE3_AUTOREAP_SYS_H */
