// SPDX-License-Identifier: GPL-2.0
/*
 * The functions of samples/pidfd/helper.h in an application that has threads, which are
 * cancelled, end, or fork. See clone3_autoreap_helper.c.
 */
#define _GNU_SOURCE

#include "../kselftest_harness.h"
#include "clone3_autoreap.h"
#include "clone3_autoreap_helper.h"

/* Where threads are needed: libc makes them by clone3(), unless it is told ENOSYS. */
FIXTURE(thread)
{
	struct ar_start start;
};

FIXTURE_VARIANT(thread)
{
	struct ar_way way;
};

FIXTURE_VARIANT_ADD(thread, autoreap) { AR_WAY_AUTOREAP };
FIXTURE_VARIANT_ADD(thread, clone3) { AR_WAY_CLONE3 };
FIXTURE_VARIANT_ADD(thread, clone) { AR_WAY_CLONE };
FIXTURE_VARIANT_ADD(thread, fork) { AR_WAY_FORK };
FIXTURE_VARIANT_ADD(thread, alone) { AR_WAY_ALONE };

FIXTURE_SETUP(thread)
{
	ar_start_set_up(_metadata, &self->start, &variant->way);
}

FIXTURE_TEARDOWN(thread)
{
}

/* What a thread is to run, and what has come of it. */
struct run {
	struct helper_args *args;
	struct helper helper;
	struct ar_start *start;
	int started, waited, status, killed;
	bool is_done;
};

/* A cancellation that is pending acts at the first cancellation point: none of these is one. */
static void *run_when_cancelled(void *arg)
{
	struct run *run = arg;

	pthread_cancel(pthread_self());
	run->started = helper_start(&run->helper, run->args);
	run->killed = helper_kill(&run->helper, 0);
	syscall(__NR_write, run->start->gate.fd[1], "", 1);
	run->waited = helper_wait(&run->helper, &run->status);
	run->is_done = true;
	pthread_testcancel();
	return NULL;
}

TEST_F(thread, is_not_cancelled_in_these_functions)
{
	struct helper_args args = AR_HELPER("hold"), none = AR_HELPER("none");
	struct run run = { .args = &args, .start = &self->start, .waited = -1 };
	pthread_t thread;
	void *result;

	ASSERT_EQ(0, pthread_create(&thread, NULL, run_when_cancelled, &run));
	ASSERT_EQ(0, pthread_join(thread, &result));
	EXPECT_EQ(PTHREAD_CANCELED, result);
	EXPECT_TRUE(run.is_done);
	EXPECT_EQ(0, run.started);
	EXPECT_EQ(variant->way.way, run.helper.way);
	EXPECT_EQ(0, run.killed);
	EXPECT_EQ(0, run.waited);
	EXPECT_EQ(AR_EXITED(AR_CHILD_CODE), run.status);

	/* Nor where it fails. */
	none.path = "/none";
	run = (struct run){ .args = &none, .start = &self->start };
	run.helper.pid = -1;
	ASSERT_EQ(0, pthread_create(&thread, NULL, run_when_cancelled, &run));
	ASSERT_EQ(0, pthread_join(thread, &result));
	EXPECT_EQ(PTHREAD_CANCELED, result);
	EXPECT_EQ(-1, run.started);
}

static void *run_until_cancelled(void *arg)
{
	struct run *run = arg;

	pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, NULL);
	run->started = helper_start(&run->helper, run->args);
	for (;;)
		pthread_testcancel();
	return NULL;
}

/*
 * One that acts at once does so when all is done: the program runs, what the function has
 * taken is given back, and somebody else can wait for the helper.
 */
TEST_F(thread, is_not_lost_to_a_cancellation)
{
	struct helper_args args = AR_HELPER("facts");
	struct run run = { .args = &args };
	struct ar_left before = {};
	struct ar_facts facts;
	pthread_t thread;
	void *result;
	pid_t pid;
	int i;

	args.flags = HELPER_SETSID;
	ar_in_child = ar_hold_in_child;
	for (i = 0; i < 4; i++) {
		if (i == 2)
			before = ar_left();
		ASSERT_EQ(0, pthread_create(&thread, NULL, run_until_cancelled, &run));
		pid = ar_hear(self->start.report);
		ASSERT_LT(0, pid);
		ASSERT_EQ(0, pthread_cancel(thread));
		ASSERT_EQ(0, ar_gate_open(&self->start.gate));
		ASSERT_EQ(0, pthread_join(thread, &result));
		EXPECT_EQ(PTHREAD_CANCELED, result);
		ASSERT_TRUE(ar_hear_facts(self->start.report, &facts));
		EXPECT_EQ(pid, facts.pid);
		EXPECT_EQ(pid, run.helper.pid);
		EXPECT_ENDS(0, &run.helper);
	}
	EXPECT_NOTHING_LEFT(before);
}

static void *run_and_end(void *arg)
{
	struct run *run = arg;

	run->started = helper_start(&run->helper, run->args);
	return NULL;
}

TEST_F(thread, outlives_the_thread_that_has_started_it)
{
	struct helper_args args = AR_HELPER("hold");
	struct run run = { .args = &args };
	pthread_t thread;

	ASSERT_EQ(0, pthread_create(&thread, NULL, run_and_end, &run));
	ASSERT_EQ(0, pthread_join(thread, NULL));
	ASSERT_EQ(0, run.started);
	EXPECT_EQ(0, helper_kill(&run.helper, 0));
	ASSERT_EQ(0, ar_gate_open(&self->start.gate));
	EXPECT_ENDS(AR_EXITED(AR_CHILD_CODE), &run.helper);
}

/* Forks a worker, which has copies of all files and keeps them, while the child lives. */
static void *fork_worker(void *arg)
{
	struct run *run = arg;
	char byte;

	if (ar_hear(run->start->report) <= 0)
		return NULL;
	run->started = fork();
	if (!run->started) {
		for (;;)
			read(-1, &byte, pause());
	}
	ar_gate_open(&run->start->gate);
	return NULL;
}

TEST_F(thread, does_not_wait_for_a_worker_that_is_forked_meanwhile)
{
	struct helper_args args = AR_HELPER("exit", "7");
	struct run run = { .start = &self->start };
	struct helper helper;
	pthread_t thread;

	args.flags = HELPER_SETSID;
	ar_in_child = ar_hold_in_child;
	ASSERT_EQ(0, pthread_create(&thread, NULL, fork_worker, &run));
	ASSERT_STARTS(&helper, &args);
	EXPECT_ENDS(AR_EXITED(7), &helper);
	ASSERT_EQ(0, pthread_join(thread, NULL));
	ASSERT_LT(0, run.started);
	/* It has lived all the time. */
	EXPECT_EQ(0, waitpid(run.started, NULL, WNOHANG));
	EXPECT_EQ(0, kill(run.started, SIGKILL));
	EXPECT_EQ(run.started, waitpid(run.started, NULL, 0));
}

int main(int argc, char **argv)
{
	ar_helper_role(argc, argv);
	return test_harness_run(argc, argv);
}
