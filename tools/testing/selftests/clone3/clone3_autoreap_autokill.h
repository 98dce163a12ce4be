/* SPDX-License-Identifier: GPL-2.0 */
/* CLONE_NNP and CLONE_PIDFD_AUTOKILL for the tests. */
#ifndef CLONE3_AUTOREAP_AUTOKILL_H
#define CLONE3_AUTOREAP_AUTOKILL_H

#include "clone3_autoreap.h"
#include "clone3_autoreap_info.h"

#include <linux/capability.h>

/* What CLONE_PIDFD_AUTOKILL needs besides, of whoever has no privilege. */
#define AR_AUTOKILL (CLONE_AUTOREAP | CLONE_PIDFD | CLONE_NNP | CLONE_PIDFD_AUTOKILL)

/* The caller no longer has CAP_SYS_ADMIN in its user namespace. */
static inline int ar_drop_sys_admin(void)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct caps[2];

	if (syscall(__NR_capget, &head, caps))
		return -1;
	caps[0].effective &= ~(1U << CAP_SYS_ADMIN);
	return syscall(__NR_capset, &head, caps);
}

/* A child that answers whoever opens the gate, a pidfd of it that counts, and one not. */
struct ar_leash {
	struct ar_gate gate;
	int report[2];
	int pidfd;
	int watch;
	pid_t pid;
};

static inline void ar_leash_serve(const struct ar_leash *leash)
{
	char byte;

	while (read(leash->gate.fd[0], &byte, 1) == 1)
		ar_tell(leash->report[1], AR_CHILD_CODE);
	_exit(AR_CHILD_CODE);
}

/* A killed child answers no more: the signal is sent before close() returns. */
static inline bool ar_leash_lives(const struct ar_leash *leash)
{
	struct pollfd pfd[2] = {
		{ .fd = leash->report[0], .events = POLLIN },
		{ .fd = leash->watch, .events = POLLIN },
	};

	if (ar_gate_open(&leash->gate) || poll(pfd, 2, -1) < 1 || !pfd[0].revents)
		return false;
	return ar_hear(leash->report[0]) == AR_CHILD_CODE;
}

/* Wait until the child is gone: killed, unless it has ended as it likes. */
static inline bool ar_leash_was_killed(const struct ar_leash *leash)
{
	return ar_poll_gone(leash->watch) == POLLHUP && ar_status(leash->watch) == SIGKILL;
}

static inline int ar_leash_prepare(struct ar_leash *leash)
{
	return pipe(leash->gate.fd) || pipe(leash->report) ? -1 : 0;
}

/* Start a child that serves. */
static inline int ar_leash_start(struct ar_leash *leash, __u64 flags)
{
	leash->pid = ar_fork(flags, 0, &leash->pidfd);
	if (!leash->pid)
		ar_leash_serve(leash);
	leash->watch = leash->pid < 0 ? -1 : ar_pidfd_open(leash->pid, 0);
	return leash->watch < 0 ? -1 : 0;
}

FIXTURE(autokill)
{
	struct ar_leash leash;
};

/* False if the test is skipped. */
static inline bool ar_leash_set_up(struct __test_metadata *const _metadata, struct ar_leash *leash)
{
	if (!ar_knows(AR_AUTOKILL))
		SKIP(return false, "this kernel does not know CLONE_PIDFD_AUTOKILL");
	ASSERT_EQ(0, ar_leash_prepare(leash));
	return true;
}

FIXTURE_SETUP(autokill)
{
	ar_leash_set_up(_metadata, &self->leash);
}

FIXTURE_TEARDOWN(autokill)
{
}

#endif /* CLONE3_AUTOREAP_AUTOKILL_H */
