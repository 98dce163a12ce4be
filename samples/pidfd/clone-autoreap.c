// SPDX-License-Identifier: GPL-2.0
/*
 * clone-autoreap - what an application notices of 100 helpers, by how they are started
 *
 * Usage: clone-autoreap (not as PID 1, which inherits orphans)
 *
 * A library starts 100 short-lived helpers inside an application which has a child of its
 * own. They call exec, as helpers do. One row per way to start them tells
 *  - how many SIGCHLDs the application gets;
 *  - how many helpers its own wait(-1) finds;
 *  - how many are zombies until somebody waits for them;
 *  - how many exit statuses the library learns, and how many if the application ignores
 *    SIGCHLD;
 *  - whether the application can still wait for its own child.
 *
 * Exit status: 0, or 2 if clone3(CLONE_AUTOREAP) is not available (its rows
 * show "-"), or 1 after any other error.
 */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdatomic.h>
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

#define CHILDREN	100
#define OWN_STATUS	7

/* A row of the table. */
#define WORDS		"%-27s %8s %9s %8s %9s %11s   %s\n"
#define NUMBERS		"%-27s %8d %9d %8d %9d %11d   %s\n"

enum way {
	FORK_IGNORE, FORK, FORK_TWICE, SPAWN, SIGNAL_0, SIGNAL_0_NO_EXEC,
	AUTOREAP, AUTOREAP_PIDFD, WAYS
};

static const char * const names[WAYS] = {
	"fork, SIGCHLD ignored", "fork, waitpid(pid)", "double fork", "posix_spawn, waitpid(pid)",
	"exit signal 0, CLONE_PIDFD", "- the same without exec",
	"CLONE_AUTOREAP", "CLONE_AUTOREAP|CLONE_PIDFD",
};

static atomic_int sigchlds;

/* The helpers exit one by one, so each SIGCHLD is seen: none are merged. */
static void count_sigchld(int sig)
{
	sigchlds += sig == SIGCHLD;
}

/* Start a helper that exits with status: this program, with the status as its argument. */
static pid_t start(enum way way, int status, int *pidfd)
{
	struct clone_args args = { 0 };
	char argument[12];
	char * const argv[] = { "helper", argument, NULL };
	pid_t pid;

	snprintf(argument, sizeof(argument), "%d", status);
	if (way == SPAWN) {
		errno = posix_spawn(&pid, "/proc/self/exe", NULL, NULL, argv, environ);
		return errno ? -1 : pid;
	}
	if (way >= AUTOREAP)
		args.flags |= CLONE_AUTOREAP;
	if (way == AUTOREAP_PIDFD || way == SIGNAL_0 || way == SIGNAL_0_NO_EXEC) {
		args.flags |= CLONE_PIDFD;
		args.pidfd = (uintptr_t)pidfd;
	}
	if (way >= SIGNAL_0)
		pid = syscall(SYS_clone3, &args, sizeof(args));
	else
		pid = fork();

	if (pid == 0) {
		/* The process in the middle leaves its child to init. */
		if (way == FORK_TWICE && fork() != 0)
			_exit(0);
		if (way != SIGNAL_0_NO_EXEC)
			execve("/proc/self/exe", argv, environ);
		_exit(status);
	}
	return pid;
}

/*
 * Sleep until the helper has exited, and leave it as it is: a zombie, or gone
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

static bool get_info(int pidfd, struct exit_info *info)
{
	*info = (struct exit_info){ .mask = PIDFD_INFO_EXIT };
	return ioctl(pidfd, PIDFD_GET_INFO, info) == 0;
}

/* POLLHUP, which poll() always looks for, tells that the status is there. */
static bool status_from_pidfd(int pidfd, int *status)
{
	struct pollfd hangup = { .fd = pidfd };
	struct exit_info info;

	/* A kernel without the call may not report POLLHUP. */
	if (!get_info(pidfd, &info) && errno != ESRCH)
		return false;
	if (poll(&hangup, 1, -1) < 0)
		err(1, "poll");
	if (!get_info(pidfd, &info) || !(info.mask & PIDFD_INFO_EXIT))
		return false;
	*status = info.exit_code;
	return true;
}

/* What the library does at last: whether it learns that the helper has exited with status. */
static bool learns(enum way way, pid_t pid, int pidfd, int expected)
{
	siginfo_t info;
	int status = 0;
	bool known;

	switch (way) {
	case SIGNAL_0:
	case SIGNAL_0_NO_EXEC:
		known = waitid(P_PIDFD, pidfd, &info, WEXITED | __WALL) == 0;
		if (known && info.si_code == CLD_EXITED)
			status = info.si_status << 8;
		else if (!known)
			known = status_from_pidfd(pidfd, &status);
		close(pidfd);
		break;
	case AUTOREAP_PIDFD:
		known = status_from_pidfd(pidfd, &status);
		close(pidfd);
		break;
	default:
		/* After a double fork, this is another process's status. */
		known = waitpid(pid, &status, 0) == pid;
	}
	return known && WIFEXITED(status) && WEXITSTATUS(status) == expected;
}

/* 100 helpers: start one, wait until it has exited, ask whether it is found or known. */
static void run(enum way way, bool looks, int *zombies, int *found, int *known)
{
	int pidfd[CHILDREN], i;
	pid_t pid[CHILDREN];

	for (i = 0; i < CHILDREN; i++) {
		pid[i] = start(way, i + 1, &pidfd[i]);
		if (pid[i] < 0)
			err(1, "%s", names[way]);
		*zombies += exits_as_zombie(pid[i]);
		if (looks)
			*found += waitpid(-1, NULL, WNOHANG) > 0;
	}
	/* Now all have exited, and the library has waited for none. */
	for (i = 0; i < CHILDREN; i++)
		*known += learns(way, pid[i], pidfd[i], i + 1);
}

static void print_row(enum way way)
{
	int signals, found = 0, zombies = 0, known = 0, known_ignored = 0, none = 0;
	const char *own_waited = "no";
	int end[2], status;
	pid_t own;

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
	run(way, false, &zombies, &none, &known);
	signals = sigchlds;
	run(way, true, &none, &found, &none);

	close(end[1]);
	if (waitpid(own, &status, 0) == own &&
	    WIFEXITED(status) && WEXITSTATUS(status) == OWN_STATUS)
		own_waited = "yes";

	signal(SIGCHLD, SIG_IGN);
	run(way, false, &none, &none, &known_ignored);

	printf(NUMBERS, names[way], signals, found, zombies,
	       known, known_ignored, own_waited);
	fflush(stdout);
}

int main(int argc, char *argv[])
{
	sigset_t none;
	bool missing;
	enum way way;

	/* A helper. */
	if (argc == 2)
		return atoi(argv[1]);

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);

	/* Try the flag: such a child needs no care and leaves no trace. */
	missing = start(AUTOREAP, 0, NULL) < 0;
	if (missing)
		warn("clone3(CLONE_AUTOREAP): this kernel does not have it");

	printf(WORDS, "", "", "found by", "", "statuses", "if SIGCHLD", "own child");
	printf(WORDS, "100 helpers by", "SIGCHLDs", "wait(-1)", "zombies", "known",
	       "is ignored", "waited for");
	for (way = 0; way < WAYS; way++) {
		if (way < AUTOREAP || !missing)
			print_row(way);
		else
			printf(WORDS, names[way], "-", "-", "-", "-", "-", "-");
	}
	return missing ? 2 : 0;
}
