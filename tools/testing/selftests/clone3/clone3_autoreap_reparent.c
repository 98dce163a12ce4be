// SPDX-License-Identifier: GPL-2.0
/*
 * CLONE_AUTOREAP and reparenting: the property goes with the child to whoever
 * adopts it.
 *
 * KSFT_ROUNDS sets how much of each storm there is.
 */
#define _GNU_SOURCE
#include <ctype.h>
#include <dirent.h>
#include <pthread.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>

#include "../kselftest_harness.h"
#include "clone3_autoreap.h"
#include "clone3_autoreap_info.h"

/* A child that the caller is told of, and a pidfd of it. */
static pid_t hear_child(int report, int *pidfd)
{
	pid_t pid = ar_hear(report);

	*pidfd = ar_pidfd_open(pid, 0);
	return *pidfd < 0 ? -1 : pid;
}

/* A parent that tells which child it has made, and leaves it behind when told to. */
static pid_t start_parent(__u64 flags, const struct ar_gate *gate, int report, int leave,
			  int *pidfd)
{
	pid_t pid = ar_fork(CLONE_AUTOREAP, 0, pidfd);

	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	ar_tell(report, ar_start(flags, NULL, gate, AR_CHILD_CODE));
	ar_hear(leave);
	_exit(0);
}

/* The property goes with the child to a subreaper, which gets nothing of it. */
TEST_F(autoreap, survives_reparenting)
{
	int i, pidfd, parent_fd = -1, leave[2];
	struct ar_stat st = {};
	pid_t pid;

	ASSERT_EQ(0, prctl(PR_SET_CHILD_SUBREAPER, 1));
	ASSERT_EQ(0, pipe(leave));
	for (i = 0; i < 2; i++) {
		ASSERT_LT(0, start_parent(ar_both[i], &self->gate, self->report[1], leave[0],
					  &parent_fd));
		pid = hear_child(self->report[0], &pidfd);
		ASSERT_LT(0, pid);
		ASSERT_EQ(0, ar_stat(pid, &st));
		EXPECT_EQ(ar_both[i] ? 0 : SIGCHLD, st.exit_signal);

		ar_tell(leave[1], 0);
		ASSERT_EQ(POLLHUP, ar_poll_gone(parent_fd));
		/* Reparenting gives it an exit signal: it is waited for, in vain. */
		ASSERT_EQ(0, ar_stat(pid, &st));
		EXPECT_EQ(getpid(), st.ppid);
		EXPECT_EQ(SIGCHLD, st.exit_signal);
		EXPECT_EQ(0, waitpid(pid, NULL, WNOHANG));
		ASSERT_EQ(0, ar_gate_open(&self->gate));
		ar_expect_end(_metadata, ar_both[i], pid, pidfd);
	}
}

/* When a child calls exec: before it is adopted, after that, or never. */
enum exec_when { NEVER, BEFORE, AFTER };

static pid_t start_adoptee(__u64 flags, enum exec_when exec, struct ar_gate *gate)
{
	pid_t pid;

	if (exec == BEFORE)
		return ar_start_exec(flags, NULL, gate);
	if (exec == NEVER)
		return ar_start(flags, NULL, gate, AR_CHILD_CODE);
	pid = ar_fork(flags, 0, NULL);
	if (pid)
		return pid;
	ar_gate_pass(gate);
	ar_exec_self("child", gate, 0);
	return -1;
}

/* What the caller gets of a child that it adopts. */
static int adopt(__u64 flags, enum exec_when exec, struct ar_gate *gate, const int *report)
{
	pid_t pid, parent = fork();

	if (!parent) {
		ar_tell(report[1], start_adoptee(flags, exec, gate));
		_exit(0);
	}
	if (parent < 0)
		return 255;
	pid = ar_hear(report[0]);
	if (ar_exit_code(parent) || ar_take_sigchld() != 1 ||
	    waitpid(pid, NULL, WNOHANG) || ar_gate_open(gate) ||
	    (exec == AFTER && ar_gate_open(gate)))
		return 255;
	return ar_wait_and_report(pid);
}

/* Neither a subreaper nor an init gets anything, whatever program the child runs. */
TEST_F(autoreap, gives_nothing_to_its_adopter)
{
	int i, by_init, exec, status = -1;
	pid_t pid;

	for (i = 0; i < 2 * 2 * 3; i++) {
		by_init = i / 2 % 2;
		exec = i / 4;
		pid = by_init ? ar_fork_init(0, NULL) : fork();
		ASSERT_LE(0, pid);
		if (!pid) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			if (!by_init && prctl(PR_SET_CHILD_SUBREAPER, 1))
				_exit(255);
			_exit(adopt(ar_both[i % 2], exec, &self->gate, self->report));
		}
		ASSERT_EQ(pid, waitpid(pid, &status, 0));
		EXPECT_EQ(AR_EXITED(ar_both[i % 2] ? 0 : AR_GOT_CHILD | AR_GOT_SIGCHLD), status)
			TH_LOG("adopted by init: %d, exec: %d", by_init, exec);
	}
}

/* A child made at the bottom of @depth subreapers, each of which ends after the next. */
static pid_t start_below(int depth, __u64 flags, const struct ar_gate *gate, int report)
{
	pid_t pid = fork();

	if (pid)
		return pid;
	if (!depth) {
		ar_tell(report, ar_start(flags, NULL, gate, AR_CHILD_CODE));
		_exit(0);
	}
	if (prctl(PR_SET_CHILD_SUBREAPER, 1))
		_exit(255);
	pid = start_below(depth - 1, flags, gate, report);
	_exit(ar_exit_code(pid));
}

/* However often it is reparented, the child keeps the property. */
TEST_F(autoreap, goes_through_many_adopters)
{
	int i, pidfd, status = -1;
	pid_t pid, top;

	ASSERT_EQ(0, prctl(PR_SET_CHILD_SUBREAPER, 1));
	for (i = 0; i < 2; i++) {
		top = start_below(4, ar_both[i], &self->gate, self->report[1]);
		ASSERT_LT(0, top);
		pid = hear_child(self->report[0], &pidfd);
		ASSERT_LT(0, pid);
		ASSERT_EQ(top, waitpid(top, &status, 0));
		ASSERT_EQ(0, status);
		ASSERT_EQ(1, ar_take_sigchld());
		ASSERT_EQ(0, waitpid(pid, NULL, WNOHANG));
		ASSERT_EQ(0, ar_gate_open(&self->gate));
		ar_expect_end(_metadata, ar_both[i], pid, pidfd);
	}
}

/* What a thread needs to know that starts a child, or traces one. */
struct thread_args {
	__u64 flags;
	pid_t pid;
	const struct ar_gate *gate;
	int report;
	int leave;
};

static int make_and_leave(void *arg)
{
	const struct thread_args *args = arg;

	ar_tell(args->report, ar_start(args->flags, NULL, args->gate, AR_CHILD_CODE));
	ar_hear(args->leave);
	return 0;
}

/* If the thread that made it ends, the child goes to another thread, as it is. */
TEST_F(autoreap, goes_to_another_thread_of_the_parent)
{
	struct thread_args args = { .gate = &self->gate, .report = self->report[1] };
	struct ar_stat st = {};
	int i, pidfd, leave[2];
	pid_t pid, tid;

	ASSERT_EQ(0, pipe(leave));
	args.leave = leave[0];
	for (i = 0; i < 2; i++) {
		args.flags = ar_both[i];
		tid = ar_start_thread(make_and_leave, &args, NULL);
		ASSERT_LT(0, tid);
		pid = hear_child(self->report[0], &pidfd);
		ASSERT_LT(0, pid);
		EXPECT_EQ(0, waitpid(pid, NULL, WNOHANG | __WALL));
		EXPECT_EQ(-1, waitpid(pid, NULL, WNOHANG | __WALL | __WNOTHREAD));
		EXPECT_EQ(ECHILD, errno);

		ar_tell(leave[1], 0);
		ar_await_thread(getpid(), tid);
		EXPECT_EQ(0, waitpid(pid, NULL, WNOHANG | __WALL | __WNOTHREAD));
		ASSERT_EQ(0, ar_stat(pid, &st));
		EXPECT_EQ(ar_both[i] ? 0 : SIGCHLD, st.exit_signal);
		ASSERT_EQ(0, ar_gate_open(&self->gate));
		ar_expect_end(_metadata, ar_both[i], pid, pidfd);
	}
}

/* An init that waits for anyone sleeps until its adoptee ends, and is told of no one. */
TEST_F(autoreap, lets_its_adopter_sleep)
{
	pid_t pid, parent, adopter = getpid();
	int i, pidfd;

	ASSERT_EQ(0, prctl(PR_SET_CHILD_SUBREAPER, 1));
	for (i = 0; i < 2; i++) {
		parent = fork();
		ASSERT_LE(0, parent);
		if (!parent) {
			pid = ar_fork(ar_both[i], ar_both[i] ? 0 : SIGCHLD, NULL);
			if (!pid) {
				ar_gate_pass(&self->gate);
				ar_await_state(adopter, 'S');
				_exit(AR_CHILD_CODE);
			}
			ar_tell(self->report[1], pid);
			_exit(0);
		}
		pid = hear_child(self->report[0], &pidfd);
		ASSERT_LT(0, pid);
		ASSERT_EQ(parent, waitpid(-1, NULL, 0));
		EXPECT_EQ(0, waitpid(-1, NULL, WNOHANG));
		ASSERT_EQ(0, ar_gate_open(&self->gate));
		EXPECT_EQ(ar_both[i] ? -1 : pid, waitpid(-1, NULL, 0));
		EXPECT_TRUE(ar_poll(pidfd) & POLLIN);
		close(pidfd);
	}
}

/* The signal that it wants at its parent's death arrives, and is in its status. */
TEST_F(autoreap, dies_of_the_death_of_its_parent)
{
	pid_t pid, parent;
	int i, pidfd;

	ASSERT_EQ(0, prctl(PR_SET_CHILD_SUBREAPER, 1));
	for (i = 0; i < 2; i++) {
		parent = ar_fork(CLONE_AUTOREAP, 0, NULL);
		ASSERT_LE(0, parent);
		if (!parent) {
			pid = ar_fork(ar_both[i], ar_both[i] ? 0 : SIGCHLD, NULL);
			if (!pid) {
				prctl(PR_SET_PDEATHSIG, SIGTERM);
				ar_tell(self->report[1], getpid());
			}
			ar_gate_pass(&self->gate);
			_exit(255);
		}
		pid = hear_child(self->report[0], &pidfd);
		ASSERT_LT(0, pid);
		ASSERT_EQ(0, kill(parent, SIGKILL));
		ASSERT_TRUE(ar_exited(pidfd));
		EXPECT_EQ(ar_both[i] ? -1 : pid, waitpid(pid, NULL, 0));
		EXPECT_EQ(POLLHUP, ar_poll_gone(pidfd));
		EXPECT_EQ(SIGTERM, ar_status(pidfd));
		EXPECT_EQ(!ar_both[i], ar_take_sigchld());
		close(pidfd);
	}
}

/* A tracer keeps its zombie when another adopts it, who gets nothing in the end. */
TEST_F(autoreap, is_adopted_as_zombie_of_a_tracer)
{
	int i, pidfd, status = -1, up[2], leave[2];
	pid_t pid, adopter;

	ASSERT_EQ(0, pipe(up));
	ASSERT_EQ(0, pipe(leave));
	for (i = 0; i < 2; i++) {
		adopter = fork();
		ASSERT_LE(0, adopter);
		if (!adopter) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			prctl(PR_SET_CHILD_SUBREAPER, 1);
			start_parent(ar_both[i], &self->gate, up[1], leave[0], &pidfd);
			pid = ar_hear(up[0]);
			ar_tell(self->report[1], pid);
			ar_tell(self->report[1], ar_poll_gone(pidfd));
			_exit(ar_wait_and_report(pid));
		}
		pid = hear_child(self->report[0], &pidfd);
		ASSERT_LT(0, pid);
		ASSERT_EQ(0, ptrace(PTRACE_SEIZE, pid, NULL, NULL));
		ASSERT_EQ(0, ar_gate_open(&self->gate));
		ASSERT_EQ(POLLIN, ar_poll_exited(pidfd));

		ar_tell(leave[1], 0);
		ASSERT_EQ(POLLHUP, ar_hear(self->report[0]));
		EXPECT_EQ('Z', ar_state(pid));
		EXPECT_EQ(AR_NO_STATUS, ar_status(pidfd));
		EXPECT_EQ(pid, waitpid(pid, &status, __WALL));
		EXPECT_EQ(AR_EXITED(AR_CHILD_CODE), status);
		EXPECT_EQ(POLLHUP, ar_poll_gone(pidfd));
		ASSERT_EQ(adopter, waitpid(adopter, &status, 0));
		EXPECT_EQ(AR_EXITED(ar_both[i] ? 0 : AR_GOT_CHILD | AR_GOT_SIGCHLD), status);
	}
}

/* Wait for every child, and say how many were found. */
static int wait_for_all(void)
{
	int found = 0;

	while (waitpid(-1, NULL, __WALL) > 0)
		found++;
	return errno == ECHILD ? found : -1;
}

/* The zombies among the descendants of the caller, all of which are its children. */
static int zombies(void)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;
	struct ar_stat st;
	int found = 0;

	while ((entry = readdir(proc))) {
		if (isdigit(entry->d_name[0]) && !ar_stat(atoi(entry->d_name), &st))
			found += st.state == 'Z' && st.ppid == getpid();
	}
	closedir(proc);
	return found;
}

/* 1 + 3 + 9 + 27 processes, any of which may end before or after its children. */
static pid_t start_tree(__u64 flags, int depth)
{
	pid_t pid = ar_fork(flags, flags ? 0 : SIGCHLD, NULL);
	int i;

	if (pid)
		return pid;
	for (i = 0; depth && i < 3; i++)
		start_tree(flags, depth - 1);
	if (depth == 1)
		raise(SIGKILL);
	_exit(AR_CHILD_CODE);
}

/* Families that die at once leave no zombie to whoever adopts what is left of them. */
TEST_F_TIMEOUT(autoreap, leaves_no_zombie_in_a_storm, AR_LONG_RUN)
{
	int i;

	ASSERT_EQ(0, prctl(PR_SET_CHILD_SUBREAPER, 1));
	for (i = 0; i < ar_rounds(); i += 10) {
		ASSERT_LT(0, start_tree(CLONE_AUTOREAP, 3));
		EXPECT_EQ(0, wait_for_all());
	}
	EXPECT_EQ(0, zombies());
	EXPECT_EQ(0, ar_take_sigchld());

	ASSERT_LT(0, start_tree(0, 3));
	ASSERT_EQ(0, waitid(P_ALL, 0, NULL, WEXITED | WNOWAIT));
	EXPECT_LE(1, zombies());
	EXPECT_EQ(40, wait_for_all());
	EXPECT_EQ(1, ar_take_sigchld());
}

/* If parent and child are killed at once, both are reaped, whichever is the first. */
TEST_F_TIMEOUT(autoreap, is_reaped_if_killed_with_its_parent, AR_LONG_RUN)
{
	int i, j, pidfd[2] = { -1, -1 };
	pid_t pid[2];
	__u64 flags;

	ASSERT_EQ(0, prctl(PR_SET_CHILD_SUBREAPER, 1));
	for (i = 0; i <= ar_rounds(); i++) {
		flags = i < ar_rounds() ? CLONE_AUTOREAP : 0;
		pid[0] = ar_fork(flags, flags ? 0 : SIGCHLD, &pidfd[0]);
		ASSERT_LE(0, pid[0]);
		if (!pid[0]) {
			setpgid(0, 0);
			ar_tell(self->report[1], ar_start(flags, NULL, &self->gate, AR_CHILD_CODE));
			ar_gate_pass(&self->gate);
			_exit(255);
		}
		pid[1] = hear_child(self->report[0], &pidfd[1]);
		ASSERT_LT(0, pid[1]);
		/* Both as a process group, or the one and then the other. */
		ASSERT_EQ(0, kill(i % 3 ? pid[i % 3 - 1] : -pid[0], SIGKILL));
		ASSERT_EQ(0, i % 3 ? kill(pid[2 - i % 3], SIGKILL) : 0);
		EXPECT_EQ(flags ? 0 : 2, wait_for_all());
		EXPECT_EQ(!flags, ar_take_sigchld());
		for (j = 0; j < 2; j++) {
			EXPECT_EQ(POLLHUP, ar_poll_gone(pidfd[j]));
			EXPECT_EQ(SIGKILL, ar_status(pidfd[j]));
			close(pidfd[j]);
		}
	}
}

static int seize_and_stay(void *arg)
{
	const struct thread_args *args = arg;

	ar_tell(args->report, ptrace(PTRACE_SEIZE, args->pid, NULL, NULL) ? -1 : args->pid);
	pause();
	return 0;
}

/* If a parent is killed whose other thread has the zombie as its tracer, that is reaped. */
TEST_F_TIMEOUT(autoreap, is_reaped_if_its_parent_dies_with_a_tracer, AR_LONG_RUN)
{
	struct thread_args args = { .report = self->report[1] };
	pid_t pid, parent;
	__u64 flags;
	int i, pidfd;

	ASSERT_EQ(0, prctl(PR_SET_CHILD_SUBREAPER, 1));
	for (i = 0; i <= ar_rounds(); i++) {
		flags = i < ar_rounds() ? CLONE_AUTOREAP : 0;
		parent = ar_fork(CLONE_AUTOREAP, 0, NULL);
		ASSERT_LE(0, parent);
		if (!parent) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			args.pid = ar_start(flags, NULL, &self->gate, AR_CHILD_CODE);
			if (ar_start_thread(seize_and_stay, &args, NULL) < 0)
				_exit(255);
			for (;;)
				pause();
		}
		pid = hear_child(self->report[0], &pidfd);
		ASSERT_LT(0, pid);
		ASSERT_EQ(0, ar_gate_open(&self->gate));
		ASSERT_EQ(POLLIN, ar_poll_exited(pidfd));
		EXPECT_EQ('Z', ar_state(pid));
		ASSERT_EQ(0, kill(parent, SIGKILL));
		EXPECT_EQ(!flags, wait_for_all());
		EXPECT_EQ(!flags, ar_take_sigchld());
		EXPECT_EQ(POLLHUP, ar_poll_gone(pidfd));
		EXPECT_EQ(0, close(pidfd));
	}
}

static void *wait_thread(void *found)
{
	*(int *)found = wait_for_all();
	return NULL;
}

/* Threads that wait for any child find a plain one, and never one of many others. */
TEST_F_TIMEOUT(autoreap, is_not_found_by_threads_that_wait, AR_LONG_RUN)
{
	int i, found[2], rounds = ar_rounds();
	pthread_t thread[2];
	pid_t pid;

	ASSERT_LT(0, ar_start(0, NULL, &self->gate, AR_CHILD_CODE));
	for (i = 0; i < 2; i++)
		ASSERT_EQ(0, pthread_create(&thread[i], NULL, wait_thread, &found[i]));
	for (i = 0; i < rounds; i++) {
		pid = ar_fork(CLONE_AUTOREAP, 0, NULL);
		ASSERT_LE(0, pid);
		if (!pid)
			_exit(AR_CHILD_CODE);
	}
	ASSERT_EQ(0, ar_gate_open(&self->gate));
	for (i = 0; i < 2; i++)
		ASSERT_EQ(0, pthread_join(thread[i], NULL));
	EXPECT_EQ(1, found[0] + found[1]);
	EXPECT_EQ(0, zombies());
}

int main(int argc, char **argv)
{
	return ar_is_exec_role(argc, argv) ? ar_exec_role(argv) : test_harness_run(argc, argv);
}
