// SPDX-License-Identifier: GPL-2.0
/*
 * Random programs: some processes and threads that make each other, end, stop, trace and
 * wait, one step at a time. After each step all of them are what clone3_autoreap_contract.h
 * says. A program that differs is made as short as it can be, and printed.
 *
 * KSFT_ROUNDS is the number of steps, KSFT_SEED where they start; the digest at the end is
 * the same on any kernel that does the same. Not run with the others: it takes long.
 */
#define _GNU_SOURCE
#include <sys/resource.h>

#include "../kselftest_harness.h"
#include "clone3_autoreap.h"
#include "clone3_autoreap_info.h"
#include "clone3_autoreap_actor.h"
#include "clone3_autoreap_contract.h"
#include "clone3_autoreap_observe.h"
#include "clone3_autoreap_steps.h"

#if TASKS != ACTORS
#error "an actor for each task"
#endif

/* How many steps a program has. */
#define LENGTH 60

/* How often in a hundred. */
static const int weights[KINDS] = {
	[CLONE] = 16, [LEGACY_CLONE] = 3, [THREAD] = 7, [EXEC] = 4, [EXIT] = 6,
	[EXIT_GROUP] = 4, [SIGNAL] = 14, [WAIT] = 17, [DISPOSITION] = 4, [SUBREAPER] = 3,
	[TAKE] = 7, [SEIZE] = 4, [ATTACH] = 3, [DETACH] = 3, [CONT] = 2, [OPEN] = 2, [CLOSE] = 1,
};

static void clean_up(void)
{
	int t;

	if (!ar_kill_all(NULL))
		differs("those who are left after SIGKILL", ROOT, 0, 1);
	for (t = 0; t < TASKS; t++)
		forget(t);
}

/* Returns how many steps were right. */
static int run(const struct step *steps, int n)
{
	pid_t pid;
	int i;

	different = false;
	memset(tasks, 0, sizeof(tasks));
	pid = ar_fork(0, SIGCHLD, NULL);
	if (!pid) {
		prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
		act_as(ROOT);
	}
	tasks[ROOT] = (struct task){
		.state = RUNS, .process = ROOT, .tracer = NOBODY, .parent = NOBODY,
		.exit_signal = SIGCHLD, .subreaper = true,
		.no_new_privs = prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0),
	};
	meet(ROOT, pid, ROOT, -1);
	for (i = 0; i < n && !different; i++)
		do_step(steps[i]);
	clean_up();
	return different ? i - 1 : n;
}

/* Leave out what can be left out; a difference that is a matter of luck may get lost. */
static int shorten(struct step *steps, int n)
{
	struct step less[LENGTH];
	int size, at;

	for (size = n / 2; size; size = size > 1 ? (size + 1) / 2 : 0)
		for (at = 0; at + size <= n; ) {
			memcpy(less, steps, at * sizeof(*steps));
			memcpy(less + at, steps + at + size, (n - at - size) * sizeof(*steps));
			if (run(less, n - size) < n - size) {
				n -= size;
				memcpy(steps, less, n * sizeof(*steps));
			} else {
				at += size;
			}
		}
	return n;
}

static __u64 seed;

static unsigned int random_number(void)
{
	seed ^= seed >> 12;
	seed ^= seed << 25;
	seed ^= seed >> 27;
	return seed * 2685821657736338717ULL >> 32;
}

static struct step random_step(void)
{
	int number = random_number() % 100;
	struct step step = {};

	while (number >= weights[step.kind])
		number -= weights[step.kind++];
	step.who = random_number();
	step.whom = random_number();
	step.how = random_number();
	return step;
}

static long from_environment(const char *name, long otherwise)
{
	const char *text = getenv(name);

	return text ? atol(text) : otherwise;
}

/* As init of a pid namespace, so that all that is there is its own. */
static int run_programs(void)
{
	long steps = from_environment("KSFT_ROUNDS", 10000), done = 0, programs = 0;
	long first = from_environment("KSFT_SEED", 1);
	struct step program[LENGTH];
	int i, n, right;

	for (seed = first; done < steps; done += LENGTH, programs++) {
		/* Each program has a seed of its own, so that it can be run alone. */
		seed = (first + programs) * 0x9e3779b97f4a7c15ULL | 1;
		for (i = 0; i < LENGTH; i++)
			program[i] = random_step();
		right = run(program, LENGTH);
		if (right < LENGTH) {
			printf("# program %ld differs at step %d: %s; shortened:\n",
			       first + programs, right, difference);
			fflush(stdout);
			patience = 1;
			n = shorten(program, right + 1);
			printing = true;
			if (run(program, n) == n)
				printf("# this time, all was right\n");
			return 1;
		}
		if (programs % 1000 == 999) {
			printf("# %ld programs\n", programs + 1);
			fflush(stdout);
		}
	}
	printf("# %ld programs from %ld, %ld steps, digest %016llx\n", programs, first, done,
	       (unsigned long long)digest);
	return 0;
}

/* Whether this machine dumps core, here. */
static int dumps_core(void)
{
	struct rlimit limit = { RLIM_INFINITY, RLIM_INFINITY };
	int status = 0;
	pid_t pid;

	setrlimit(RLIMIT_CORE, &limit);
	ar_write_file("/proc/self/coredump_filter", "0");
	pid = fork();
	if (!pid)
		abort();
	waitpid(pid, &status, 0);
	return status & WCOREFLAG;
}

static int prepare(uid_t uid)
{
	int t;

	mails = ar_make_shared(sizeof(*mails) * ACTORS);
	if (ar_settle_down(uid) || mails == MAP_FAILED)
		return -1;
	for (t = 0; t < TASKS; t++) {
		real[t].pidfd = -1;
		real[t].threadfd = -1;
	}
	core_flag = dumps_core();
	has_family = ar_knows(CLONE_AUTOREAP | CLONE_NNP | CLONE_PIDFD_AUTOKILL);
	return 0;
}

TEST_F_TIMEOUT(autoreap, random_programs_keep_the_contract, 86400)
{
	int status, pidfd = -1;
	uid_t uid = geteuid();
	pid_t pid;

	/* A child's pidfd is taken from the thread that made it. */
	if (!ar_thread_pidfds())
		SKIP(return, "this kernel has no pidfds of threads, as 6.9 and later");
	pid = ar_fork_init(0, &pidfd);
	if (pid < 0)
		SKIP(return, "no pid namespace: %s", strerror(errno));
	if (!pid) {
		if (prepare(uid)) {
			perror("# preparation");
			_exit(2);
		}
		status = run_programs();
		fflush(stdout);
		_exit(status);
	}
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
}

int main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[0], "actor")) {
		mails = ar_share(sizeof(*mails) * ACTORS);
		if (mails == MAP_FAILED)
			return 1;
		act_as(atol(argv[1]));
	}
	return test_harness_run(argc, argv);
}
