// SPDX-License-Identifier: GPL-2.0
/*
 * spawn-helper - how a library runs a program without disturbing the application
 *
 * Usage: spawn-helper PROGRAM [ARGUMENT]...
 *
 * Runs the program and says how it ended. What is above main() is for you to
 * copy. With CLONE_AUTOREAP it works whatever the application does about SIGCHLD,
 * and whoever in it calls wait(). Without, from Linux 6.15 on, the status is
 * right all the same, but the application gets a SIGCHLD and may find the helper
 * by a wait() of its own; before 6.15 the status is lost then.
 *
 * Exit status: that of the program, or 128 and the signal that has killed it;
 * 127 if it cannot be run; 1 after any other error.
 */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <linux/pidfd.h>
#include <linux/sched.h>

#ifndef CLONE_AUTOREAP
#define CLONE_AUTOREAP	0x400000000ULL
#endif

#ifndef P_PIDFD
#define P_PIDFD		3
#endif

#ifdef PIDFD_INFO_EXIT
#define exit_info	pidfd_info
#else	/* An older header: define the first 64 bytes of struct pidfd_info. */
#define PIDFD_INFO_EXIT	0x8
#undef PIDFD_GET_INFO
#define PIDFD_GET_INFO	_IOWR(0xff, 11, struct exit_info)

struct exit_info {
	__u64 mask, cgroupid;
	__u32 ids[11];
	__s32 exit_code;
};
#endif

/* A helper: its pidfd, and whether it has to be waited for. */
struct helper {
	int pidfd;
	bool is_zombie;
};

/*
 * Like fork(): returns twice, 0 in the child. Where the flag is not known, or a
 * seccomp filter refuses clone3(), the child is an ordinary one: without an exit
 * signal, so that wait() does not find it without __WALL, until it calls exec.
 */
static pid_t start_helper(struct helper *helper)
{
	struct clone_args args = {
		.flags = CLONE_AUTOREAP | CLONE_PIDFD,
		.pidfd = (uintptr_t)&helper->pidfd,
	};
	pid_t pid;

	helper->is_zombie = false;
	pid = syscall(SYS_clone3, &args, sizeof(args));
	if (pid >= 0 || (errno != EINVAL && errno != ENOSYS && errno != EPERM))
		return pid;

	helper->is_zombie = true;
#ifdef __s390__
	return syscall(SYS_clone, NULL, CLONE_PIDFD, &helper->pidfd, NULL, 0);
#else
	return syscall(SYS_clone, CLONE_PIDFD, NULL, &helper->pidfd, NULL, 0);
#endif
}

/* The status of a zombie: -1 with errno ECHILD if there is none. */
static int reap(int pidfd)
{
	siginfo_t info;

	while (waitid(P_PIDFD, pidfd, &info, WEXITED | __WALL) < 0) {
		if (errno != EINTR)
			return -1;
	}
	if (info.si_code == CLD_EXITED)
		return info.si_status << 8;
	return info.si_status | (info.si_code == CLD_DUMPED ? 0x80 : 0);
}

/* The status that the pidfd keeps: -1 with errno ENODATA if there is none. */
static int read_status(int pidfd)
{
	struct exit_info info = { .mask = PIDFD_INFO_EXIT };
	/* No events: POLLHUP alone ends the poll, and then the status is there. */
	struct pollfd end = { .fd = pidfd };

	while (poll(&end, 1, -1) < 0) {
		if (errno != EINTR)
			return -1;
	}
	if (ioctl(pidfd, PIDFD_GET_INFO, &info) < 0 || !(info.mask & PIDFD_INFO_EXIT)) {
		errno = ENODATA;
		return -1;
	}
	return info.exit_code;
}

/*
 * Wait for the end, and close the pidfd. Returns the status in the encoding of
 * wait(2), or -1 with errno. ENODATA: there was no flag, the kernel is older than
 * 6.15, and the application ignores SIGCHLD or has waited for the helper.
 */
static int finish_helper(struct helper *helper)
{
	int error, status = -1;

	errno = ECHILD;
	if (helper->is_zombie)
		status = reap(helper->pidfd);
	if (status < 0 && errno == ECHILD)
		status = read_status(helper->pidfd);
	error = errno;
	close(helper->pidfd);
	errno = error;
	return status;
}

/* Run @argv and return its status, or -1 with errno. */
static int run_helper(char *const argv[])
{
	struct helper helper;
	pid_t pid;

	pid = start_helper(&helper);
	if (pid < 0)
		return -1;
	if (pid == 0) {
		execvp(argv[0], argv);
		_exit(127);
	}
	return finish_helper(&helper);
}

int main(int argc, char *argv[])
{
	int status;

	if (argc < 2) {
		fprintf(stderr, "usage: spawn-helper PROGRAM [ARGUMENT]...\n");
		return 1;
	}
	status = run_helper(argv + 1);
	if (status < 0)
		err(1, "%s", argv[1]);
	if (WIFSIGNALED(status)) {
		printf("%s: killed by signal %d%s\n", argv[1], WTERMSIG(status),
		       WCOREDUMP(status) ? ", core dumped" : "");
		return 128 + WTERMSIG(status);
	}
	printf("%s: exit status %d\n", argv[1], WEXITSTATUS(status));
	return WEXITSTATUS(status);
}
