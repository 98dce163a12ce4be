// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/*
 * spawn-helper - run a program by the function to copy, helper.h
 *
 * Usage: spawn-helper [-k] PATH [ARGUMENT]...
 *
 * Runs the program and says how it ended; with -k it is killed when spawn-helper ends, in
 * whatever way. A program run by nohup(1) goes on ignoring SIGHUP.
 *
 * Exit status: that of the program, or 128 and the signal that has killed it; 127 if it
 * cannot be run; 1 after any other error.
 */
#define _GNU_SOURCE
#include "helper.h"

#include <err.h>
#include <stdio.h>

/* <linux/sched.h> has them since 7.1. */
#ifndef CLONE_NNP
#define CLONE_NNP		0x800000000ULL
#endif

#ifndef CLONE_PIDFD_AUTOKILL
#define CLONE_PIDFD_AUTOKILL	0x1000000000ULL
#endif

int main(int argc, char *argv[])
{
	int leash = argc > 1 && !strcmp(argv[1], "-k");
	struct helper_args args = {0};
	struct helper helper;
	sigset_t hangup;
	int status;

	argv += 1 + leash;
	if (!argv[0]) {
		fprintf(stderr, "usage: spawn-helper [-k] PATH [ARGUMENT]...\n");
		return 1;
	}
	sigemptyset(&hangup);
	sigaddset(&hangup, SIGHUP);
	args.path = argv[0];
	args.argv = argv;
	args.ignored = &hangup;
	/* A kernel that cannot keep this promise starts nothing. */
	if (leash)
		args.clone_flags = CLONE_PIDFD_AUTOKILL | CLONE_NNP;

	if (helper_start(&helper, &args)) {
		if (helper.step != HELPER_CREATE)
			err(127, "%s", args.path);
		if (leash && errno == EINVAL)
			errx(1, "-k: this kernel does not have CLONE_PIDFD_AUTOKILL");
		err(1, "cannot start %s", args.path);
	}
	if (helper_wait(&helper, &status))
		err(1, "%s", args.path);
	if (WIFSIGNALED(status)) {
		printf("%s: killed by signal %d%s\n", args.path, WTERMSIG(status),
		       WCOREDUMP(status) ? ", core dumped" : "");
		return 128 + WTERMSIG(status);
	}
	printf("%s: exit status %d\n", args.path, WEXITSTATUS(status));
	return WEXITSTATUS(status);
}
