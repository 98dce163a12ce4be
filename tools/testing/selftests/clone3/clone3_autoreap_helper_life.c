// SPDX-License-Identifier: GPL-2.0
/*
 * A helper that samples/pidfd/helper.h has started, and who started it: what signals do to
 * both, what a kernel can do for it besides, and how it ends. See clone3_autoreap_helper.c.
 */
#define _GNU_SOURCE
#include <stdatomic.h>
#include <sys/epoll.h>

#include "../kselftest_harness.h"
#include "clone3_autoreap.h"
#include "clone3_autoreap_helper.h"

FIXTURE(helper)
{
	struct ar_start start;
};

FIXTURE_VARIANT(helper)
{
	struct ar_way way;
};

FIXTURE_VARIANT_ADD(helper, autoreap) { AR_WAY_AUTOREAP };
FIXTURE_VARIANT_ADD(helper, clone3) { AR_WAY_CLONE3 };
FIXTURE_VARIANT_ADD(helper, clone) { AR_WAY_CLONE };
FIXTURE_VARIANT_ADD(helper, clone_e2big) { AR_WAY_CLONE_E2BIG };
FIXTURE_VARIANT_ADD(helper, fork) { AR_WAY_FORK };
FIXTURE_VARIANT_ADD(helper, fork_eperm) { AR_WAY_FORK_EPERM };
FIXTURE_VARIANT_ADD(helper, alone) { AR_WAY_ALONE };
FIXTURE_VARIANT_ADD(helper, alone_eperm) { AR_WAY_ALONE_EPERM };
FIXTURE_VARIANT_ADD(helper, no_waitid) { AR_WAY_NO_WAITID };
FIXTURE_VARIANT_ADD(helper, no_info) { AR_WAY_NO_INFO };

FIXTURE_SETUP(helper)
{
	ar_start_set_up(_metadata, &self->start, &variant->way);
}

FIXTURE_TEARDOWN(helper)
{
}

/* What the kernel knows of all signals, those that libc keeps for itself included. */
struct dispositions {
	unsigned long action[_NSIG][8];
	unsigned long mask[2];
};

static void get_dispositions(struct dispositions *d)
{
	int i;

	memset(d, 0, sizeof(*d));
	for (i = 1; i < _NSIG; i++)
		syscall(__NR_rt_sigaction, i, NULL, d->action[i], _NSIG / 8);
	syscall(__NR_rt_sigprocmask, SIG_BLOCK, NULL, d->mask, _NSIG / 8);
}

/* Shared with forked processes. */
static struct shared {
	atomic_int handled;	/* signals, in the application */
	atomic_int strayed;	/* the same, in any other process */
	atomic_int returned;
	pid_t application;
} *shared;

static void count_signal(int sig)
{
	if (getpid() == shared->application)
		shared->handled += sig == SIGUSR1;
	else
		shared->strayed++;
}

static int share_and_handle(void)
{
	struct sigaction action = { .sa_handler = count_signal };

	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		return -1;
	shared->application = getpid();
	return sigaction(SIGUSR1, &action, NULL);
}

/* What is told by which call, for who has ended in any way. */
TEST_F(helper, status_is_that_of_wait)
{
	static const struct {
		char *role;
		char *value;
	} ends[] = {
		{ "exit", "0" }, { "exit", "1" }, { "exit", "127" }, { "exit", "255" },
		{ "signal", "15" }, { "signal", "9" }, { "signal", "3" }, { "signal", "11" },
	};
	char dir[] = "/tmp/clone3_autoreap.XXXXXX";
	struct helper helper;
	unsigned int i;
	int status;
	pid_t pid;

	/* For core files. */
	ASSERT_TRUE(!!mkdtemp(dir));
	ASSERT_EQ(0, chdir(dir));
	for (i = 0; i < ARRAY_SIZE(ends); i++) {
		struct helper_args args = AR_HELPER(ends[i].role, ends[i].value);

		pid = fork();
		if (!pid) {
			execv(args.path, args.argv);
			_exit(255);
		}
		ASSERT_EQ(pid, waitpid(pid, &status, 0));
		ASSERT_EQ(atoi(ends[i].value), WIFEXITED(status) ? WEXITSTATUS(status)
								   : WTERMSIG(status));
		ASSERT_STARTS(&helper, &args);
		EXPECT_ENDS(status, &helper);
	}
	/* Without a name to tell it to. */
	struct helper_args args = AR_HELPER("exit", "7");

	ASSERT_STARTS(&helper, &args);
	EXPECT_EQ(0, helper_wait(&helper, NULL));
	EXPECT_EQ(-1, waitpid(-1, NULL, __WALL));
	ar_write_file("core", "");
	unlink("core");
	EXPECT_EQ(0, chdir("/"));
	rmdir(dir);
}

/* No memory is no reason to be left with all signals blocked. */
TEST_F(helper, tells_that_there_is_no_memory)
{
	struct helper_args args = AR_HELPER("exit", "7");
	static struct dispositions before, after;
	struct helper helper;
	struct rlimit limit;

	ASSERT_EQ(0, getrlimit(RLIMIT_AS, &limit));
	limit.rlim_cur = 0;
	get_dispositions(&before);
	ASSERT_EQ(0, setrlimit(RLIMIT_AS, &limit));
	EXPECT_NO_START(ENOMEM, HELPER_CREATE, &helper, &args);
	get_dispositions(&after);
	EXPECT_EQ(0, memcmp(&before, &after, sizeof(before)));
	limit.rlim_cur = limit.rlim_max;
	ASSERT_EQ(0, setrlimit(RLIMIT_AS, &limit));
	ASSERT_STARTS(&helper, &args);
	EXPECT_ENDS(AR_EXITED(7), &helper);
}

#define BIT(sig) (1ULL << ((sig) - 1))

/* Whatever the application does about signals, the program begins with none of that. */
TEST_F(helper, has_no_signal_blocked_or_ignored)
{
	struct helper_args args = AR_HELPER("facts");
	unsigned long all[2] = { -1UL, -1UL };
	struct ar_facts facts;
	struct helper helper;
	sigset_t ignored;
	int i, sig;

	ASSERT_EQ(0, share_and_handle());
	for (sig = 1; sig < _NSIG; sig++) {
		if (sig != SIGUSR1 && sig != SIGUSR2 && sig != SIGCHLD)
			signal(sig, SIG_IGN);
	}
	ASSERT_EQ(0, syscall(__NR_rt_sigprocmask, SIG_SETMASK, all, NULL, _NSIG / 8));
	for (i = 0; i < 3; i++) {
		sigemptyset(&ignored);
		args.ignored = i ? &ignored : NULL;
		/* Of these the first has a handler, and the second does what it does. */
		if (i == 2) {
			sigaddset(&ignored, SIGUSR1);
			sigaddset(&ignored, SIGUSR2);
			sigaddset(&ignored, SIGHUP);
			sigaddset(&ignored, SIGRTMAX);
		}
		ASSERT_STARTS(&helper, &args);
		ASSERT_TRUE(ar_hear_facts(self->start.report, &facts));
		EXPECT_EQ(0, facts.blocked);
		EXPECT_EQ(i == 2 ? BIT(SIGHUP) | BIT(SIGRTMAX) : 0, facts.ignored);
		EXPECT_EQ(0, shared->strayed);
		EXPECT_ENDS(0, &helper);
	}
}

/* What the application had before it has afterwards, whether the helper runs or not. */
TEST_F(helper, leaves_the_application_as_it_is)
{
	struct helper_args args = AR_HELPER("exit", "7"), none = AR_HELPER("none");
	const struct sigaction action = {
		.sa_handler = count_signal, .sa_flags = SA_RESTART | SA_NODEFER,
	};
	/* SIGTERM, and one of libc's own or its neighbour. */
	const unsigned long blocked[2] = { 1UL << (SIGTERM - 1) | 1UL << 31, 1 };
	static struct dispositions before, after;
	struct helper helper;
	int i, status;

	ASSERT_EQ(0, share_and_handle());
	signal(SIGHUP, SIG_IGN);
	signal(SIGCHLD, count_signal);
	ASSERT_EQ(0, sigaction(SIGUSR2, &action, NULL));
	ASSERT_EQ(0, syscall(__NR_rt_sigprocmask, SIG_BLOCK, blocked, NULL, _NSIG / 8));
	none.path = "/none";
	get_dispositions(&before);
	for (i = 0; i < 2; i++) {
		errno = EDOM;
		if (i) {
			ASSERT_EQ(-1, helper_start(&helper, &none));
		} else {
			ASSERT_EQ(0, helper_start(&helper, &args));
			EXPECT_EQ(EDOM, errno);
			EXPECT_EQ(0, helper_wait(&helper, &status));
			EXPECT_EQ(EDOM, errno);
		}
		get_dispositions(&after);
		EXPECT_EQ(0, memcmp(&before, &after, sizeof(before)));
	}
}

/* Nobody but its child is told what a helper that is killed before exec has died of. */
TEST_F(helper, is_a_helper_if_it_is_killed_before_exec)
{
	struct helper_args args = AR_HELPER("facts");
	struct ar_left before;
	struct helper helper;

	args.flags = HELPER_SETSID;
	before = ar_left();
	ar_in_child = ar_die_in_child;
	ASSERT_STARTS(&helper, &args);
	EXPECT_ENDS(SIGKILL, &helper);
	EXPECT_NOTHING_LEFT(before);
	/* It has told nothing. */
	close(AR_REPORT_FD);
	EXPECT_EQ(-1, ar_hear(self->start.report));
}

/* Goes on with the child of the application, which sleeps meanwhile, all signals blocked. */
static int observe_stopped(int report)
{
	pid_t application = shared->application, pid = ar_hear(report);

	if (pid <= 0)
		return 1;
	ar_await_state(pid, 'T');
	ar_await_sleep(application);
	if (kill(application, SIGUSR1) || shared->returned || shared->handled)
		return 2;
	/* It has had a reason to wake up. */
	ar_await_sleep(application);
	if (shared->returned || shared->handled)
		return 3;
	return kill(pid, SIGCONT) ? 4 : 0;
}

TEST_F(helper, holds_the_thread_if_it_is_stopped_before_exec)
{
	struct helper_args args = AR_HELPER("exit", "7");
	struct helper helper;
	pid_t observer;

	ASSERT_EQ(0, share_and_handle());
	args.flags = HELPER_SETSID;
	observer = fork();
	if (!observer)
		_exit(observe_stopped(self->start.report));
	ar_in_child = ar_stop_in_child;
	ASSERT_STARTS(&helper, &args);
	/* The signal comes after that, and is not lost. */
	EXPECT_EQ(1, shared->handled);
	EXPECT_EQ(0, shared->strayed);
	shared->returned = 1;
	EXPECT_EQ(0, ar_exit_code(observer));
	EXPECT_ENDS(AR_EXITED(7), &helper);
}

/* An application that is killed while its helper has not called exec. Returns the helper. */
static pid_t start_and_be_killed(struct ar_start *start, struct helper_args *args)
{
	struct helper helper;
	pid_t application, pid;

	args->flags = HELPER_SETSID;
	application = fork();
	if (!application) {
		ar_in_child = ar_hold_in_child;
		_exit(helper_start(&helper, args) ? errno : 0);
	}
	pid = ar_hear(start->report);
	ar_await_sleep(application);
	if (pid < 0 || kill(application, SIGKILL) || waitpid(application, NULL, 0) != application)
		return -1;
	return pid;
}

TEST_F(helper, goes_on_if_the_application_is_killed_before_exec)
{
	struct helper_args args = AR_HELPER("facts");
	struct ar_facts facts;
	pid_t pid = start_and_be_killed(&self->start, &args);

	ASSERT_LT(0, pid);
	ASSERT_EQ(0, ar_gate_open(&self->start.gate));
	ASSERT_TRUE(ar_hear_facts(self->start.report, &facts));
	EXPECT_EQ(pid, facts.pid);
	EXPECT_EQ(pid, facts.sid);
}

static const __u64 leash = CLONE_PIDFD_AUTOKILL | CLONE_NNP;

/* What a call for these flags fails with, or 0. Without CLONE_AUTOREAP there is no leash. */
static int error_of(const struct ar_way *way, __u64 flags)
{
	if (way->way == HELPER_BY_AUTOREAP)
		return ar_knows(CLONE_AUTOREAP | flags) ? 0 : EINVAL;
	if (!way->flag_is_unknown)
		return way->clone3;
	return !(flags & CLONE_PIDFD_AUTOKILL) && ar_knows(flags) ? 0 : EINVAL;
}

/* Or is killed with it, on a leash. Where that cannot be had, nothing is started. */
TEST_F(helper, is_killed_with_its_pidfd_or_not_started)
{
	struct helper_args args = AR_HELPER("hold"), facts = AR_HELPER("facts");
	struct pollfd end = { .fd = self->start.report, .events = POLLIN };
	int error = error_of(&variant->way, leash);
	struct helper helper;

	args.clone_flags = leash;
	facts.clone_flags = leash;
	if (error) {
		EXPECT_NO_START(error, HELPER_CREATE, &helper, &facts);
		close(AR_REPORT_FD);
		EXPECT_EQ(-1, ar_hear(self->start.report));
		return;
	}
	ASSERT_LT(0, start_and_be_killed(&self->start, &facts));
	ASSERT_STARTS(&helper, &args);
	/* No end as long as it has the file, and the application has the pidfd. */
	close(AR_REPORT_FD);
	EXPECT_EQ(0, poll(&end, 1, 0));
	EXPECT_EQ(0, close(helper.pidfd));
	EXPECT_EQ(-1, ar_hear(self->start.report));
}

/* The same of no_new_privs alone, and of a namespace, which is for root. */
TEST_F(helper, gets_what_only_clone3_can_give_or_is_not_started)
{
	static const __u64 flags[] = { CLONE_NNP, CLONE_NEWUTS };
	struct ar_facts facts = {};
	struct helper helper;
	unsigned int i;
	int error;
	char uts[64] = "";

	ASSERT_LT(0, readlink("/proc/self/ns/uts", uts, sizeof(uts) - 1));
	for (i = 0; i < ARRAY_SIZE(flags); i++) {
		struct helper_args args = AR_HELPER("facts");

		args.clone_flags = flags[i];
		error = error_of(&variant->way, flags[i] & CLONE_NNP);
		if (!error && !ar_knows(flags[i]))
			error = EPERM;
		if (error) {
			EXPECT_NO_START(error, HELPER_CREATE, &helper, &args);
			continue;
		}
		ASSERT_STARTS(&helper, &args);
		ASSERT_TRUE(ar_hear_facts(self->start.report, &facts));
		EXPECT_EQ(flags[i] == CLONE_NEWUTS, !!strcmp(uts, facts.uts));
		EXPECT_ENDS(0, &helper);
	}
	close(AR_REPORT_FD);
	EXPECT_EQ(-1, ar_hear(self->start.report));
}

/* A flag that would break what the function promises is refused, whatever the kernel says. */
TEST_F(helper, refuses_all_other_flags)
{
	const __u64 allowed = CLONE_NNP | CLONE_PIDFD_AUTOKILL | CLONE_NEWNS | CLONE_NEWCGROUP |
			      CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID |
			      CLONE_NEWNET;
	struct ar_left before = ar_left();
	struct helper helper;
	int i;

	for (i = 0; i < 64; i++) {
		struct helper_args args = AR_HELPER("facts");

		args.clone_flags = 1ULL << i;
		if (args.clone_flags & allowed)
			continue;
		EXPECT_NO_START(EINVAL, HELPER_CREATE, &helper, &args);
		args.clone_flags |= CLONE_NNP;
		EXPECT_NO_START(EINVAL, HELPER_CREATE, &helper, &args);
	}
	EXPECT_NOTHING_LEFT(before);
	close(AR_REPORT_FD);
	EXPECT_EQ(-1, ar_hear(self->start.report));
}

/* What helper_wait() says if nobody has waited, but the application wants no zombies. */
static int status_of_ignored(const struct ar_way *way, const struct ar_start *start)
{
	if (way->way == HELPER_BY_AUTOREAP)
		return 0;
	return start->status_is_kept && way->way != HELPER_BY_FORK_ALONE ? 0 : ENODATA;
}

TEST_F(helper, status_does_not_depend_on_what_is_done_about_SIGCHLD)
{
	const struct sigaction actions[] = {
		{ .sa_handler = SIG_IGN },
		{ .sa_handler = SIG_DFL, .sa_flags = SA_NOCLDWAIT },
		{ .sa_handler = SIG_DFL },
	};
	int error = status_of_ignored(&variant->way, &self->start), status;
	struct helper_args args = AR_HELPER("exit", "7");
	struct helper helper;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(actions); i++) {
		ASSERT_EQ(0, sigaction(SIGCHLD, &actions[i], NULL));
		ASSERT_STARTS(&helper, &args);
		if (error && i < 2) {
			EXPECT_EQ(-1, helper_wait(&helper, &status));
			EXPECT_EQ(error, errno);
			EXPECT_EQ(-1, helper.pidfd);
		} else {
			EXPECT_ENDS(AR_EXITED(7), &helper);
		}
	}
}

/* An application that waits for all its children finds its own, and with the flag no other. */
TEST_F(helper, is_found_by_no_wait_of_the_application)
{
	bool is_plain = variant->way.way != HELPER_BY_AUTOREAP;
	int status, found = 0, own, error = status_of_ignored(&variant->way, &self->start);
	struct helper_args args = AR_HELPER("exit", "7");
	struct helper helper;
	pid_t pid;

	ASSERT_EQ(0, ar_block_sigchld());
	ASSERT_STARTS(&helper, &args);
	if (!is_plain)
		ASSERT_EQ(POLLHUP, ar_poll_gone(helper.pidfd));
	while ((pid = waitpid(-1, &status, __WALL)) > 0) {
		EXPECT_EQ(helper.pid, pid);
		EXPECT_EQ(AR_EXITED(7), status);
		found++;
	}
	EXPECT_EQ(is_plain, found);
	EXPECT_EQ(is_plain, ar_take_sigchld());
	if (error) {
		EXPECT_EQ(-1, helper_wait(&helper, &status));
		EXPECT_EQ(error, errno);
	} else {
		EXPECT_ENDS(AR_EXITED(7), &helper);
	}
	own = fork();
	if (!own)
		_exit(5);
	EXPECT_EQ(own, waitpid(-1, &status, 0));
	EXPECT_EQ(AR_EXITED(5), status);
	EXPECT_EQ(1, ar_take_sigchld());
}

/* Neither poll() nor epoll reports a helper that lives, and both one that has ended. */
TEST_F(helper, ends_a_poll_for_its_events)
{
	struct helper_args args = AR_HELPER("hold");
	struct epoll_event event = {};
	struct helper helper;
	struct pollfd end = {};
	int epoll;

	if (variant->way.way == HELPER_BY_FORK_ALONE)
		return;
	epoll = epoll_create1(EPOLL_CLOEXEC);
	ASSERT_STARTS(&helper, &args);
	end.fd = helper.pidfd;
	end.events = helper_events(&helper);
	event.events = helper_events(&helper);
	ASSERT_EQ(0, epoll_ctl(epoll, EPOLL_CTL_ADD, helper.pidfd, &event));
	EXPECT_EQ(0, poll(&end, 1, 0));
	EXPECT_EQ(0, epoll_wait(epoll, &event, 1, 0));
	ASSERT_EQ(0, ar_gate_open(&self->start.gate));
	EXPECT_EQ(1, poll(&end, 1, -1));
	EXPECT_EQ(1, epoll_wait(epoll, &event, 1, -1));
	/* With the flag the status is there by then, without it a zombie. */
	if (variant->way.way == HELPER_BY_AUTOREAP)
		EXPECT_EQ(AR_EXITED(AR_CHILD_CODE), ar_status(helper.pidfd));
	if (variant->way.way != HELPER_BY_AUTOREAP)
		EXPECT_EQ('Z', ar_state(helper.pid));
	EXPECT_ENDS(AR_EXITED(AR_CHILD_CODE), &helper);
}

/* An application that closes the pidfd loses no other file, and at most the status. */
TEST_F(helper, is_not_awaited_by_the_number_of_another_file)
{
	bool is_lost = variant->way.way == HELPER_BY_AUTOREAP;
	struct helper_args args = AR_HELPER("exit", "7");
	int at, status = 0;
	struct helper helper;
	struct stat st;

	if (variant->way.way == HELPER_BY_FORK_ALONE)
		return;
	ASSERT_STARTS(&helper, &args);
	at = helper.pidfd;
	ASSERT_EQ(at, dup2(self->start.report, at));
	EXPECT_EQ(is_lost ? -1 : 0, helper_wait(&helper, &status));
	if (is_lost)
		EXPECT_EQ(ENODATA, errno);
	EXPECT_EQ(is_lost ? 0 : AR_EXITED(7), status);
	EXPECT_EQ(0, fstat(at, &st));
}

TEST_F(helper, can_be_sent_a_signal)
{
	struct helper_args args = AR_HELPER("hold");
	struct helper helper;

	ASSERT_STARTS(&helper, &args);
	EXPECT_EQ(0, helper_kill(&helper, 0));
	EXPECT_EQ(-1, helper_kill(&helper, 1000));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(0, helper_kill(&helper, SIGTERM));
	if (variant->way.way == HELPER_BY_AUTOREAP) {
		EXPECT_EQ(POLLHUP, ar_poll_gone(helper.pidfd));
		EXPECT_EQ(-1, helper_kill(&helper, SIGTERM));
		EXPECT_EQ(ESRCH, errno);
	}
	EXPECT_ENDS(SIGTERM, &helper);
}

/* Interrupts a wait, and then lets it end. */
static int disturb(const struct ar_gate *gate)
{
	int i;

	for (i = 1; i <= 3; i++) {
		ar_await_sleep(shared->application);
		if (kill(shared->application, SIGUSR1))
			return 1;
		while (shared->handled < i)
			sched_yield();
	}
	return ar_gate_open(gate) ? 2 : 0;
}

TEST_F(helper, is_waited_for_in_spite_of_signals)
{
	struct helper_args args = AR_HELPER("hold");
	struct helper helper;
	pid_t disturber;

	ASSERT_EQ(0, share_and_handle());
	ASSERT_STARTS(&helper, &args);
	disturber = fork();
	if (!disturber)
		_exit(disturb(&self->start.gate));
	EXPECT_ENDS(AR_EXITED(AR_CHILD_CODE), &helper);
	EXPECT_EQ(3, shared->handled);
	EXPECT_EQ(0, ar_exit_code(disturber));
}

int main(int argc, char **argv)
{
	ar_helper_role(argc, argv);
	return test_harness_run(argc, argv);
}
