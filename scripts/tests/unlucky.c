// SPDX-License-Identifier: GPL-2.0
/*
 * unlucky worker | killed | refused
 *
 * Runs a helper by helper.h, in an application that is out of luck. While it starts
 * the helper by fork(), another thread forks a worker, which does not call exec and so has
 * copies of all files; with "killed" the application is killed then as well. With "refused"
 * PIDFD_GET_INFO is refused, by whoever runs this, for a helper that lives.
 * Ends with 0 if the helper runs, and its end is found, within 10 seconds.
 */
#define _GNU_SOURCE
#include <err.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

static bool is_killed, is_forked;

static void fork_worker(void);
static pid_t fork_both(void);
static long has_forked(long call);

#define fork() fork_both()
#undef SYS_pidfd_open
#define SYS_pidfd_open has_forked(__NR_pidfd_open)
#include "helper.h"
#undef fork

static void fork_worker(void)
{
	is_forked = true;
	if (!fork()) {
		for (;;)
			pause();
	}
}

static pid_t fork_both(void)
{
	if (!is_killed)
		fork_worker();
	return fork();
}

static long has_forked(long call)
{
	if (is_killed) {
		fork_worker();
		kill(getpid(), SIGKILL);
	}
	return call;
}

static void run(int out)
{
	char *argv[] = { "/bin/echo", "hello", NULL };
	struct helper_args args = { .path = argv[0], .argv = argv };
	struct helper helper;
	int status;

	setpgid(0, 0);
	dup2(out, STDOUT_FILENO);
	if (helper_start(&helper, &args))
		err(1, "helper_start");
	if (helper_wait(&helper, &status) || status)
		err(2, "helper_wait");
	_exit(is_forked ? 0 : 3);
}

/* 0 if that is how the application ends, 1 if it does not within 10 seconds. */
static int ends_with(pid_t pid, int wanted)
{
	int status, i;

	for (i = 0; i < 1000 && waitpid(pid, &status, WNOHANG) != pid; i++)
		usleep(10000);
	if (i == 1000 || status != wanted) {
		warnx(i == 1000 ? "the application hangs" : "the application ends with 0x%x", status);
		return 1;
	}
	return 0;
}

/* What it is for is done when the helper has ended, whatever is said about that. */
static int finish_living(void)
{
	struct helper helper = { .way = HELPER_BY_AUTOREAP };
	pid_t pid;

	signal(SIGCHLD, SIG_IGN);
	pid = fork();
	if (!pid) {
		usleep(300000);
		_exit(5);
	}
	helper.pid = pid;
	helper.pidfd = syscall(__NR_pidfd_open, pid, 0);
	alarm(10);
	if (!helper_wait(&helper, NULL) || errno != EPERM)
		err(1, "helper_wait");
	if (!kill(pid, 0))
		errx(1, "the helper is still there");
	return 0;
}

int main(int argc, char *argv[])
{
	struct pollfd said = { .events = POLLIN };
	int out[2], failed;
	pid_t pid;

	if (argc == 2 && !strcmp(argv[1], "refused"))
		return finish_living();
	is_killed = argc == 2 && !strcmp(argv[1], "killed");
	if (argc != 2 || (!is_killed && strcmp(argv[1], "worker")))
		errx(2, "usage: unlucky worker | killed | refused");
	if (pipe(out) || (pid = fork()) < 0)
		err(2, "unlucky");
	if (!pid)
		run(out[1]);
	said.fd = out[0];
	failed = ends_with(pid, is_killed ? SIGKILL : 0);
	if (poll(&said, 1, 10000) != 1) {
		warnx("the helper does not run");
		failed = 1;
	}
	kill(-pid, SIGKILL);
	return failed;
}
