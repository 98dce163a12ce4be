// SPDX-License-Identifier: GPL-2.0
/*
 * program [WAY]: uses samples/pidfd/helper.h as an application would, in C and in C++: program,
 * environment, directory, files, errors, signals; then from four threads at once. Prints the
 * way in which the helpers were started. Ends with 0 if all is right, and if it is that WAY.
 */
#ifndef _GNU_SOURCE	/* C++ compilers define it */
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "helper.h"

static const char *const ways[] = { "autoreap", "clone3", "clone", "fork", "fork alone" };

static int fail(const char *what)
{
	printf("%s: %s\n", what, strerror(errno));
	return 1;
}

/* The shell runs @script, with what @args has; its status is to be @wanted. */
static int ends(struct helper_args *args, const char *script, int wanted, struct helper *helper)
{
	char shell[] = "sh", option[] = "-c", text[200];
	char *argv[] = { shell, option, text, NULL };
	int status = -1;

	snprintf(text, sizeof(text), "%s", script);
	args->path = "/bin/sh";
	args->argv = argv;
	if (helper_start(helper, args) || helper_wait(helper, &status))
		return fail(script);
	if (status != wanted)
		printf("%s: status %#x, not %#x\n", script, status, wanted);
	return status != wanted;
}

static void *run_many(void *arg)
{
	char none[] = "none", *none_argv[] = { none, NULL };
	int i, *failed = (int *)arg;

	for (i = 0; i < 25; i++) {
		struct helper_args args;
		struct helper helper;

		memset(&args, 0, sizeof(args));
		*failed |= ends(&args, i % 2 ? "exit 5" : "kill $$", i % 2 ? 5 << 8 : SIGTERM, &helper);
		args.path = "/none";
		args.argv = none_argv;
		if (!helper_start(&helper, &args) || errno != ENOENT || helper.step != HELPER_EXEC)
			*failed |= fail("/none");
	}
	return NULL;
}

int main(int argc, char *argv[])
{
	char a[] = "A=1", *envp[] = { a, NULL }, none[] = "none", *none_argv[] = { none, NULL };
	int i, fds[2], failed = 0, failures[4] = { 0 };
	struct helper_fd list[2];
	struct helper_args args;
	pthread_t threads[4];
	struct helper helper;
	char text[8] = "";

	memset(&args, 0, sizeof(args));
	failed |= ends(&args, "exit 3", 3 << 8, &helper);
	printf("%s\n", ways[helper.way]);
	if (argc > 1 && strcmp(argv[1], ways[helper.way]))
		failed |= fail(argv[1]);
	failed |= ends(&args, "kill -9 $$", SIGKILL, &helper);
	args.envp = envp;
	args.cwd = "/";
	failed |= ends(&args, "[ \"$A\" = 1 ] && [ \"$(pwd)\" = / ]", 0, &helper);

	/* What is written to one number comes from the other one. */
	if (pipe(fds))
		return fail("pipe");
	list[0].from = fds[0];
	list[0].to = fds[1];
	list[1].from = fds[1];
	list[1].to = fds[0];
	args.fds = list;
	args.nfds = 2;
	if (fds[0] < 10) {
		char script[40];

		snprintf(script, sizeof(script), "echo hello >&%d", fds[0]);
		failed |= ends(&args, script, 0, &helper);
		if (read(fds[0], text, 6) != 6 || strcmp(text, "hello\n"))
			failed |= fail("hello");
	}
	args.path = "/none";
	args.argv = none_argv;
	if (!helper_start(&helper, &args) || errno != ENOENT || helper.step != HELPER_EXEC)
		failed |= fail("/none");
	args.cwd = "/none";
	if (!helper_start(&helper, &args) || errno != ENOENT || helper.step != HELPER_CWD)
		failed |= fail("cd /none");

	for (i = 0; i < 4; i++) {
		if (pthread_create(&threads[i], NULL, run_many, &failures[i]))
			return fail("pthread_create");
	}
	for (i = 0; i < 4; i++) {
		pthread_join(threads[i], NULL);
		failed |= failures[i];
	}
	return failed;
}
