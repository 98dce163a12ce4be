/* SPDX-License-Identifier: GPL-2.0 */
/* Actors get orders, and what they really are is held against the contract. */
#ifndef CLONE3_AUTOREAP_OBSERVE_H
#define CLONE3_AUTOREAP_OBSERVE_H

#include "clone3_autoreap_actor.h"
#include "clone3_autoreap_contract.h"

#include <linux/futex.h>
#include <stdarg.h>

static struct mail *mails;

static inline long futex(int *word, int what, int value)
{
	return syscall(__NR_futex, word, what, value, NULL, NULL, 0);
}

/* An actor takes orders from its mail. */
static void act_as(long self)
{
	struct mail *mail = &mails[self];
	int order;
	long ret;

	__atomic_store_n(&mail->started, 1, __ATOMIC_SEQ_CST);
	for (;;) {
		while (!__atomic_load_n(&mail->order, __ATOMIC_SEQ_CST))
			futex(&mail->order, FUTEX_WAIT, 0);
		order = mail->order;
		__atomic_store_n(&mail->order, 0, __ATOMIC_SEQ_CST);
		ret = ar_obey(mail, order);
		mail->result = ret == -1 ? -errno : ret;
		__atomic_store_n(&mail->answered, 1, __ATOMIC_SEQ_CST);
	}
}

/* Seconds until what should come does not; a program that was once wrong need not wait. */
static int patience = 10;

/* What is known of the tasks apart from what they should be. */
static struct {
	pid_t tid;
	int pidfd, threadfd;
	int events; /* last seen of the pidfd */
	char state; /* last seen: T, t, Z of a leader whose threads live, or nothing */
} real[TASKS];

/* Whether the kernel has CLONE_NNP and CLONE_PIDFD_AUTOKILL. */
static bool has_family;
static __u64 digest;
static bool printing, different;
static char difference[200];

/* A line of what happens; it counts for the digest. */
static void say(const char *format, ...)
{
	char line[256], *p;
	va_list args;

	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	if (printing)
		printf("# %s\n", line);
	for (p = line; *p; p++)
		digest = (digest ^ (unsigned char)*p) * 1099511628211ULL;
}

static void differs(const char *what, int who, long want, long got)
{
	if (different)
		return;
	different = true;
	snprintf(difference, sizeof(difference),
		 "%s of %d: %ld (0x%lx) expected, %ld (0x%lx) found", what, who, want, want, got,
		 got);
	if (printing)
		printf("# DIFFERENT: %s\n", difference);
}

/* Let others run; false if that has been of no use for too long. */
static bool be_patient(time_t *start, int *tries)
{
	if (++*tries < 1000) {
		sched_yield();
		return true;
	}
	if (*tries == 1000)
		*start = ar_now();
	usleep(1000);
	return ar_now() - *start < patience;
}

static void order(int t, enum order what, long a, long b, long c, long d)
{
	struct mail *mail = &mails[t];
	long arg[] = { a, b, c, d };

	memcpy(mail->arg, arg, sizeof(arg));
	mail->answered = 0;
	__atomic_store_n(&mail->order, what, __ATOMIC_SEQ_CST);
	futex(&mail->order, FUTEX_WAKE, 1);
}

static bool comes(int *word)
{
	int tries = 0;
	time_t start = 0;

	while (!__atomic_load_n(word, __ATOMIC_SEQ_CST))
		if (!be_patient(&start, &tries))
			return false;
	return true;
}

/* Give the order and wait for the answer. */
static long ask(int t, enum order what, long a, long b, long c, long d)
{
	order(t, what, a, b, c, d);
	if (comes(&mails[t].answered))
		return mails[t].result;
	differs("answer", t, what, 0);
	return -ETIME;
}

static void expect(const char *what, int who, long want, long got)
{
	if (want != got)
		differs(what, who, want, got);
}

static bool acts(int t)
{
	return tasks[t].state == RUNS && !tasks[process(t)].stopped;
}

static void forget(int t)
{
	if (real[t].pidfd >= 0)
		close(real[t].pidfd);
	if (real[t].threadfd >= 0)
		close(real[t].threadfd);
	real[t].pidfd = -1;
	real[t].threadfd = -1;
	real[t].events = 0;
	real[t].state = 0;
	memset(&mails[t], 0, sizeof(mails[t]));
}

/* The task @new is there as @tid; a process may have come with a pidfd of the task @by. */
static void meet(int new, pid_t tid, int by, int pidfd)
{
	real[new].tid = tid;
	real[new].threadfd = ar_pidfd_open(tid, PIDFD_THREAD);
	if (is_process(new))
		real[new].pidfd = pidfd < 0 ? ar_pidfd_open(tid, 0) :
				  syscall(__NR_pidfd_getfd, real[by].threadfd, pidfd, 0);
	if (real[new].threadfd < 0 || (is_process(new) && real[new].pidfd < 0))
		differs("pidfd", new, 0, -errno);
	if (!comes(&mails[new].started))
		differs("start", new, 1, 0);
	else
		expect("no_new_privs", new, tasks[process(new)].no_new_privs,
		       ask(new, DO_ANSWER, 0, 0, 0, 0));
}

/* Look until all pidfds and states are as they should be. */
static void observe(void)
{
	struct pollfd fds[2 * TASKS];
	int t, n, i, wrong, tries = 0, want[2 * TASKS], whose[2 * TASKS];
	time_t start = 0;
	char state;

	for (t = n = 0; t < TASKS; t++) {
		if (tasks[t].state == NONE)
			continue;
		whose[n] = t;
		want[n] = events_of_thread(t);
		fds[n++] = (struct pollfd){ .fd = real[t].threadfd, .events = POLLIN };
		if (!is_process(t))
			continue;
		whose[n] = t;
		want[n] = events_of_process(t);
		fds[n++] = (struct pollfd){ .fd = real[t].pidfd, .events = POLLIN };
	}
	do {
		poll(fds, n, 0);
		for (i = 0, wrong = NOBODY; i < n; i++)
			if (fds[i].revents != want[i])
				wrong = i;
	} while (wrong != NOBODY && be_patient(&start, &tries));
	if (wrong != NOBODY)
		differs(fds[wrong].fd == real[whose[wrong]].pidfd ? "poll()" :
			"poll() of the thread", whose[wrong], want[wrong], fds[wrong].revents);

	for (t = 0; t < TASKS && !different; t++) {
		state = tasks[t].state == TRAPPED ? 't' :
			tasks[t].state == ZOMBIE && !tasks[t].dead ? 'Z' :
			tasks[t].state == RUNS && tasks[process(t)].stopped ? 'T' : 0;
		if (state == real[t].state)
			continue;
		real[t].state = state;
		for (tries = 0; state && ar_state(real[t].tid) != state; )
			if (!be_patient(&start, &tries)) {
				differs("state", t, state, ar_state(real[t].tid));
				break;
			}
		/* One that was continued has said so when it answers. */
		if (!state && acts(t))
			ask(t, DO_ANSWER, 0, 0, 0, 0);
	}
}

/*
 * The status by PIDFD_GET_INFO of each process whose pidfd tells something new: there if
 * nobody can wait for the process any more, and not before.
 */
static void look_at_status(void)
{
	int t, events, status;

	for (t = 0; t < TASKS; t++) {
		if (!is_process(t))
			continue;
		events = events_of_process(t);
		if (events == real[t].events)
			continue;
		real[t].events = events;
		status = ar_status(real[t].pidfd);
		say("  %d: %s", t, tasks[t].state == GONE ? "gone" : "zombie");
		expect("status", t, tasks[t].state == GONE ? tasks[t].status : AR_NO_STATUS,
		       status);
	}
}

#endif /* CLONE3_AUTOREAP_OBSERVE_H */
