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
#include "sample.c"
#include "high.h"

/* Its header does not go together with <linux/pidfd.h> everywhere. */
int fcntl(int fd, int command, ...);
#include <string.h>
#include <sys/prctl.h>
#include <time.h>

static struct helper helper = { .pidfd = -1 };
static pid_t program;
static const char *way, *report;
static struct timespec begin;

/*
 * Like start_helper(), for a helper that lives longer than an application may want to
 * wait: it is the child of a process that ends at once, so no wait call finds it.
 */
static int start_detached_helper(struct helper *helper, char *const argv[])
{
	/* The same files, so the pidfd that the process between gets is the application's. */
	struct clone_args args = {
		.flags = CLONE_AUTOREAP | CLONE_FILES | CLONE_VFORK,
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
	pid = syscall(SYS_clone3, &args, sizeof(args));
	if (pid == 0) {
		shared->error = start_helper(&shared->helper, argv, false) ? errno : 0;
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
	char *const argv[] = { "/bin/sh", "-c", "sleep 3; exit 7", NULL };
	int pidfd, high;

	/* In this program, and in none that it runs. */
	unsetenv("LD_PRELOAD");
	way = getenv("HELPER");
	report = getenv("REPORT");
	if (!way || !report)
		return;
	program = getpid();
	if (!strcmp(way, "own") && start_helper(&helper, argv, false))
		err(1, "start_helper");
	if (!strcmp(way, "leashed") || !strcmp(way, "high")) {
		if (start_helper(&helper, argv, true))
			err(1, "start_helper");
		pidfd = helper.pidfd;
		if (!strcmp(way, "high")) {
			HIGH_NUMBER
		}
		helper.pidfd = pidfd;
	}
	if (!strcmp(way, "adopted") && prctl(PR_SET_CHILD_SUBREAPER, 1))
		err(1, "prctl");
	if ((!strcmp(way, "detached") || !strcmp(way, "adopted")) &&
	    start_detached_helper(&helper, argv))
		err(1, "start_detached_helper");
	clock_gettime(CLOCK_MONOTONIC, &begin);
}

static __attribute__((destructor)) void end(void)
{
	struct timespec now;
	int running, status;
	FILE *file;

	if (getpid() != program)
		return;
	clock_gettime(CLOCK_MONOTONIC, &now);
	/* Not by the pidfd: the number may be of another file by now. */
	running = helper.pidfd >= 0 && !kill(helper.pid, 0);
	file = fopen(report, "w");
	if (!file)
		err(1, "%s", report);
	fprintf(file, "%s %lld", way, (now.tv_sec - begin.tv_sec) * 1000LL +
		(now.tv_nsec - begin.tv_nsec) / 1000000);
	if (helper.pidfd >= 0) {
		status = finish_helper(&helper);
		fprintf(file, " %s %d", running ? "running" : "ended",
			status < 0 ? -errno : WEXITSTATUS(status));
	}
	fprintf(file, "\n");
	fclose(file);
}
