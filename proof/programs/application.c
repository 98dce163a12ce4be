// SPDX-License-Identifier: GPL-2.0
/*
 * An application in which a library starts a helper, by helper.h with the clone_flags
 * CLONE_FLAGS, if any. How it is called:
 *
 * application WAY PROGRAM [ARGUMENT]...
 *     The helper is PROGRAM. With WAY `default` the application does nothing about signals,
 *     with `ignored` it ignores all of them. Prints how the helper has ended, and ends with its
 *     exit status, or with 100 if it was killed or could not be run. With `way` it prints
 *     before that how the helper was started, and with `spawn` that is done by posix_spawn().
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

static const char * const ways[] = { "autoreap", "clone3", "clone", "fork", "fork alone" };

int main(int argc, char *argv[])
{
	int sig, status;

	if (argc < 3)
		return 2;
	if (!strcmp(argv[1], "ignored"))
		for (sig = 1; sig < NSIG; sig++)
			signal(sig, SIG_IGN);
	status = strcmp(argv[1], "spawn") ? run_helper(argv + 2) : spawn(argv + 2);
	after_helper(status);

	if (!strcmp(argv[1], "way"))
		printf("%s: ", ways[helper.way]);
	if (status < 0) {
		printf("error %s\n", strerrorname_np(errno));
		return 100;
	}
	if (WIFSIGNALED(status)) {
		printf("signal %d\n", WTERMSIG(status));
		return 100;
	}
	printf("exit %d\n", WEXITSTATUS(status));
	return WEXITSTATUS(status);
}
