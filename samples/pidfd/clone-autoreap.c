// SPDX-License-Identifier: GPL-2.0
/*
 * clone-autoreap - what 100 short-lived children leave to their parent
 *
 * Usage: clone-autoreap (not as PID 1, which inherits orphans)
 *
 * A library starts 100 helpers inside an application which has a child of its
 * own.  One row per way to start them tells how many are zombies until somebody
 * waits for them, how many SIGCHLDs the application gets, how many wait calls
 * reap the zombies, how many helpers' exit statuses the library learns, and
 * whether the application can still wait for its own child.
 *
 * Exit status: 0, or 2 if clone3(CLONE_AUTOREAP) is not available (its rows
 * show "-"), or 1 after any other error.
 */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <linux/pidfd.h>
#include <linux/sched.h>

#ifndef CLONE_AUTOREAP
#define CLONE_AUTOREAP	0x400000000ULL
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

#define CHILDREN	100
#define OWN_STATUS	7

enum way { FORK, FORK_IGNORE, FORK_TWICE, AUTOREAP, AUTOREAP_PIDFD, WAYS };

static const char * const names[WAYS] = {
	"fork", "fork, SIGCHLD ignored", "double fork",
	"CLONE_AUTOREAP", "CLONE_AUTOREAP|CLONE_PIDFD",
};

static atomic_int sigchlds;

/* The children exit one by one, so each SIGCHLD is seen: none are merged. */
static void count_sigchld(int sig)
{
	sigchlds += sig == SIGCHLD;
}

/* Start a child that exits with status. */
static pid_t start(enum way way, int status, int *pidfd)
{
	struct clone_args args = { .flags = CLONE_AUTOREAP };
	pid_t pid;

	if (way == AUTOREAP_PIDFD) {
		args.flags |= CLONE_PIDFD;
		args.pidfd = (uintptr_t)pidfd;
	}
	if (way >= AUTOREAP)
		pid = syscall(SYS_clone3, &args, sizeof(args));
	else
		pid = fork();

	if (pid == 0) {
		/* The process in the middle leaves its child to init. */
		if (way == FORK_TWICE && fork() != 0)
			_exit(0);
		_exit(status);
	}
	return pid;
}

/*
 * Sleep until the child has exited, and leave it as it is: a zombie, or gone
 * if it needs no reaping.  By then its SIGCHLD, if any, has been counted.
 */
static bool exits_as_zombie(pid_t pid)
{
	siginfo_t info;

	if (waitid(P_PID, pid, &info, WEXITED | WNOWAIT | __WALL) == 0)
		return true;
	if (errno != ECHILD)
		err(1, "waitid");
	return false;
}

/* POLLHUP, which poll() always looks for, tells that the status is there. */
static bool status_from_pidfd(int pidfd, int *status)
{
	struct exit_info info = { .mask = PIDFD_INFO_EXIT };
	struct pollfd hangup = { .fd = pidfd };

	if (poll(&hangup, 1, -1) < 0)
		err(1, "poll");
	if (ioctl(pidfd, PIDFD_GET_INFO, &info) < 0 ||
	    !(info.mask & PIDFD_INFO_EXIT))
		return false;
	*status = info.exit_code;
	return true;
}

static void print_row(enum way way)
{
	int zombies = 0, waits = 0, statuses = 0, signals, status, i;
	int pidfd[CHILDREN], end[2];
	pid_t pid[CHILDREN], own;
	const char *own_waited = "no";

	signal(SIGCHLD, way == FORK_IGNORE ? SIG_IGN : count_sigchld);

	/* The application's own child stays until the pipe is closed. */
	if (pipe(end) < 0)
		err(1, "pipe");
	own = fork();
	if (own < 0)
		err(1, "fork");
	if (own == 0) {
		close(end[1]);
		_exit(read(end[0], &status, 1) == 0 ? OWN_STATUS : 1);
	}
	close(end[0]);

	sigchlds = 0;
	for (i = 0; i < CHILDREN; i++) {
		pid[i] = start(way, i + 1, &pidfd[i]);
		if (pid[i] < 0)
			err(1, "%s", names[way]);
		zombies += exits_as_zombie(pid[i]);
	}
	signals = sigchlds;

	/* Now all have exited, and nothing has been reaped by this process. */
	for (i = 0; i < CHILDREN; i++) {
		bool known = waitpid(pid[i], &status, __WALL) == pid[i];

		waits += known;
		if (way == AUTOREAP_PIDFD) {
			known = status_from_pidfd(pidfd[i], &status);
			close(pidfd[i]);
		}
		/* After a double fork, this is another process's status. */
		if (known && WIFEXITED(status) && WEXITSTATUS(status) == i + 1)
			statuses++;
	}

	close(end[1]);
	if (waitpid(own, &status, 0) == own &&
	    WIFEXITED(status) && WEXITSTATUS(status) == OWN_STATUS)
		own_waited = "yes";

	printf("%-27s %7d %9d %6d %9d   %s\n", names[way], zombies, signals,
	       waits, statuses, own_waited);
}

int main(void)
{
	sigset_t none;
	bool missing;
	enum way way;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);

	/* Try the flag: such a child needs no care and leaves no trace. */
	missing = start(AUTOREAP, 0, NULL) < 0;
	if (missing)
		warn("clone3(CLONE_AUTOREAP): this kernel does not have it");

	puts("                            zombies             wait  statuses   own child");
	puts("100 children by                left  SIGCHLDs  calls     known   waited for");
	for (way = FORK; way < WAYS; way++) {
		if (way < AUTOREAP || !missing)
			print_row(way);
		else
			printf("%-27s       -         -      -         -   -\n", names[way]);
	}
	return missing ? 2 : 0;
}
