// SPDX-License-Identifier: GPL-2.0
/*
 * The function of samples/pidfd/helper.h, which starts a helper: what the program has when it
 * begins, and what is said if it cannot, in each way in which it is started, on a kernel with
 * the flag and without, also where a seccomp filter refuses calls. Some tests of the first way
 * need the flag; the others need no kernel of ours.
 */
#define _GNU_SOURCE
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

int main(int argc, char **argv)
{
	ar_helper_role(argc, argv);
	return test_harness_run(argc, argv);
}
