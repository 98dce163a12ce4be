// SPDX-License-Identifier: GPL-2.0
/*
 * CLONE_AUTOREAP, namespaces, cgroups and limits: what a child holds is given back
 * without a wait.
 *
 * KSFT_ROUNDS sets how often a storm is run.
 */
#define _GNU_SOURCE
#include <linux/reboot.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "../kselftest_harness.h"
#include "clone3_autoreap.h"
#include "clone3_autoreap_info.h"

/* clone3() with more than flags: returns 0 in the child, which must end in _exit(). */
static pid_t fork_with(struct ar_clone_args args, int *pidfd)
{
	args.exit_signal = args.flags & CLONE_AUTOREAP ? 0 : SIGCHLD;
	args.flags |= CLONE_PIDFD;
	args.pidfd = ar_ptr(pidfd);
	return ar_clone3(&args, sizeof(args));
}

/* Why there is no such child, 0 if there is. */
static int refusal(struct ar_clone_args args)
{
	int pidfd;
	pid_t pid = fork_with(args, &pidfd);

	if (!pid)
		_exit(AR_CHILD_CODE);
	return pid < 0 ? errno : 0;
}

/* A child at the gate. If it has to have a number, that is free a moment after POLLHUP. */
static pid_t start_with(struct ar_clone_args args, int *pidfd, const struct ar_gate *gate,
			int code)
{
	pid_t pid;

	do {
		pid = fork_with(args, pidfd);
	} while (pid < 0 && errno == EEXIST);
	if (pid)
		return pid;
	ar_gate_pass(gate);
	_exit(code);
}

/* An init that reaps itself does so last: POLLIN comes when its namespace is empty. */
TEST_F(autoreap, init_ends_after_its_pid_namespace)
{
	int i, pidfd = -1, last = -1;
	pid_t pid;

	for (i = 0; i < 2; i++) {
		/* It shares its file descriptors, so that the caller gets the last pidfd. */
		pid = ar_fork_init(CLONE_AUTOREAP | CLONE_FILES, &pidfd);
		ASSERT_LE(0, pid);
		if (!pid) {
			if (!ar_fork(ar_both[i], ar_both[i] ? 0 : SIGCHLD, &last)) {
				for (;;)
					pause();
			}
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			ar_tell(self->report[1], last);
			ar_hear(self->gate.fd[0]);
			_exit(AR_CHILD_CODE);
		}
		last = ar_hear(self->report[0]);
		ASSERT_LE(0, last);
		EXPECT_EQ(0, ar_poll(pidfd));
		EXPECT_EQ(0, ar_poll(last));
		ar_tell(self->gate.fd[1], 0);
		EXPECT_TRUE(ar_exited(pidfd));
		EXPECT_EQ(POLLIN | POLLHUP, ar_poll(last));
		EXPECT_TRUE(ar_ended(pidfd));
		EXPECT_EQ(AR_EXITED(AR_CHILD_CODE), ar_status(pidfd));
		EXPECT_EQ(SIGKILL, ar_status(last));
	}
}

/* How an init may end: one of these, or a command of reboot(2). */
enum { EXIT, KILLED };

static const struct {
	int how;
	int status;
} init_ends[] = {
	{ EXIT, AR_EXITED(AR_CHILD_CODE) },
	{ KILLED, SIGKILL },
	{ LINUX_REBOOT_CMD_RESTART, SIGHUP },
	{ LINUX_REBOOT_CMD_POWER_OFF, SIGINT },
};

static void end_init(int how)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	while (how == KILLED)
		pause();
	if (how != EXIT)
		syscall(__NR_reboot, LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2, how, NULL);
	_exit(AR_CHILD_CODE);
}

/* However an init ends, the status is that of wait: a reboot inside is a signal. */
TEST_F(autoreap, init_has_the_status_of_wait)
{
	int status, how, want, pidfd = -1;
	siginfo_t info = {};
	unsigned int i;
	sigset_t set;
	pid_t pid;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	for (i = 0; i < 2 * ARRAY_SIZE(init_ends); i++) {
		how = init_ends[i / 2].how;
		want = init_ends[i / 2].status;
		pid = ar_fork_init(ar_both[i % 2], &pidfd);
		ASSERT_LE(0, pid);
		if (!pid)
			end_init(how);
		if (how == KILLED)
			ASSERT_EQ(0, kill(pid, SIGKILL));
		if (!ar_both[i % 2]) {
			ASSERT_EQ(SIGCHLD, sigwaitinfo(&set, &info));
			EXPECT_EQ(WIFEXITED(want) ? CLD_EXITED : CLD_KILLED, info.si_code);
			EXPECT_EQ(WIFEXITED(want) ? WEXITSTATUS(want) : WTERMSIG(want),
				  info.si_status);
			ASSERT_EQ(pid, waitpid(pid, &status, 0));
			EXPECT_EQ(want, status);
		}
		EXPECT_TRUE(ar_ended(pidfd));
		EXPECT_EQ(want, ar_status(pidfd));
		ar_expect_reaped(_metadata, pid, pidfd);
	}
}

/*
 * A child in a pid namespace whose parent is outside of it is killed with the rest. It
 * is none of init's children, but init ends last: a zombie would hold it up.
 */
TEST_F(autoreap, does_not_hold_up_the_end_of_a_pid_namespace)
{
	int i, status, pidfd = -1, init_fd[2] = { -1, -1 };
	struct ar_info info;
	pid_t pid, init[2];

	/* With one user namespace for all, the caller may enter any of them. */
	ASSERT_EQ(0, unshare(CLONE_NEWUSER));
	for (i = 0; i < 2; i++) {
		init[i] = ar_start(CLONE_AUTOREAP | CLONE_NEWPID, &init_fd[i], &self->gate,
				   AR_CHILD_CODE);
		ASSERT_LT(0, init[i]);
	}
	for (i = 0; i < 2; i++) {
		ASSERT_EQ(0, setns(init_fd[i], CLONE_NEWPID));
		pid = ar_start(ar_both[i], &pidfd, &self->gate, AR_CHILD_CODE);
		ASSERT_LT(0, pid);
		/* The caller has stayed where it was, and so have the numbers it is told. */
		ASSERT_EQ(0, ar_info(pidfd, 0, &info));
		EXPECT_EQ(pid, (pid_t)info.pid);
		EXPECT_EQ(getpid(), (pid_t)info.ppid);
		ASSERT_EQ(0, kill(init[i], SIGKILL));
		if (!ar_both[i]) {
			ar_await_state(pid, 'Z');
			EXPECT_EQ(0, ar_poll(init_fd[i]));
			EXPECT_EQ(pid, waitpid(pid, &status, 0));
			EXPECT_EQ(SIGKILL, status);
			EXPECT_EQ(1, ar_take_sigchld());
		}
		EXPECT_TRUE(ar_ended(init_fd[i]));
		EXPECT_EQ(SIGKILL, ar_status(init_fd[i]));
		EXPECT_EQ(POLLIN | POLLHUP, ar_poll(pidfd));
		EXPECT_EQ(SIGKILL, ar_status(pidfd));
		EXPECT_EQ(0, ar_take_sigchld());
	}
}

/* A tracer outside of it holds up the end of a pid namespace until it lets go. */
TEST_F(autoreap, holds_up_the_end_of_a_pid_namespace_if_traced)
{
	int i, status, pidfd = -1, init_fd = -1;
	struct ar_info info;
	pid_t pid, init;

	for (i = 0; i < 2; i++) {
		init = ar_fork_init(CLONE_AUTOREAP | CLONE_FILES, &init_fd);
		ASSERT_LE(0, init);
		if (!init) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			if (ar_start(ar_both[i], &pidfd, &self->gate, AR_CHILD_CODE) < 0)
				_exit(255);
			ar_tell(self->report[1], pidfd);
			for (;;)
				pause();
		}
		pidfd = ar_hear(self->report[0]);
		ASSERT_EQ(0, ar_info(pidfd, 0, &info));
		pid = info.pid;
		ASSERT_EQ(0, ptrace(PTRACE_SEIZE, pid, NULL, NULL));
		ASSERT_EQ(0, ar_info(pidfd, 0, &info));
		EXPECT_EQ(init, (pid_t)info.ppid);

		ASSERT_EQ(0, kill(init, SIGKILL));
		EXPECT_EQ(POLLIN, ar_poll_exited(pidfd));
		EXPECT_EQ('Z', ar_state(pid));
		EXPECT_EQ(0, ar_poll(init_fd));
		EXPECT_EQ(pid, waitpid(pid, &status, __WALL));
		EXPECT_EQ(SIGKILL, status);
		EXPECT_TRUE(ar_ended(init_fd));
		EXPECT_EQ(SIGKILL, ar_status(init_fd));
		EXPECT_EQ(POLLIN | POLLHUP, ar_poll(pidfd));
		EXPECT_EQ(SIGKILL, ar_status(pidfd));
	}
}

/* Where there is room for one, another gets it when that is gone, not just dead. */
static void expect_one_place(struct __test_metadata *const _metadata,
			     const struct ar_gate *gate, struct ar_clone_args args, int error)
{
	__u64 flags = args.flags;
	int i, pidfd[8];
	pid_t pid;

	for (i = 0; i < 8; i++) {
		args.flags = i % 4 ? flags | CLONE_AUTOREAP : flags & ~CLONE_AUTOREAP;
		pid = start_with(args, &pidfd[i], gate, i);
		ASSERT_LT(0, pid);
		EXPECT_EQ(error, refusal(args));
		ASSERT_EQ(0, ar_gate_open(gate));
		if (i % 4 == 0) {
			ASSERT_EQ(POLLIN, ar_poll_exited(pidfd[i]));
			EXPECT_EQ(error, refusal(args));
			EXPECT_EQ(pid, waitpid(pid, NULL, 0));
		}
		ASSERT_EQ(POLLHUP, ar_poll_gone(pidfd[i]));
	}
	/* And whoever had the place before keeps a status of its own. */
	for (i = 0; i < 8; i++)
		EXPECT_EQ(AR_EXITED(i), ar_status(pidfd[i]));
}

/* Whoever has too many processes may have another as soon as one of them is gone. */
TEST_F(autoreap, gives_back_its_place_among_the_processes_of_its_user)
{
	/* The caller and a child, in a user namespace of their own. Root has no limit. */
	const struct rlimit limit = { 2, 2 };

	if (!getuid())
		ASSERT_EQ(0, setresuid(65534, 65534, 65534));
	ASSERT_EQ(0, unshare(CLONE_NEWUSER));
	ASSERT_EQ(0, setrlimit(RLIMIT_NPROC, &limit));
	expect_one_place(_metadata, &self->gate, (struct ar_clone_args){}, EAGAIN);
}

/* A new pid namespace, whose init ends with the caller, and what gives a child a number. */
static int make_pid_ns(struct ar_clone_args *args, const int report[2])
{
	static const pid_t number = 100;
	pid_t init;

	args->flags = CLONE_AUTOREAP;
	args->set_tid = ar_ptr(&number);
	args->set_tid_size = 1;
	if (unshare(CLONE_NEWUSER | CLONE_NEWPID))
		return -1;
	init = ar_fork(CLONE_AUTOREAP, 0, NULL);
	if (!init) {
		ar_tell(report[1], prctl(PR_SET_PDEATHSIG, SIGKILL));
		for (;;)
			pause();
	}
	/* If the caller ended before that, init would stay, and what is at the gate. */
	return init < 0 ? -1 : ar_hear(report[0]);
}

/* The number of a child can be given to another as soon as it is gone. */
TEST_F(autoreap, gives_back_its_number)
{
	struct ar_clone_args args = {};

	ASSERT_EQ(0, make_pid_ns(&args, self->report));
	expect_one_place(_metadata, &self->gate, args, EEXIST);
}

/* The number outlives its owner as that of a session, and is not given until that ends. */
TEST_F(autoreap, leaves_its_number_to_its_session)
{
	struct ar_clone_args args = {};
	int pidfd = -1;
	pid_t pid;

	ASSERT_EQ(0, make_pid_ns(&args, self->report));
	pid = fork_with(args, &pidfd);
	ASSERT_LE(0, pid);
	if (!pid) {
		setsid();
		ar_start(CLONE_AUTOREAP, NULL, &self->gate, AR_CHILD_CODE);
		_exit(AR_CHILD_CODE);
	}
	ASSERT_EQ(POLLHUP, ar_poll_gone(pidfd));
	EXPECT_EQ(AR_EXITED(AR_CHILD_CODE), ar_status(pidfd));
	/* Once another has come and gone, the number would be free but for the session. */
	pid = ar_start(CLONE_AUTOREAP, &pidfd, &self->gate, AR_CHILD_CODE);
	ASSERT_LT(0, pid);
	ASSERT_EQ(0, kill(pid, SIGKILL));
	ASSERT_EQ(POLLHUP, ar_poll_gone(pidfd));
	EXPECT_EQ(EEXIST, refusal(args));

	ASSERT_EQ(0, ar_gate_open(&self->gate));
	EXPECT_LT(0, start_with(args, &pidfd, &self->gate, AR_CHILD_CODE));
}

FIXTURE(cgroup)
{
	struct ar_gate gate;
	char path[64];
	struct ar_clone_args args;
};

/* The number that follows @key in a file of the cgroup. */
static int cgroup_read(const char *name, const char *key)
{
	int fd = open(name, O_RDONLY);
	char buf[256] = "", *value;

	value = read(fd, buf, sizeof(buf) - 1) > 0 ? strstr(buf, key) : NULL;
	close(fd);
	return value ? atoi(value + strlen(key)) : -1;
}

FIXTURE_SETUP(cgroup)
{
	if (!ar_require(_metadata))
		return;
	ASSERT_EQ(0, pipe(self->gate.fd));
	snprintf(self->path, sizeof(self->path), "/sys/fs/cgroup/autoreap.%d", getpid());
	ar_write_file("/sys/fs/cgroup/cgroup.subtree_control", "+pids");
	if (mkdir(self->path, 0755) || chdir(self->path) || ar_write_file("pids.max", "max")) {
		rmdir(self->path);
		SKIP(return, "needs root: makes a cgroup with a limit of processes");
	}
	self->args.flags = CLONE_AUTOREAP | CLONE_INTO_CGROUP;
	self->args.cgroup = open(".", O_RDONLY | O_DIRECTORY);
}

FIXTURE_TEARDOWN(cgroup)
{
	rmdir(self->path);
}

/* A full cgroup has room again as soon as one of its processes is gone. */
TEST_F(cgroup, gets_back_the_place)
{
	ASSERT_EQ(0, ar_write_file("pids.max", "1"));
	expect_one_place(_metadata, &self->gate, self->args, EAGAIN);
	EXPECT_EQ(0, cgroup_read("pids.current", ""));
}

/*
 * The cgroup is empty after the end. The pidfd tells its number before, and then where there
 * is pidfs.
 */
TEST_F(cgroup, is_left_empty)
{
	struct ar_info info;
	int pidfd = -1;
	__u64 id = ar_cgroup_id(self->path);

	ASSERT_TRUE(!!id);
	ASSERT_LT(0, start_with(self->args, &pidfd, &self->gate, AR_CHILD_CODE));
	EXPECT_EQ(1, cgroup_read("cgroup.events", "populated "));
	EXPECT_EQ(-1, rmdir(self->path));
	EXPECT_EQ(EBUSY, errno);
	ASSERT_EQ(0, ar_info(pidfd, 0, &info));
	EXPECT_EQ(id, info.cgroupid);
	ASSERT_EQ(0, ar_gate_open(&self->gate));
	ASSERT_EQ(POLLHUP, ar_poll_gone(pidfd));
	while (cgroup_read("cgroup.events", "populated "))
		sched_yield();
	EXPECT_EQ(0, rmdir(self->path));
	ASSERT_EQ(0, ar_info(pidfd, PIDFD_INFO_EXIT, &info));
	EXPECT_EQ(AR_EXITED(AR_CHILD_CODE), info.exit_code);
	EXPECT_EQ(ar_kept_cgroup_bit() ? id : 0, info.cgroupid);
}

/* Before Linux 5.14 there is no cgroup.kill: kill one by one, when none can fork any more. */
static int kill_one_by_one(void)
{
	int pid, error, max = cgroup_read("pids.max", "");
	char limit[16];
	FILE *procs;

	snprintf(limit, sizeof(limit), "%d", max);
	error = ar_write_file("pids.max", "0");
	while (!error && cgroup_read("cgroup.events", "populated ")) {
		procs = fopen("cgroup.procs", "r");
		if (!procs)
			return -1;
		/* One that has just been reaped is 0. */
		while (fscanf(procs, "%d", &pid) == 1) {
			if (pid)
				kill(pid, SIGKILL);
		}
		fclose(procs);
	}
	return error ? error : ar_write_file("pids.max", limit);
}

/* All in the cgroup are killed, and none is left to the caller, or to the cgroup. */
static void expect_killed(struct __test_metadata *const _metadata)
{
	bool by_one = access("cgroup.kill", F_OK) && ar_older(5, 14);
	int found = 0;

	EXPECT_EQ(0, by_one ? kill_one_by_one() : ar_write_file("cgroup.kill", "1"));
	while (waitpid(-1, NULL, __WALL) > 0)
		found++;
	EXPECT_EQ(0, found);
	while (cgroup_read("pids.current", ""))
		sched_yield();
}

/*
 * A child that enters the cgroup. It is not made there, as 6.18 to 7.0 kill at once what
 * is made into a cgroup that has been killed before.
 */
static pid_t fork_inside(int *pidfd)
{
	pid_t pid = ar_fork(CLONE_AUTOREAP, 0, pidfd);

	if (!pid && ar_write_file("cgroup.procs", "0"))
		_exit(255);
	return pid;
}

/* Fork for ever. Three generations of children fork as well, and end. */
static void explode(void)
{
	int i = 0, depth = 0;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	while (!depth || i++ < 3) {
		if (depth < 3 && !ar_fork(CLONE_AUTOREAP, 0, NULL)) {
			depth++;
			i = 0;
		}
	}
	_exit(AR_CHILD_CODE);
}

/* A fork bomb that fills a cgroup is killed with it, and takes no place with it. */
TEST_F_TIMEOUT(cgroup, survives_a_fork_bomb, AR_LONG_RUN)
{
	int i, full, room, report[2], pidfd = -1;
	pid_t pid;

	ASSERT_EQ(0, pipe(report));
	ASSERT_EQ(0, prctl(PR_SET_CHILD_SUBREAPER, 1));
	ASSERT_EQ(0, ar_write_file("pids.max", "16"));
	for (i = 0; i < ar_rounds(); i += 20) {
		full = cgroup_read("pids.events", "max ");
		pid = fork_inside(&pidfd);
		ASSERT_LE(0, pid);
		if (!pid)
			explode();
		while (cgroup_read("pids.events", "max ") == full)
			sched_yield();
		expect_killed(_metadata);
		EXPECT_EQ(SIGKILL, ar_status(pidfd));
		close(pidfd);

		pid = fork_inside(NULL);
		ASSERT_LE(0, pid);
		if (!pid) {
			for (room = 1; ar_start(CLONE_AUTOREAP, NULL, &self->gate, 0) > 0; room++)
				;
			ar_tell(report[1], room);
			ar_gate_pass(&self->gate);
			_exit(AR_CHILD_CODE);
		}
		EXPECT_EQ(16, ar_hear(report[0]));
		expect_killed(_metadata);
	}
}

TEST_HARNESS_MAIN
