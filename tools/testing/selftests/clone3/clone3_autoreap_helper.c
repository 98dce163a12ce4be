// SPDX-License-Identifier: GPL-2.0
/*
 * The function of samples/pidfd/helper.h, which starts a helper: it does what it promises in
 * each way in which it can, on a kernel with the flag and without, also where a seccomp filter
 * refuses calls. Some tests of the first way need the flag; the others need no kernel of ours.
 */
#define _GNU_SOURCE
#include <stdatomic.h>
#include <sys/epoll.h>
#include <sys/vfs.h>

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

/* The program runs when the function returns, and its pidfd is told to nobody. */
TEST_F(helper, runs_when_the_start_is_over)
{
	struct helper_args args = AR_HELPER("hold");
	struct helper helper;
	struct ar_stat st;

	ASSERT_STARTS(&helper, &args);
	/* exec gives it an exit signal. */
	ASSERT_EQ(0, ar_stat(helper.pid, &st));
	EXPECT_EQ(SIGCHLD, st.exit_signal);
	EXPECT_EQ(variant->way.way == HELPER_BY_FORK_ALONE, helper.pidfd == -1);
	if (helper.pidfd != -1)
		EXPECT_EQ(FD_CLOEXEC, fcntl(helper.pidfd, F_GETFD));
	ASSERT_EQ(0, ar_gate_open(&self->start.gate));
	EXPECT_ENDS(AR_EXITED(AR_CHILD_CODE), &helper);
	EXPECT_EQ(-1, helper.pidfd);
}

/* The words of a helper: each with its NUL, as the facts have them. */
#define HAS_WORDS(facts, wanted) (!memcmp((facts)->words, wanted, sizeof(wanted)))

TEST_F(helper, has_the_arguments_and_the_environment)
{
	char *const envp[] = { "AR=1", "EMPTY=", NULL }, *const none[] = { NULL };
	struct helper_args args = AR_HELPER("facts", "", "two words");
	struct ar_facts facts;
	struct helper helper;

	args.envp = envp;
	ASSERT_STARTS(&helper, &args);
	ASSERT_TRUE(ar_hear_facts(self->start.report, &facts));
	EXPECT_TRUE(HAS_WORDS(&facts, "helper\0facts\0\0two words\0AR=1\0EMPTY=\0"));
	EXPECT_EQ(helper.pid, facts.pid);
	EXPECT_ENDS(0, &helper);

	args.envp = none;
	ASSERT_STARTS(&helper, &args);
	ASSERT_TRUE(ar_hear_facts(self->start.report, &facts));
	EXPECT_TRUE(HAS_WORDS(&facts, "helper\0facts\0\0two words\0\0"));
	EXPECT_ENDS(0, &helper);

	/* That of the application, as it is now. */
	args.envp = NULL;
	clearenv();
	ASSERT_EQ(0, setenv("AR", "2", 1));
	ASSERT_STARTS(&helper, &args);
	ASSERT_TRUE(ar_hear_facts(self->start.report, &facts));
	EXPECT_TRUE(HAS_WORDS(&facts, "helper\0facts\0\0two words\0AR=2\0\0"));
	EXPECT_ENDS(0, &helper);
}

TEST_F(helper, starts_in_its_directory)
{
	struct helper_args args = AR_HELPER("facts");
	struct ar_facts facts;
	struct helper helper;
	char before[256], after[256];

	ASSERT_EQ(0, chdir("/dev"));
	ASSERT_TRUE(!!getcwd(before, sizeof(before)));
	ASSERT_STARTS(&helper, &args);
	ASSERT_TRUE(ar_hear_facts(self->start.report, &facts));
	EXPECT_STREQ(before, facts.cwd);
	EXPECT_ENDS(0, &helper);

	/* A path that does not begin with a slash begins there. */
	args.path = "self/exe";
	EXPECT_NO_START(ENOENT, HELPER_EXEC, &helper, &args);
	args.cwd = "/proc";
	ASSERT_STARTS(&helper, &args);
	ASSERT_TRUE(ar_hear_facts(self->start.report, &facts));
	EXPECT_STREQ("/proc", facts.cwd);
	EXPECT_ENDS(0, &helper);

	args.cwd = "/proc/none";
	EXPECT_NO_START(ENOENT, HELPER_CWD, &helper, &args);
	args.cwd = "/proc/self/exe";
	EXPECT_NO_START(ENOTDIR, HELPER_CWD, &helper, &args);
	ASSERT_TRUE(!!getcwd(after, sizeof(after)));
	EXPECT_STREQ(before, after);
	EXPECT_EQ(-1, waitpid(-1, NULL, __WALL));
}

TEST_F(helper, leads_a_session_if_asked)
{
	struct helper_args args = AR_HELPER("facts");
	struct ar_facts facts;
	struct helper helper;

	ASSERT_STARTS(&helper, &args);
	ASSERT_TRUE(ar_hear_facts(self->start.report, &facts));
	EXPECT_EQ(getsid(0), facts.sid);
	EXPECT_EQ(getpgrp(), facts.pgid);
	EXPECT_ENDS(0, &helper);

	args.flags = HELPER_SETSID;
	ASSERT_STARTS(&helper, &args);
	ASSERT_TRUE(ar_hear_facts(self->start.report, &facts));
	EXPECT_EQ(facts.pid, facts.sid);
	EXPECT_EQ(facts.pid, facts.pgid);
	EXPECT_ENDS(0, &helper);
}

TEST_F(helper, joins_a_group_if_asked)
{
	struct helper_args args = AR_HELPER("facts"), hold = AR_HELPER("hold");
	struct helper helper, first;
	struct ar_facts facts;

	args.flags = HELPER_SETPGID;
	ASSERT_STARTS(&helper, &args);
	ASSERT_TRUE(ar_hear_facts(self->start.report, &facts));
	EXPECT_EQ(facts.pid, facts.pgid);
	EXPECT_EQ(getsid(0), facts.sid);
	EXPECT_ENDS(0, &helper);

	hold.flags = HELPER_SETPGID;
	ASSERT_STARTS(&first, &hold);
	args.pgid = first.pid;
	ASSERT_STARTS(&helper, &args);
	ASSERT_TRUE(ar_hear_facts(self->start.report, &facts));
	EXPECT_EQ(first.pid, facts.pgid);
	EXPECT_ENDS(0, &helper);
	ASSERT_EQ(0, ar_gate_open(&self->start.gate));
	EXPECT_ENDS(AR_EXITED(AR_CHILD_CODE), &first);

	/* There is no such group any more, or none is ever. */
	EXPECT_NO_START(EPERM, HELPER_GROUP, &helper, &args);
	args.pgid = -1;
	EXPECT_NO_START(EINVAL, HELPER_GROUP, &helper, &args);
	/* Who leads a session stays in its group. */
	args.pgid = 0;
	args.flags = HELPER_SETSID | HELPER_SETPGID;
	EXPECT_NO_START(EPERM, HELPER_GROUP, &helper, &args);
	EXPECT_EQ(-1, waitpid(-1, NULL, __WALL));
}

/* Make a cgroup, whose path is to be in @path; returns an open directory, or -1. */
static int make_cgroup(char *path, size_t size)
{
	static const char * const mounts[] = { "/sys/fs/cgroup", "/sys/fs/cgroup/unified" };
	struct statfs fs;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(mounts); i++) {
		snprintf(path, size, "%s/autoreap.%d", mounts[i], getpid());
		if (!statfs(mounts[i], &fs) && fs.f_type == 0x63677270 && !mkdir(path, 0755))
			return open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	}
	return -1;
}

TEST_F(helper, starts_in_a_cgroup_if_asked)
{
	struct helper_args args = AR_HELPER("facts");
	bool by_itself = variant->way.clone3;
	struct ar_facts facts;
	struct helper helper;
	char path[64];

	args.flags = HELPER_INTO_CGROUP;
	args.cgroup = 59;
	EXPECT_NO_START(EBADF, by_itself ? HELPER_CGROUP : HELPER_CREATE, &helper, &args);
	args.cgroup = make_cgroup(path, sizeof(path));
	if (args.cgroup < 0)
		SKIP(return, "needs root and cgroup2: makes a cgroup");
	ASSERT_STARTS(&helper, &args);
	ASSERT_TRUE(ar_hear_facts(self->start.report, &facts));
	EXPECT_STREQ(strrchr(path, '/') + 1, facts.cgroup);
	EXPECT_ENDS(0, &helper);
	args.flags = 0;
	ASSERT_STARTS(&helper, &args);
	ASSERT_TRUE(ar_hear_facts(self->start.report, &facts));
	EXPECT_STRNE(strrchr(path, '/') + 1, facts.cgroup);
	EXPECT_ENDS(0, &helper);
	close(args.cgroup);
	while (rmdir(path) && errno == EBUSY)
		sched_yield();
}

/* Files of the application, closed by exec but for the last. */
#define FILES 40
#define NR_FILES 5
#define KEPT (FILES + NR_FILES - 1)

static int open_files(void)
{
	int i, fds[2];

	for (i = 0; i < NR_FILES; i++) {
		if (pipe2(fds, O_CLOEXEC) || dup3(fds[0], FILES + i, O_CLOEXEC) < 0)
			return -1;
		close(fds[0]);
		close(fds[1]);
	}
	return fcntl(KEPT, F_SETFD, 0);
}

/* A number that is one of the lowest which nobody uses. */
#define LOW(n) (-1000 + (n))

static int real_fd(int fd)
{
	return fd < -500 ? ar_next_fd() + fd - LOW(0) : fd;
}

static const struct {
	const char *name;
	size_t n;
	struct helper_fd fds[4];
} lists[] = {
	{ "none", 0, {} },
	{ "one", 1, { { 40, 50 } } },
	{ "the same number", 1, { { 40, 40 } } },
	{ "two that are swapped", 2, { { 40, 41 }, { 41, 40 } } },
	{ "a chain", 3, { { 40, 41 }, { 41, 42 }, { 42, 43 } } },
	{ "a chain from its end", 3, { { 42, 43 }, { 41, 42 }, { 40, 41 } } },
	{ "a ring", 4, { { 40, 41 }, { 41, 42 }, { 42, 43 }, { 43, 40 } } },
	{ "one three times", 3, { { 40, 40 }, { 40, 41 }, { 40, 50 } } },
	{ "the last of two counts", 2, { { 40, 50 }, { 41, 50 } } },
	{ "numbers that are free", 4,
		{ { 40, LOW(0) }, { 41, LOW(1) }, { 42, LOW(2) }, { 43, LOW(4) } } },
	{ "free ones in another order", 4,
		{ { 40, LOW(2) }, { 41, LOW(1) }, { 42, LOW(0) }, { 43, LOW(3) } } },
	{ "standard streams", 3, { { 40, 0 }, { 0, 40 }, { 41, 2 } } },
	{ "high ones", 2, { { 40, 255 }, { 44, 254 } } },
	{ "instead of one that is kept", 1, { { 40, KEPT } } },
};

/* Each file of the list is where it is to be, and all others are as exec leaves them. */
TEST_F(helper, has_the_files_it_is_given)
{
	struct helper_args args = AR_HELPER("facts");
	__u64 own[256], wanted[256];
	struct helper_fd fds[4];
	struct ar_facts facts;
	struct helper helper;
	unsigned int i, fd, n;

	ASSERT_EQ(0, open_files());
	for (fd = 0; fd < 256; fd++)
		own[fd] = ar_file(fd);
	for (i = 0; i < ARRAY_SIZE(lists); i++) {
		for (fd = 0; fd < 256; fd++)
			wanted[fd] = own[fd] && !fcntl(fd, F_GETFD) ? own[fd] : 0;
		for (n = 0; n < lists[i].n; n++) {
			fds[n].from = lists[i].fds[n].from;
			fds[n].to = real_fd(lists[i].fds[n].to);
			wanted[fds[n].to] = own[fds[n].from];
		}
		args.fds = fds;
		args.nfds = lists[i].n;
		ASSERT_STARTS(&helper, &args);
		ASSERT_TRUE(ar_hear_facts(self->start.report, &facts));
		for (fd = 0; fd < 256; fd++) {
			EXPECT_EQ(wanted[fd], facts.file[fd]) {
				TH_LOG("%s: %d", lists[i].name, fd);
			}
		}
		EXPECT_ENDS(0, &helper);
	}
	for (fd = 0; fd < 256; fd++)
		EXPECT_EQ(own[fd], ar_file(fd));
}

/* A file that is not open, though a copy of another has got its number meanwhile. */
static const struct {
	const char *name;
	size_t n;
	struct helper_fd fds[2];
} bad_lists[] = {
	{ "no file", 1, { { -1, 50 } } },
	{ "no number", 1, { { 40, -1 } } },
	{ "not open", 1, { { 59, 50 } } },
	{ "not open, the same number", 1, { { 59, 59 } } },
	{ "the second is not open", 2, { { 40, 50 }, { 59, 51 } } },
	{ "the second is the target of the first", 2, { { 40, 59 }, { 59, 51 } } },
	{ "the second is the lowest that is free", 2, { { 40, 50 }, { LOW(0), 51 } } },
	{ "or the target of the first, too", 2, { { 40, LOW(0) }, { LOW(0), 51 } } },
};

TEST_F(helper, tells_that_a_file_is_not_there)
{
	struct helper_args args = AR_HELPER("facts");
	struct ar_left before = {};
	struct helper_fd fds[2];
	struct helper helper;
	unsigned int i, n;

	ASSERT_EQ(0, open_files());
	args.fds = fds;
	/* The first round may need memory that libc keeps. */
	for (i = 0; i < 2 * ARRAY_SIZE(bad_lists); i++) {
		unsigned int list = i % ARRAY_SIZE(bad_lists);

		if (i == ARRAY_SIZE(bad_lists))
			before = ar_left();
		args.nfds = bad_lists[list].n;
		for (n = 0; n < args.nfds; n++) {
			fds[n].from = real_fd(bad_lists[list].fds[n].from);
			fds[n].to = real_fd(bad_lists[list].fds[n].to);
		}
		EXPECT_EQ(-1, helper_start(&helper, &args)) {
			TH_LOG("%s", bad_lists[list].name);
			helper_wait(&helper, NULL);
		}
		EXPECT_EQ(EBADF, errno) {
			TH_LOG("%s", bad_lists[list].name);
		}
		EXPECT_EQ(HELPER_FDS, helper.step);
	}
	EXPECT_NOTHING_LEFT(before);
}

/* There may be as few numbers as one likes. */
TEST_F(helper, tells_that_there_are_too_many_files)
{
	/* Those of the socket are open meanwhile, or that of the pidfd is to be free. */
	int needed = variant->way.clone ? 2 : 1, low;
	struct helper_args args = AR_HELPER("exit", "7");
	struct helper_fd fds[2];
	struct rlimit files;
	struct helper helper;

	ASSERT_EQ(0, open_files());
	ASSERT_EQ(0, getrlimit(RLIMIT_NOFILE, &files));
	low = ar_next_fd();
	args.fds = fds;

	files.rlim_cur = low + needed;
	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &files));
	ASSERT_STARTS(&helper, &args);
	EXPECT_ENDS(AR_EXITED(7), &helper);
	fds[0] = (struct helper_fd){ 40, 0 };
	fds[1] = (struct helper_fd){ 41, 1 };
	args.nfds = 2;
	EXPECT_NO_START(EMFILE, HELPER_FDS, &helper, &args);
	/* The one that is free is needed for something else. */
	fds[0].to = low;
	args.nfds = 1;
	EXPECT_NO_START(EMFILE, HELPER_FDS, &helper, &args);

	files.rlim_cur = low;
	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &files));
	args.nfds = 0;
	EXPECT_NO_START(EMFILE, HELPER_CREATE, &helper, &args);
	EXPECT_EQ(-1, waitpid(-1, NULL, __WALL));
}

/* What exec refuses is told, and that leaves nothing: no zombie, no file, no memory. */
TEST_F(helper, leaves_nothing_if_exec_fails)
{
	char junk[] = "/tmp/clone3_autoreap.XXXXXX", *argv[] = { "helper", NULL, NULL }, *words;
	size_t size = 32 * sysconf(_SC_PAGESIZE) + 1;
	struct {
		const char *path;
		int error;
	} refused[] = {
		{ "/none", ENOENT }, { "/", EACCES }, { "/proc/self/status", EACCES },
		{ "/proc/self/exe/none", ENOTDIR }, { junk, ENOEXEC }, { "/proc/self/exe", E2BIG },
	};
	struct helper_args args = { .argv = argv };
	struct ar_left before = {};
	/* Numbers that are free: no file of the function's own may be in the way. */
	struct helper_fd fds[] = { { 0, real_fd(LOW(0)) }, { 1, real_fd(LOW(1)) } };
	struct helper helper;
	unsigned int i, n = ARRAY_SIZE(refused);
	int fd = mkstemp(junk);

	ASSERT_LE(0, fd);
	ASSERT_EQ(4, write(fd, "junk", 4));
	ASSERT_EQ(0, fchmod(fd, 0755));
	close(fd);
	words = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, words);
	memset(words, 'a', size - 1);
	ASSERT_EQ(0, ar_block_sigchld());
	args.fds = fds;
	args.nfds = 2;
	for (i = 0; i < 2 * n; i++) {
		if (i == n)
			before = ar_left();
		args.path = refused[i % n].path;
		argv[1] = refused[i % n].error == E2BIG ? words : NULL;
		EXPECT_NO_START(refused[i % n].error, HELPER_EXEC, &helper, &args);
		EXPECT_EQ(variant->way.way, helper.way);
	}
	EXPECT_NOTHING_LEFT(before);
	/* Nor is it told by a signal, unless the child is one of fork(). */
	EXPECT_EQ(!!variant->way.clone, ar_take_sigchld());
	unlink(junk);
}

/* The same of a helper that runs. */
TEST_F(helper, leaves_nothing_after_its_end)
{
	struct helper_args args = AR_HELPER("exit", "7");
	struct helper_fd fds[] = { { 0, 1 }, { 1, 0 } };
	struct ar_left before = {};
	struct helper helper;
	int i;

	args.fds = fds;
	args.nfds = 2;
	for (i = 0; i < 6; i++) {
		if (i == 3)
			before = ar_left();
		ASSERT_STARTS(&helper, &args);
		EXPECT_ENDS(AR_EXITED(7), &helper);
	}
	EXPECT_NOTHING_LEFT(before);
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
