// SPDX-License-Identifier: GPL-2.0
/*
 * A library that starts a long-lived helper, `sleep 3; exit 7`, in any program, by LD_PRELOAD.
 * $HELPER says whose child it is: `own`, the program's; `leashed`, its own, and killed with
 * the pidfd; `high`, the same by a pidfd with a high number; `detached`, that of a process
 * between, which ends at once; `adopted`, the same in a program that is a subreaper. Or `none`:
 * then there is no helper. At the end of the program it writes to $REPORT: $HELPER, how many
 * milliseconds the program took, whether the helper was running or had ended then, and
 * the helper's exit status.
 */
#define _GNU_SOURCE
#include "helper.h"
#include "flags.h"
#include "high.h"

#include <err.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <time.h>

#ifndef CLONE_FILES
#define CLONE_FILES	0x400
#endif
#ifndef CLONE_VFORK
#define CLONE_VFORK	0x4000
#endif

static struct helper helper = { .pidfd = -1 };
static pid_t program;
static const char *way, *report;
static struct timespec begin;

static char *const argv[] = { "/bin/sh", "-c", "sleep 3; exit 7", NULL };

/*
 * Like helper_start(), for a helper that lives longer than an application may want to
 * wait: it is the child of a process that ends at once, so no wait call finds it.
 */
static int start_detached_helper(struct helper *helper, const struct helper_args *args)
{
	/* The same files, so the pidfd that the process between gets is the application's. */
	struct helper_clone_args between = {
		.flags = HELPER_CLONE_AUTOREAP | CLONE_FILES | CLONE_VFORK,
	};
	struct {
		struct helper helper;
		int error;
	} *shared;
	sigset_t all, mask;
	pid_t pid;
	int error;

	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		return -1;
	/* If the process between is killed, nobody says anything. */
	shared->helper.pidfd = -1;
	shared->error = ECHILD;
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &mask);
	pid = syscall(SYS_clone3, &between, sizeof(between));
	if (pid == 0) {
		shared->error = helper_start(&shared->helper, args) ? errno : 0;
		_exit(0);
	}
	error = pid < 0 ? errno : shared->error;
	sigprocmask(SIG_SETMASK, &mask, NULL);
	*helper = shared->helper;
	munmap(shared, sizeof(*shared));
	errno = error;
	return error ? -1 : 0;
}

static __attribute__((constructor)) void start(void)
{
	struct helper_args args = { .path = argv[0], .argv = argv };
	int pidfd, high;

	/* In this program, and in none that it runs. */
	unsetenv("LD_PRELOAD");
	way = getenv("HELPER");
	report = getenv("REPORT");
	if (!way || !report)
		return;
	program = getpid();
	if (!strcmp(way, "own") && helper_start(&helper, &args))
		err(1, "helper_start");
	if (!strcmp(way, "leashed") || !strcmp(way, "high")) {
		args.clone_flags = GUARDED;
		if (helper_start(&helper, &args))
			err(1, "helper_start");
		pidfd = helper.pidfd;
		if (!strcmp(way, "high")) {
			HIGH_NUMBER
		}
		helper.pidfd = pidfd;
	}
	if (!strcmp(way, "adopted") && prctl(PR_SET_CHILD_SUBREAPER, 1))
		err(1, "prctl");
	if ((!strcmp(way, "detached") || !strcmp(way, "adopted")) &&
	    start_detached_helper(&helper, &args))
		err(1, "start_detached_helper");
	clock_gettime(CLOCK_MONOTONIC, &begin);
}

/* A debugger stops here. */
static __attribute__((noinline)) void at_the_end(void)
{
	__asm__ volatile("" : : : "memory");
}

static __attribute__((destructor)) void end(void)
{
	struct timespec now;
	int running, status;
	FILE *file;

	if (getpid() != program)
		return;
	at_the_end();
	clock_gettime(CLOCK_MONOTONIC, &now);
	/* Not by the pidfd: the number may be of another file by now. */
	running = helper.pidfd >= 0 && !kill(helper.pid, 0);
	file = fopen(report, "w");
	if (!file)
		err(1, "%s", report);
	fprintf(file, "%s %lld", way, (now.tv_sec - begin.tv_sec) * 1000LL +
		(now.tv_nsec - begin.tv_nsec) / 1000000);
	if (helper.pidfd >= 0) {
		/* If the number is of another file by now, that is an error. */
		if (helper_wait(&helper, &status))
			status = -errno;
		else
			status = WEXITSTATUS(status);
		fprintf(file, " %s %d", running ? "running" : "ended", status);
	}
	fprintf(file, "\n");
	fclose(file);
}
