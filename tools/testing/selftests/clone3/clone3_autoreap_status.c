// SPDX-License-Identifier: GPL-2.0
/*
 * The exit status of a process that reaps itself, by PIDFD_GET_INFO: it is the
 * one that wait(2) would have given, it stays with every pidfd, and while
 * somebody can still wait for the process there is none. The races are in
 * clone3_autoreap_race.c.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <pthread.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "../kselftest_harness.h"
#include "clone3_autoreap.h"
#include "clone3_autoreap_info.h"

/* What becomes of the first thread before a second one ends the process. */
enum leader { ALONE, STAYS, LEAVES };

#define LEADER_CODE 3
#define CORE_BIT 0x80

struct ending {
	enum leader leader;
	void (*end)(int arg);
	int arg;
	int status;
};

/* The core files go to a directory of their own. */
FIXTURE(ending)
{
	char dir[32];
};

FIXTURE_VARIANT(ending)
{
	struct ending ending;
};

static void by_exit(int code)
{
	_exit(code);
}

static void by_thread_exit(int code)
{
	syscall(__NR_exit, code);
}

static void by_signal(int sig)
{
	syscall(__NR_tgkill, getpid(), syscall(__NR_gettid), sig);
}

static void by_exec(int unused)
{
	struct ar_gate gate;

	(void)unused;
	if (!pipe(gate.fd) && !ar_gate_open(&gate))
		ar_exec_self("child", &gate, 0);
}

FIXTURE_VARIANT_ADD(ending, exit_0) { { ALONE, by_exit, 0, AR_EXITED(0) } };
FIXTURE_VARIANT_ADD(ending, exit_1) { { ALONE, by_exit, 1, AR_EXITED(1) } };
FIXTURE_VARIANT_ADD(ending, exit_255) { { ALONE, by_exit, 255, AR_EXITED(255) } };
FIXTURE_VARIANT_ADD(ending, sigkill) { { ALONE, by_signal, SIGKILL, SIGKILL } };
FIXTURE_VARIANT_ADD(ending, sigterm) { { ALONE, by_signal, SIGTERM, SIGTERM } };
FIXTURE_VARIANT_ADD(ending, core) { { ALONE, by_signal, SIGQUIT, SIGQUIT } };
FIXTURE_VARIANT_ADD(ending, exec) { { ALONE, by_exec, 0, AR_EXITED(AR_CHILD_CODE) } };
FIXTURE_VARIANT_ADD(ending, thread_exits_group) { { STAYS, by_exit, 9, AR_EXITED(9) } };
FIXTURE_VARIANT_ADD(ending, thread_sigkill) { { STAYS, by_signal, SIGKILL, SIGKILL } };
FIXTURE_VARIANT_ADD(ending, thread_core) { { STAYS, by_signal, SIGQUIT, SIGQUIT } };
FIXTURE_VARIANT_ADD(ending, thread_exec) { { STAYS, by_exec, 0, AR_EXITED(AR_CHILD_CODE) } };
FIXTURE_VARIANT_ADD(ending, leader_first) { { LEAVES, by_thread_exit, 9, AR_EXITED(9) } };
FIXTURE_VARIANT_ADD(ending, leader_first_group) { { LEAVES, by_exit, 9, AR_EXITED(9) } };
FIXTURE_VARIANT_ADD(ending, leader_first_sigkill) { { LEAVES, by_signal, SIGKILL, SIGKILL } };
FIXTURE_VARIANT_ADD(ending, leader_first_core) { { LEAVES, by_signal, SIGQUIT, SIGQUIT } };
FIXTURE_VARIANT_ADD(ending, leader_first_exec) { { LEAVES, by_exec, 0, AR_EXITED(AR_CHILD_CODE) } };

FIXTURE_SETUP(ending)
{
	if (!ar_require(_metadata))
		return;
	ASSERT_EQ(0, ar_block_sigchld());
	snprintf(self->dir, sizeof(self->dir), "/tmp/clone3_autoreap.XXXXXX");
	ASSERT_TRUE(!!mkdtemp(self->dir));
}

FIXTURE_TEARDOWN(ending)
{
	DIR *dir = opendir(self->dir);
	struct dirent *entry;

	while (dir && (entry = readdir(dir)))
		unlinkat(dirfd(dir), entry->d_name, 0);
	if (dir)
		closedir(dir);
	rmdir(self->dir);
}

static int last_thread(void *arg)
{
	const struct ending *ending = arg;

	if (ending->leader == LEAVES)
		ar_await_state(getpid(), 'Z');
	ending->end(ending->arg);
	return 255;
}

static pid_t start_ending(__u64 flags, const char *dir, const struct ending *ending,
			  int *pidfd)
{
	struct rlimit limit;
	pid_t pid;

	pid = ar_fork(flags, flags & CLONE_AUTOREAP ? 0 : SIGCHLD, pidfd);
	if (pid)
		return pid;
	getrlimit(RLIMIT_CORE, &limit);
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_CORE, &limit);
	if (chdir(dir))
		_exit(255);
	if (ending->leader == ALONE)
		last_thread((void *)ending);
	else if (ar_start_thread(last_thread, ending, NULL) < 0)
		_exit(255);
	if (ending->leader == LEAVES)
		syscall(__NR_exit, LEADER_CODE);
	for (;;)
		pause();
}

/* Where wait(2) finds no child any more, the pidfd tells what wait(2) would have. */
TEST_F(ending, status_is_that_of_wait)
{
	int status, want = variant->ending.status, pidfd = -1;
	pid_t pid;

	/* There the last thread decides only if it calls exit_group(). */
	if (variant->ending.end == by_thread_exit && ar_older(6, 0))
		want = AR_EXITED(LEADER_CODE);
	pid = start_ending(0, self->dir, &variant->ending, &pidfd);
	ASSERT_LT(0, pid);
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	/* A limit or the core pattern may forbid the dump. */
	EXPECT_EQ(want, status & ~CORE_BIT);
	EXPECT_EQ(status, ar_status(pidfd));

	pid = start_ending(CLONE_AUTOREAP, self->dir, &variant->ending, &pidfd);
	ASSERT_LT(0, pid);
	ASSERT_TRUE(ar_ended(pidfd));
	EXPECT_EQ(status, ar_status(pidfd));
	ASSERT_EQ(POLLHUP, ar_poll_gone(pidfd));
	EXPECT_EQ(status, ar_status(pidfd));
}

/* What si_code and si_status are for @status. */
static int code_of(int status)
{
	if (WIFSIGNALED(status))
		return status & CORE_BIT ? CLD_DUMPED : CLD_KILLED;
	return CLD_EXITED;
}

static int value_of(int status)
{
	return WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status);
}

/* For a plain child, a look without a wait tells the same as the wait. */
TEST_F(ending, look_is_that_of_wait)
{
	int status, pidfd = -1;
	siginfo_t look = {};
	bool differs;
	pid_t pid;

	pid = start_ending(0, self->dir, &variant->ending, &pidfd);
	ASSERT_LT(0, pid);
	ASSERT_EQ(0, waitid(P_PID, pid, &look, WEXITED | WNOWAIT));
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	differs = look.si_code != code_of(status) || look.si_status != value_of(status);
	if (differs && ar_older(5, 16))
		SKIP(return, "a look tells of the leader, before Linux 5.16");
	EXPECT_FALSE(differs)
		TH_LOG("%d %d of %#x", look.si_code, look.si_status, status);
}

/* And so does SIGCHLD. */
TEST_F(ending, siginfo_is_that_of_wait)
{
	int status, pidfd = -1;
	siginfo_t info = {};
	sigset_t set;
	pid_t pid;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	pid = start_ending(0, self->dir, &variant->ending, &pidfd);
	ASSERT_LT(0, pid);
	ASSERT_EQ(SIGCHLD, sigwaitinfo(&set, &info));
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(pid, info.si_pid);
	EXPECT_EQ(code_of(status), info.si_code);
	EXPECT_EQ(value_of(status), info.si_status);
}

/* Of a reaped process there is the exit status, if asked for, and the cgroup if there is pidfs. */
TEST_F(autoreap, answers_for_a_reaped_process_only_with_its_status)
{
	struct ar_info live, want = {}, info;
	int i, pidfd = -1;

	ASSERT_LT(0, ar_start(CLONE_AUTOREAP, &pidfd, &self->gate, AR_CHILD_CODE));
	ASSERT_EQ(0, ar_info(pidfd, PIDFD_INFO_EXIT, &live));
	ASSERT_EQ(0, ar_gate_open(&self->gate));
	ASSERT_EQ(POLLHUP, ar_poll_gone(pidfd));

	want.mask = PIDFD_INFO_EXIT | ar_kept_cgroup_bit();
	want.cgroupid = ar_kept_cgroup_bit() ? live.cgroupid : 0;
	want.exit_code = AR_EXITED(AR_CHILD_CODE);
	for (i = 0; i < 8; i++) {
		EXPECT_EQ(ESRCH, ar_info(pidfd, 0, &info));
		EXPECT_EQ(ESRCH, ar_info(pidfd, ~PIDFD_INFO_EXIT & 7, &info));
		EXPECT_EQ(0, ar_info(pidfd, PIDFD_INFO_EXIT, &info));
		EXPECT_EQ(0, memcmp(&want, &info, sizeof(info)));
		EXPECT_EQ(0, ar_info(pidfd, ar_live_bits() | PIDFD_INFO_EXIT, &info));
		EXPECT_EQ(0, memcmp(&want, &info, sizeof(info)));
	}
}

/* Each copy of a pidfd has the status, in any process, until the last is closed. */
TEST_F(autoreap, status_goes_with_every_copy_of_the_pidfd)
{
	int sock[2], pidfd, copy;
	pid_t pid, stranger;

	/* The stranger is no relative of the child, and older than it. */
	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, sock));
	stranger = fork();
	ASSERT_LE(0, stranger);
	if (!stranger) {
		pidfd = ar_receive_file(sock[1], SCM_RIGHTS, 0);
		_exit(ar_status(pidfd) == AR_EXITED(AR_CHILD_CODE) ? 0 : 1);
	}

	pidfd = ar_reaped_pidfd(&self->gate);
	ASSERT_LE(0, pidfd);
	ASSERT_EQ(0, ar_send_files(sock[0], &pidfd, 1));
	copy = dup(pidfd);
	ASSERT_LE(0, copy);
	ASSERT_EQ(0, close(pidfd));
	EXPECT_EQ(AR_EXITED(AR_CHILD_CODE), ar_status(copy));
	pid = fork();
	if (!pid)
		_exit(ar_status(copy) == AR_EXITED(AR_CHILD_CODE) ? 0 : 1);
	ASSERT_EQ(0, close(copy));
	EXPECT_EQ(0, ar_exit_code(pid));
	EXPECT_EQ(0, ar_exit_code(stranger));
}

/* A pidfd that was opened later, by number, does as well as that of clone3(). */
TEST_F(autoreap, status_is_in_a_pidfd_opened_by_number)
{
	int first = -1, pidfd;
	pid_t pid;

	pid = ar_start(CLONE_AUTOREAP, &first, &self->gate, AR_CHILD_CODE);
	ASSERT_LT(0, pid);
	ASSERT_EQ(0, close(first));
	pidfd = ar_pidfd_open(pid, 0);
	ASSERT_LE(0, pidfd);
	EXPECT_EQ(AR_NO_STATUS, ar_status(pidfd));
	ASSERT_EQ(0, ar_gate_open(&self->gate));
	ASSERT_TRUE(ar_ended(pidfd));
	EXPECT_EQ(AR_EXITED(AR_CHILD_CODE), ar_status(pidfd));
}

/* A zombie keeps its status for wait(2); it is in the pidfd once that is over. */
TEST_F(autoreap, status_of_a_plain_child_comes_with_the_wait)
{
	struct ar_info info;
	int status, pidfd = -1;
	pid_t pid;

	pid = ar_start(0, &pidfd, &self->gate, AR_CHILD_CODE);
	ASSERT_LT(0, pid);
	EXPECT_EQ(AR_NO_STATUS, ar_status(pidfd));
	ASSERT_EQ(0, ar_gate_open(&self->gate));
	EXPECT_EQ(POLLIN, ar_poll_exited(pidfd));
	EXPECT_EQ(AR_NO_STATUS, ar_status(pidfd));
	ASSERT_EQ(0, waitid(P_PIDFD, pidfd, NULL, WEXITED | WNOWAIT));
	EXPECT_EQ(POLLIN, ar_poll(pidfd));
	EXPECT_EQ(0, ar_info(pidfd, PIDFD_INFO_EXIT, &info));
	EXPECT_EQ(ar_live_bits(), info.mask);
	EXPECT_EQ(0, info.exit_code);
	EXPECT_EQ(pid, (pid_t)info.tgid);

	EXPECT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(POLLIN | POLLHUP, ar_poll(pidfd));
	EXPECT_EQ(AR_EXITED(AR_CHILD_CODE), status);
	EXPECT_EQ(status, ar_status(pidfd));
}

FIXTURE(traced)
{
	struct ar_gate gate;
	struct ar_tracer tracer;
	int report[2];
};

/* The tracer of a child: a thread of its parent, or a sibling; it waits, or just ends. */
FIXTURE_VARIANT(traced)
{
	bool sibling;
	bool waits;
};

FIXTURE_VARIANT_ADD(traced, by_thread_that_waits) { false, true };
FIXTURE_VARIANT_ADD(traced, by_thread_that_ends) { false, false };
FIXTURE_VARIANT_ADD(traced, by_sibling_that_waits) { true, true };
FIXTURE_VARIANT_ADD(traced, by_sibling_that_ends) { true, false };

FIXTURE_SETUP(traced)
{
	if (!ar_set_up(_metadata, &self->gate, self->report))
		return;
	ASSERT_EQ(0, pipe(self->tracer.release));
	self->tracer.waits = variant->waits;
	self->tracer.report = self->report[1];
}

FIXTURE_TEARDOWN(traced)
{
}

/* POLLIN is not the end for a traced child: its status is the tracer's until it lets go. */
TEST_F(traced, status_comes_when_the_tracer_lets_go)
{
	int i, pidfd = -1;
	pthread_t thread;
	pid_t pid, sibling;

	pid = ar_start_tracee(CLONE_AUTOREAP, &pidfd, &self->gate, self->report[1]);
	ASSERT_LT(0, pid);
	ASSERT_EQ(pid, ar_hear(self->report[0]));
	self->tracer.pid = pid;
	if (variant->sibling) {
		sibling = fork();
		ASSERT_LE(0, sibling);
		if (!sibling) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			ar_trace(&self->tracer);
			_exit(0);
		}
	} else {
		ASSERT_EQ(0, pthread_create(&thread, NULL, ar_trace, &self->tracer));
	}
	ASSERT_EQ(0, ar_hear(self->report[0]));
	ASSERT_LT(0, ar_hear(self->report[0]));

	ASSERT_EQ(0, ar_gate_open(&self->gate));
	EXPECT_EQ(POLLIN, ar_poll_exited(pidfd));
	EXPECT_EQ('Z', ar_state(pid));
	for (i = 0; i < 8; i++) {
		EXPECT_EQ(AR_NO_STATUS, ar_status(pidfd));
		EXPECT_EQ(POLLIN, ar_poll(pidfd));
	}

	ar_tell(self->tracer.release[1], 0);
	if (variant->waits)
		EXPECT_EQ(AR_EXITED(AR_CHILD_CODE), ar_hear(self->report[0]));
	EXPECT_EQ(POLLHUP, ar_poll_gone(pidfd));
	EXPECT_EQ(AR_EXITED(AR_CHILD_CODE), ar_status(pidfd));
}

int main(int argc, char **argv)
{
	return ar_is_exec_role(argc, argv) ? ar_exec_role(argv) : test_harness_run(argc, argv);
}
