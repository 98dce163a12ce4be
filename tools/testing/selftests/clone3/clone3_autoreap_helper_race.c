// SPDX-License-Identifier: GPL-2.0
/*
 * The function of samples/pidfd/helper.h in applications that do much else meanwhile: no
 * handler runs in a child, no status is wrong, and nothing is left.
 *
 * KSFT_ROUNDS says how many helpers there are: 100 a round with the flag, and 10 without.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdatomic.h>
#include <sys/auxv.h>
#include <sys/time.h>
#include <time.h>

#include "../kselftest_harness.h"
#include "clone3_autoreap.h"
#include "clone3_autoreap_helper.h"

FIXTURE(race)
{
	struct ar_start start;
	int rounds;
};

FIXTURE_VARIANT(race)
{
	struct ar_way way;
};

FIXTURE_VARIANT_ADD(race, autoreap) { AR_WAY_AUTOREAP };
FIXTURE_VARIANT_ADD(race, clone3) { AR_WAY_CLONE3 };
FIXTURE_VARIANT_ADD(race, clone) { AR_WAY_CLONE };
FIXTURE_VARIANT_ADD(race, fork) { AR_WAY_FORK };
FIXTURE_VARIANT_ADD(race, alone) { AR_WAY_ALONE };

FIXTURE_SETUP(race)
{
	/* It makes children by clone3(), which may be refused afterwards. */
	self->rounds = ar_rounds();
	alarm(0);
	ar_start_set_up(_metadata, &self->start, &variant->way);
}

FIXTURE_TEARDOWN(race)
{
}

static struct shared {
	pid_t application;
	atomic_int handled;
	atomic_int strayed;	/* a handler has run in another process */
} *shared;

static void count_signal(int sig)
{
	if (getpid() == shared->application)
		shared->handled++;
	else
		shared->strayed++;
}

static int handle(int sig)
{
	struct sigaction action = { .sa_handler = count_signal, .sa_flags = SA_RESTART };

	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		return -1;
	shared->application = getpid();
	return sigaction(sig, &action, NULL);
}

/*
 * A group that is sent signals all the time. The helpers have the default, and die of one as
 * soon as they can.
 */
TEST_F_TIMEOUT(race, no_handler_runs_in_the_child, 120)
{
	struct helper_args args = AR_HELPER("exit", "7"), none = AR_HELPER("none");
	int i, status, flood, killed = 0;
	struct helper helper;
	sigset_t ignored;

	none.path = "/none";
	/* It is to be kept if it is ignored, and it is not. */
	sigemptyset(&ignored);
	sigaddset(&ignored, SIGUSR1);
	args.ignored = &ignored;
	ASSERT_EQ(0, setpgid(0, 0));
	ASSERT_EQ(0, handle(SIGUSR1));
	flood = fork();
	if (!flood) {
		signal(SIGUSR1, SIG_IGN);
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		/* Not so many that a slow machine does nothing else. */
		for (;;) {
			kill(0, SIGUSR1);
			usleep(50);
		}
	}
	for (i = 0; i < self->rounds; i++) {
		ASSERT_STARTS(&helper, &args);
		ASSERT_EQ(0, helper_wait(&helper, &status));
		killed += status == SIGUSR1;
		EXPECT_EQ(status == SIGUSR1 ? SIGUSR1 : AR_EXITED(7), status);
		/* A child that dies of the signal before its exec is not one that has failed. */
		if (!helper_start(&helper, &none))
			EXPECT_ENDS(SIGUSR1, &helper);
		else
			ASSERT_EQ(ENOENT, errno);
	}
	ASSERT_EQ(0, kill(flood, SIGKILL));
	ASSERT_EQ(flood, waitpid(flood, NULL, 0));
	EXPECT_EQ(0, shared->strayed);
	/* There were some. */
	EXPECT_LT(0, shared->handled);
	TH_LOG("%d signals, %d of %d helpers killed", shared->handled, killed, i);
}

#define STARTERS 8

/* A machine that is slow, or has other things to do, starts fewer helpers than it was to. */
#define MOST_SECONDS 60

/* Threads that do what applications do, until they are told to stop. */
struct crowd {
	atomic_bool stop, no_more;	/* no_more: nor is any child forked */
	bool is_autoreap;
	int starts;		/* of each starter, as far as there is time */
	time_t end;
	atomic_int started;
	atomic_int wrong;	/* statuses and errors that are not as they should be */
	atomic_int done, forked, found, unexpected;
};

/* Start helpers of all kinds: that exit, die, get files, are killed, cannot be run. */
static void *start_helpers(void *arg)
{
	struct crowd *crowd = arg;
	const struct helper_fd fds[] = {
		{ AR_GATE_FD, AR_REPORT_FD }, { AR_REPORT_FD, AR_GATE_FD },
	};
	int i, status, wanted;
	char code[8];

	for (i = 0; i < crowd->starts && time(NULL) < crowd->end; i++) {
		struct helper_args args = AR_HELPER(i % 4 == 1 ? "signal" : "exit", code);
		struct helper helper;
		struct pollfd end;

		wanted = i % 4 == 1 ? SIGTERM : i % 251;
		snprintf(code, sizeof(code), "%d", wanted);
		if (i % 4 == 2) {
			args.fds = fds;
			args.nfds = 2;
		}
		if (i % 8 == 7)
			args.path = "/none";
		crowd->started++;
		errno = EDOM;
		if (helper_start(&helper, &args)) {
			if (i % 8 != 7 || errno != ENOENT || helper.step != HELPER_EXEC)
				crowd->wrong++;
			continue;
		}
		if (i % 8 == 7 || errno != EDOM)
			crowd->wrong++;
		if (i % 4 == 0 && helper.pidfd >= 0) {
			end.fd = helper.pidfd;
			end.events = helper_events(&helper);
			while (poll(&end, 1, -1) < 0 && errno == EINTR)
				;
		}
		status = -1;
		if (helper_wait(&helper, &status) ||
		    status != (i % 4 == 1 ? wanted : AR_EXITED(wanted)))
			crowd->wrong++;
	}
	crowd->done++;
	return NULL;
}

static void *allocate(void *arg)
{
	struct crowd *crowd = arg;
	size_t size = 16;
	void *memory;

	while (!crowd->stop) {
		memory = malloc(size);
		if (memory)
			memset(memory, 0, size);
		free(memory);
		size = size > 1 << 18 ? 16 : size * 3;
		sched_yield();
	}
	return NULL;
}

/* Older libcs have them in a library of their own. */
#pragma weak dlopen
#pragma weak dlclose

/* If it is not static: then it has been loaded by something. */
static void *load_libraries(void *arg)
{
	struct crowd *crowd = arg;
	void *library;

	while (!crowd->stop && getauxval(AT_BASE) && dlopen && dlclose) {
		library = dlopen("libm.so.6", RTLD_NOW);
		if (library)
			dlclose(library);
		sched_yield();
	}
	return NULL;
}

/* Children of the application's own. With the flag another thread waits for all that there is. */
static void *fork_children(void *arg)
{
	struct crowd *crowd = arg;
	pid_t pid;
	int status;

	while (!crowd->stop) {
		pid = fork();
		if (!pid)
			_exit(5);
		if (pid < 0)
			continue;
		crowd->forked++;
		if (crowd->is_autoreap)
			usleep(1000);
		else if (waitpid(pid, &status, 0) != pid || status != AR_EXITED(5))
			crowd->wrong++;
	}
	return NULL;
}

static void *wait_for_all(void *arg)
{
	struct crowd *crowd = arg;
	bool is_last;
	int status;
	pid_t pid;

	do {
		is_last = crowd->no_more;
		pid = waitpid(-1, &status, __WALL);
		if (pid > 0 && status == AR_EXITED(5))
			crowd->found++;
		else if (pid > 0)
			crowd->unexpected++;
		else
			sched_yield();
	} while (pid > 0 || !is_last || errno != ECHILD);
	return NULL;
}

static void *(* const others[])(void *) = {
	allocate, load_libraries, fork_children,
};

TEST_F_TIMEOUT(race, a_crowd_finds_every_status, 160)
{
	int i, n = self->rounds * (variant->way.way == HELPER_BY_AUTOREAP ? 20 : 5);
	struct itimerval often = { { 0, 5000 }, { 0, 5000 } }, never = {};
	pthread_t starters[STARTERS], rest[ARRAY_SIZE(others)], waiter;
	struct crowd crowd = { .is_autoreap = variant->way.way == HELPER_BY_AUTOREAP };
	struct helper_args args = AR_HELPER("exit", "7");
	struct ar_left before;
	struct helper helper;
	int pages;

	ASSERT_EQ(0, handle(SIGALRM));
	ASSERT_STARTS(&helper, &args);
	EXPECT_ENDS(AR_EXITED(7), &helper);
	crowd.starts = n / STARTERS;
	crowd.end = time(NULL) + MOST_SECONDS;
	before = ar_left();
	EXPECT_EQ(0, before.children);
	ASSERT_EQ(0, setitimer(ITIMER_REAL, &often, NULL));
	for (i = 0; i < ARRAY_SIZE(others); i++)
		ASSERT_EQ(0, pthread_create(&rest[i], NULL, others[i], &crowd));
	if (crowd.is_autoreap)
		ASSERT_EQ(0, pthread_create(&waiter, NULL, wait_for_all, &crowd));
	for (i = 0; i < STARTERS; i++)
		ASSERT_EQ(0, pthread_create(&starters[i], NULL, start_helpers, &crowd));
	for (i = 0; i < STARTERS; i++)
		ASSERT_EQ(0, pthread_join(starters[i], NULL));
	ASSERT_EQ(0, setitimer(ITIMER_REAL, &never, NULL));
	crowd.stop = true;
	for (i = 0; i < ARRAY_SIZE(others); i++)
		ASSERT_EQ(0, pthread_join(rest[i], NULL));
	crowd.no_more = true;
	if (crowd.is_autoreap) {
		ASSERT_EQ(0, pthread_join(waiter, NULL));
		EXPECT_EQ(crowd.forked, crowd.found);
		EXPECT_EQ(0, crowd.unexpected);
	}
	EXPECT_EQ(STARTERS, crowd.done);
	EXPECT_EQ(0, crowd.wrong);
	EXPECT_EQ(0, shared->strayed);
	EXPECT_LT(0, shared->handled);
	EXPECT_LT(0, crowd.forked);
	EXPECT_EQ(0, ar_left().children);
	EXPECT_EQ(before.next_fd, ar_left().next_fd);
	EXPECT_LT(0, crowd.started);
	TH_LOG("%d of %d helpers, %d signals, %d other children", crowd.started, n,
	       shared->handled, crowd.forked);

	/* libc keeps stacks and arenas, so memory is counted when it has them. */
	pages = ar_left().pages;
	crowd.starts /= 5;
	crowd.started = 0;
	crowd.end = time(NULL) + MOST_SECONDS / 5;
	for (i = 0; i < STARTERS; i++)
		ASSERT_EQ(0, pthread_create(&starters[i], NULL, start_helpers, &crowd));
	for (i = 0; i < STARTERS; i++)
		ASSERT_EQ(0, pthread_join(starters[i], NULL));
	/* A child's memory is nine pages, or one if they are large. */
	EXPECT_GT(crowd.started, ar_left().pages - pages);
	EXPECT_EQ(0, crowd.wrong);
}

int main(int argc, char **argv)
{
	ar_helper_role(argc, argv);
	return test_harness_run(argc, argv);
}
