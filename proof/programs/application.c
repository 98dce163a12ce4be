// SPDX-License-Identifier: GPL-2.0
/*
 * An application in which a library starts a helper, by helper.h with the clone_flags
 * CLONE_FLAGS, if any. How it is called:
 *
 * application WAY PROGRAM [ARGUMENT]...
 *     The helper is PROGRAM. WAY is what the application does about signals: `default`,
 *     or they are all `ignored` or `blocked`. Prints how the helper has ended, and ends
 *     with its exit status; with 100 if it was killed or could not be run, and with 99
 *     if the application's mask is not what it was before. With `errno` that is wanted
 *     of errno too. With `way` it prints before that how the helper was started, and with
 *     `spawn` that is done by posix_spawn().
 * application handlers PROGRAM
 *     Starts a lot of helpers while its process group is sent signals, which it handles.
 *     Ends with 1 if a handler has run in a child, or never.
 * application clean
 *     The helper: ends with 0 if it has been given no signal that is blocked or ignored,
 *     and can wait for a child.
 */
#define _GNU_SOURCE
#include "helper.h"
#include "flags.h"

#include <spawn.h>
#include <stdio.h>

#ifndef CLONE_FLAGS
#define CLONE_FLAGS		0
#endif

static struct helper helper;

/* The status of a program, -1 with errno if it cannot be run. */
static int run_helper(char *const argv[])
{
	struct helper_args args = { .path = argv[0], .argv = argv, .clone_flags = CLONE_FLAGS };
	int status;

	return helper_start(&helper, &args) || helper_wait(&helper, &status) ? -1 : status;
}

static int spawn(char *const argv[])
{
	int status;
	pid_t pid;

	errno = posix_spawn(&pid, argv[0], NULL, NULL, argv, environ);
	return errno || waitpid(pid, &status, 0) != pid ? -1 : status;
}

/* A debugger stops here. */
static __attribute__((noinline)) void after_helper(int status)
{
	__asm__ volatile("" : : "r"(status) : "memory");
}

static int clean(void)
{
	char line[100], *signals;
	FILE *file = fopen("/proc/self/status", "r");
	int status = 0, ret = 0;
	pid_t pid;

	while (file && fgets(line, sizeof(line), file)) {
		if (strncmp(line, "SigBlk:", 7) && strncmp(line, "SigIgn:", 7))
			continue;
		signals = line + 8;
		if (strtoull(signals, NULL, 16)) {
			printf("the helper starts with %s", line);
			ret = 1;
		}
	}
	pid = fork();
	if (!pid)
		_exit(3);
	if (waitpid(pid, &status, 0) != pid || status != 3 << 8) {
		printf("the helper cannot wait for its child: %s, status %#x\n",
		       strerrorname_np(errno), status);
		ret = 1;
	}
	return ret || !file;
}

static pid_t application;
static volatile int *in_child, handled;

static void handler(int sig)
{
	(void)sig;
	if (getpid() == application)
		handled++;
	else
		*in_child = 1;
}

static int handlers(char *const argv[])
{
	/* The child resets it last, of the ordinary ones. */
	const int sig = SIGSYS;
	struct sigaction action = { .sa_handler = handler, .sa_flags = SA_RESTART };
	int i, ran = 0;
	pid_t sender;

	in_child = mmap(NULL, sizeof(*in_child), PROT_READ | PROT_WRITE,
			MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (in_child == MAP_FAILED || setpgid(0, 0))
		return 2;
	application = getpid();
	sigaction(sig, &action, NULL);
	sender = fork();
	if (!sender) {
		signal(sig, SIG_IGN);
		while (getppid() == application)
			kill(0, sig);
		_exit(0);
	}
	while (!handled)
		usleep(1000);
	for (i = 0; i < 100 && !*in_child; i++)
		ran += run_helper(argv) >= 0;
	kill(sender, SIGKILL);
	sigaction(sig, NULL, &action);
	printf("%d helpers, %d signals, a handler ran in a child: %s\n", ran, handled,
	       *in_child ? "yes" : "no");
	return ran < 100 || *in_child || action.sa_handler != handler;
}

static const char * const ways[] = { "autoreap", "clone3", "clone", "fork", "fork alone" };

static int is_same(const sigset_t *a, const sigset_t *b)
{
	int sig;

	for (sig = 1; sig < NSIG; sig++)
		if (sigismember(a, sig) != sigismember(b, sig))
			return 0;
	return 1;
}

static void prepare(const char *way)
{
	sigset_t all;
	int sig;

	if (!strcmp(way, "ignored"))
		for (sig = 1; sig < NSIG; sig++)
			signal(sig, SIG_IGN);
	sigfillset(&all);
	if (!strcmp(way, "blocked"))
		sigprocmask(SIG_SETMASK, &all, NULL);
}

int main(int argc, char *argv[])
{
	sigset_t before, after;
	int status, error;

	if (argc == 2 && !strcmp(argv[1], "clean"))
		return clean();
	if (argc < 3)
		return 2;
	if (!strcmp(argv[1], "handlers"))
		return handlers(argv + 2);

	prepare(argv[1]);
	sigprocmask(SIG_SETMASK, NULL, &before);
	errno = EXDEV;
	status = strcmp(argv[1], "spawn") ? run_helper(argv + 2) : spawn(argv + 2);
	error = errno;
	sigprocmask(SIG_SETMASK, NULL, &after);
	after_helper(status);

	if (!is_same(&before, &after)) {
		printf("the mask has changed\n");
		return 99;
	}
	if (!strcmp(argv[1], "way"))
		printf("%s: ", ways[helper.way]);
	if (status < 0) {
		printf("error %s\n", strerrorname_np(error));
		return 100;
	}
	if (!strcmp(argv[1], "errno") && error != EXDEV) {
		printf("errno has become %s\n", error ? strerrorname_np(error) : "0");
		return 99;
	}
	if (WIFSIGNALED(status)) {
		printf("signal %d\n", WTERMSIG(status));
		return 100;
	}
	printf("exit %d\n", WEXITSTATUS(status));
	return WEXITSTATUS(status);
}
