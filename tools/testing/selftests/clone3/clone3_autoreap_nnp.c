// SPDX-License-Identifier: GPL-2.0
/*
 * CLONE_NNP, and which flags of clone3() go together: the child alone gets no_new_privs,
 * and each wrong combination of the flags has its errno.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <sys/prctl.h>

#include "../kselftest_harness.h"
#include "clone3_autoreap.h"
#include "clone3_autoreap_info.h"
#include "clone3_autoreap_autokill.h"

static int has_nnp(void)
{
	return prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0);
}

FIXTURE(nnp)
{
};

FIXTURE_SETUP(nnp)
{
	if (!ar_knows(CLONE_NNP))
		SKIP(return, "this kernel does not know CLONE_NNP");
	if (has_nnp())
		SKIP(return, "no_new_privs is set already");
}

FIXTURE_TEARDOWN(nnp)
{
}

/* What a child finds out, by its exit code; -1 if it was not made. */
static int in_child(__u64 flags, int (*what)(void))
{
	pid_t pid = ar_fork(flags, SIGCHLD, NULL);

	if (!pid)
		_exit(what());
	return ar_exit_code(pid);
}

static int child_has_nnp(void)
{
	return in_child(0, has_nnp);
}

static void *thread_has_nnp(void *has)
{
	*(int *)has = has_nnp();
	return NULL;
}

/* Itself, its threads, its children: all have it, and a program that it executes. */
static int hands_it_on(void)
{
	pthread_t thread;
	int has = 0;

	if (pthread_create(&thread, NULL, thread_has_nnp, &has) || pthread_join(thread, NULL))
		return 255;
	return has_nnp() == 1 && has == 1 && child_has_nnp() == 1;
}

static int calls_exec(void)
{
	execl("/proc/thread-self/exe", "clone3_autoreap", "nnp", NULL);
	return 255;
}

static int nothing_gained(void)
{
	return prctl(PR_SET_NO_NEW_PRIVS, 0, 0, 0, 0) == -1 && errno == EINVAL && has_nnp() == 1;
}

/* The child has it from its first moment on, its creator and its siblings do not. */
TEST_F(nnp, is_for_the_child_alone)
{
	static const __u64 with[] = { 0, CLONE_VFORK, CLONE_FILES, CLONE_CLEAR_SIGHAND };
	unsigned int i;

	ASSERT_EQ(0, has_nnp());
	for (i = 0; i < ARRAY_SIZE(with); i++) {
		EXPECT_EQ(1, in_child(CLONE_NNP | with[i], has_nnp));
		EXPECT_EQ(0, in_child(with[i], has_nnp));
		EXPECT_EQ(0, has_nnp());
	}
	EXPECT_EQ(1, in_child(CLONE_NNP, hands_it_on));
	EXPECT_EQ(1, in_child(CLONE_NNP, calls_exec));
	EXPECT_EQ(0, in_child(0, calls_exec));
	EXPECT_EQ(1, in_child(CLONE_NNP, nothing_gained));
}

/* Who has it hands it on as ever: the flag adds nothing then. */
TEST_F(nnp, may_be_asked_for_twice)
{
	ASSERT_EQ(0, prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
	EXPECT_EQ(1, in_child(CLONE_NNP, has_nnp));
	EXPECT_EQ(1, in_child(0, has_nnp));
}

/* The flags whose combinations have errnos, and what makes a thread. */
static const __u64 flags[] = {
	CLONE_PIDFD, CLONE_AUTOREAP, CLONE_NNP, CLONE_PIDFD_AUTOKILL,
	CLONE_THREAD | CLONE_SIGHAND | CLONE_VM, CLONE_PARENT,
};

#define COMBINATIONS 64
_Static_assert(ARRAY_SIZE(flags) == 6, "two to the power of that are the combinations");

static __u64 combined(unsigned int row)
{
	__u64 all = 0;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(flags); i++)
		if (row & 1U << i)
			all |= flags[i];
	return all;
}

/* What the page says of @all: 0 or an errno. */
static int told(__u64 all, int exit_signal, bool privileged)
{
	const bool thread = all & CLONE_THREAD, parent = all & CLONE_PARENT;
	const bool autoreap = all & CLONE_AUTOREAP, autokill = all & CLONE_PIDFD_AUTOKILL;
	const bool invalid = (exit_signal && (autoreap || thread || parent)) ||
			     (autoreap && (thread || parent)) ||
			     ((all & CLONE_NNP) && thread) ||
			     (autokill && (!(all & CLONE_PIDFD) || !autoreap || thread));
	const bool denied = autokill && !(all & CLONE_NNP) && !privileged;

	return invalid ? EINVAL : denied ? EPERM : 0;
}

/* What clone3() says, in a process of its own; its parent waits for a sibling. */
static int asked(__u64 all, int exit_signal, bool privileged)
{
	int status, pidfd, error = -1;
	struct ar_clone_args args = {
		.flags = all,
		.exit_signal = exit_signal,
		.pidfd = ar_ptr(&pidfd),
	};
	pid_t pid, asker = fork();

	if (!asker) {
		if (unshare(CLONE_NEWUSER) || (!privileged && ar_drop_sys_admin()))
			_exit(255);
		pid = ar_clone3(&args, sizeof(args));
		_exit(pid < 0 ? errno : 0);
	}
	while ((pid = waitpid(-1, &status, __WALL)) > 0)
		if (pid == asker && WIFEXITED(status))
			error = WEXITSTATUS(status);
	return error;
}

static char letter(int error)
{
	if (!error)
		return '0';
	return error == EINVAL ? 'I' : error == EPERM ? 'P' : '?';
}

/* Each combination, also what is wrong in two ways, has the errno that the page tells. */
TEST_F(nnp, every_combination_has_its_errno)
{
	char line[COMBINATIONS + 1] = "";
	unsigned int row, kind;

	if (asked(0, SIGCHLD, true))
		SKIP(return, "needs user namespaces");
	for (kind = 0; kind < 4; kind++) {
		const int exit_signal = kind & 1 ? SIGCHLD : 0;
		const bool privileged = kind & 2;

		for (row = 0; row < COMBINATIONS; row++) {
			const __u64 all = combined(row);
			int error;

			/* Threads are made by others. */
			line[row] = ' ';
			if ((all & CLONE_THREAD) && !told(all, exit_signal, privileged))
				continue;
			error = asked(all, exit_signal, privileged);
			EXPECT_EQ(told(all, exit_signal, privileged), error) {
				TH_LOG("flags 0x%llx, signal %d, %sprivileged", all, exit_signal,
				       privileged ? "" : "not ");
			}
			line[row] = letter(error);
		}
		TH_LOG("errnos %s", line);
	}
}

int main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "nnp"))
		return has_nnp();
	return test_harness_run(argc, argv);
}
