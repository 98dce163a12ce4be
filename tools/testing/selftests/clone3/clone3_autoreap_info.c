// SPDX-License-Identifier: GPL-2.0
/*
 * PIDFD_GET_INFO: what the ioctl accepts, what it tells of a task, and to whom.
 */
#define _GNU_SOURCE
#include <linux/securebits.h>
#include <sys/fsuid.h>
#include <sys/mman.h>
#include <sys/prctl.h>

#include "../kselftest_harness.h"
#include "clone3_autoreap.h"
#include "clone3_autoreap_info.h"

/* What a malformed call is made on. */
enum target { PIDFD, PIPE, CLOSED };

/*
 * Where its struct is. AT_END + n: the struct is writable but for what comes
 * after the first n bytes.
 */
enum place { AT_NULL, UNMAPPED, READ_ONLY, WRITABLE, AT_END };

struct bad_call {
	const char *name;
	enum target target;
	unsigned int cmd;
	int place;
	int error;
};

/*
 * What the kernel does not know is EINVAL in 6.12, as it always was with a pointer,
 * and ENOTTY in 6.1, 6.6 and from 6.18 on. A 6.12 with the ioctl of 6.15 says one
 * or the other. Such a row accepts both, and has no error of its own.
 */
#define UNKNOWN 0

static const struct bad_call bad_calls[] = {
	{ "NULL", PIDFD, AR_INFO_CMD(AR_INFO_RW, 64), AT_NULL, EINVAL },
	{ "NULL, large", PIDFD, AR_INFO_CMD(AR_INFO_RW, 4096), AT_NULL, EINVAL },
	{ "unmapped", PIDFD, AR_INFO_CMD(AR_INFO_RW, 64), UNMAPPED, EFAULT },
	{ "read-only", PIDFD, AR_INFO_CMD(AR_INFO_RW, 64), READ_ONLY, EFAULT },
	{ "half a mask", PIDFD, AR_INFO_CMD(AR_INFO_RW, 64), AT_END + 4, EFAULT },
	{ "mask only", PIDFD, AR_INFO_CMD(AR_INFO_RW, 64), AT_END + 8, EFAULT },
	{ "all but exit_code", PIDFD, AR_INFO_CMD(AR_INFO_RW, 64), AT_END + 60, EFAULT },
	{ "nothing beyond", PIDFD, AR_INFO_CMD(AR_INFO_RW, 4096), AT_END + 64, EFAULT },
	{ "not all beyond", PIDFD, AR_INFO_CMD(AR_INFO_RW, 4096), AT_END + 4088, EFAULT },
	{ "size 0", PIDFD, AR_INFO_CMD(AR_INFO_RW, 0), WRITABLE, UNKNOWN },
	{ "size of the mask", PIDFD, AR_INFO_CMD(AR_INFO_RW, 8), WRITABLE, UNKNOWN },
	{ "size too small", PIDFD, AR_INFO_CMD(AR_INFO_RW, 63), WRITABLE, UNKNOWN },
	{ "no direction", PIDFD, AR_INFO_CMD(_IOC_NONE, 64), WRITABLE, UNKNOWN },
	{ "no direction or size", PIDFD, AR_INFO_CMD(_IOC_NONE, 0), WRITABLE, UNKNOWN },
	{ "read only", PIDFD, AR_INFO_CMD(_IOC_READ, 64), WRITABLE, UNKNOWN },
	{ "write only", PIDFD, AR_INFO_CMD(_IOC_WRITE, 64), WRITABLE, UNKNOWN },
	{ "other magic", PIDFD, _IOC(AR_INFO_RW, 0xFE, 11, 64), WRITABLE, UNKNOWN },
	{ "other number", PIDFD, _IOC(AR_INFO_RW, 0xFF, 99, 64), WRITABLE, UNKNOWN },
	{ "pipe", PIPE, AR_INFO_CMD(AR_INFO_RW, 64), WRITABLE, ENOTTY },
	{ "closed", CLOSED, AR_INFO_CMD(AR_INFO_RW, 64), WRITABLE, EBADF },
};

FIXTURE(call)
{
	int fd[3];
	long page;
	char *buf;
};

FIXTURE_SETUP(call)
{
	int pipefd[2];

	if (!ar_require(_metadata))
		return;
	ASSERT_EQ(0, pipe(pipefd));
	self->fd[PIPE] = pipefd[0];
	self->fd[CLOSED] = -1;
	self->fd[PIDFD] = ar_pidfd_open(getpid(), 0);
	ASSERT_LE(0, self->fd[PIDFD]);

	/* A page that can be written, one that can be read, one that cannot. */
	self->page = sysconf(_SC_PAGESIZE);
	self->buf = mmap(NULL, 4 * self->page, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_TRUE(self->buf != MAP_FAILED);
	ASSERT_EQ(0, mprotect(self->buf + 2 * self->page, self->page, PROT_READ));
	ASSERT_EQ(0, munmap(self->buf + 3 * self->page, self->page));
}

FIXTURE_TEARDOWN(call)
{
}

/* Each malformed call has its errno, and a fault is found wherever it is. */
TEST_F(call, refuses_bad_calls)
{
	void *const place[] = {
		[AT_NULL] = NULL,
		[UNMAPPED] = self->buf + 3 * self->page,
		[READ_ONLY] = self->buf + 2 * self->page,
		[WRITABLE] = self->buf,
	};
	const struct bad_call *call;
	unsigned int i;
	char *arg;

	for (i = 0; i < ARRAY_SIZE(bad_calls); i++) {
		call = &bad_calls[i];
		memset(self->buf, 0, 2 * self->page);
		arg = call->place < AT_END ? place[call->place] :
		      self->buf + 2 * self->page - (call->place - AT_END);
		EXPECT_EQ(-1, ioctl(self->fd[call->target], call->cmd, arg))
			TH_LOG("call: %s", call->name);
		if (call->error || errno != ENOTTY) {
			EXPECT_EQ(call->error ?: EINVAL, errno)
				TH_LOG("call: %s", call->name);
		}
	}
}

/* A bad address is found before it is asked whether the process is there. */
TEST_F(call, refuses_a_bad_address_for_a_reaped_process)
{
	struct ar_gate gate;
	int pidfd;

	ASSERT_EQ(0, pipe(gate.fd));
	pidfd = ar_reaped_pidfd(&gate);
	ASSERT_LE(0, pidfd);
	EXPECT_EQ(-1, ioctl(pidfd, AR_INFO_CMD(AR_INFO_RW, 64), self->buf + 3 * self->page));
	EXPECT_EQ(EFAULT, errno);
	EXPECT_EQ(-1, ioctl(pidfd, AR_INFO_CMD(AR_INFO_RW, 64), self->buf));
	EXPECT_EQ(ESRCH, errno);
}

/*
 * The struct may grow: the caller may know more of it than the kernel, which
 * clears the rest, ignores what was in it, and writes nothing behind it.
 */
TEST_F(call, accepts_every_struct_size)
{
	static const unsigned int sizes[] = { 64, 65, 72, 80, 88, 96, 128, 4096 };
	struct ar_info *info = (void *)self->buf;
	unsigned int i, j, known;

	ASSERT_EQ((size_t)AR_INFO_SIZE, sizeof(*info));
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		memset(self->buf, 0xff, sizes[i] + 8);
		info->mask = 0;
		EXPECT_EQ(0, ioctl(self->fd[PIDFD], AR_INFO_CMD(AR_INFO_RW, sizes[i]), info))
			TH_LOG("size %u: %s", sizes[i], strerror(errno));
		EXPECT_EQ(getpid(), (pid_t)info->pid);
		/* A later kernel says by further bits that it has filled in more. */
		known = info->mask & ~(ar_live_bits() | PIDFD_INFO_EXIT) ? 88 : AR_INFO_SIZE;
		for (j = known; j < sizes[i] && !self->buf[j]; j++)
			;
		EXPECT_LE(sizes[i], j)
			TH_LOG("size %u: byte %u is not cleared", sizes[i], j);
		for (j = sizes[i]; j < sizes[i] + 8 && self->buf[j] == (char)0xff; j++)
			;
		EXPECT_EQ(sizes[i] + 8, j)
			TH_LOG("size %u: byte %u is written", sizes[i], j);
	}
}

/* What is always told need not be asked for; what is not known cannot be. */
TEST_F(call, answers_with_the_bits_that_are_true)
{
	static const __u64 masks[] = {
		0, PIDFD_INFO_PID, PIDFD_INFO_CREDS, PIDFD_INFO_CGROUPID, PIDFD_INFO_EXIT,
		~0ULL << 32, 1ULL << 63, (~0ULL << 32) | PIDFD_INFO_EXIT,
	};
	struct ar_info info;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(masks); i++) {
		EXPECT_EQ(0, ar_info(self->fd[PIDFD], masks[i], &info));
		EXPECT_EQ(ar_live_bits(), info.mask)
			TH_LOG("asked for %llx", (unsigned long long)masks[i]);
		EXPECT_EQ(0, info.exit_code);
	}
}

/* Send what the caller thinks that it is. */
static void send_self(int fd)
{
	struct ar_info info = { .pid = getpid(), .tgid = getpid(), .ppid = getppid() };

	if (getresuid(&info.ruid, &info.euid, &info.suid) ||
	    getresgid(&info.rgid, &info.egid, &info.sgid))
		_exit(255);
	info.fsuid = setfsuid(-1);
	info.fsgid = setfsgid(-1);
	if (write(fd, &info, sizeof(info)) != sizeof(info))
		_exit(255);
}

/* Send what the ioctl tells the caller of itself. */
static void send_info(int fd)
{
	struct ar_info info = {};

	if (ar_info(ar_pidfd_open(getpid(), 0), 0, &info))
		info.mask = 0;
	if (write(fd, &info, sizeof(info)) != sizeof(info))
		_exit(255);
}

static int receive(int fd, struct ar_info *info)
{
	memset(info, 0xee, sizeof(*info));
	return read(fd, info, sizeof(*info)) == sizeof(*info) ? 0 : -1;
}

static void expect_same(struct __test_metadata *const _metadata,
			const struct ar_info *self, const struct ar_info *info)
{
	EXPECT_EQ(ar_live_bits(), info->mask);
	EXPECT_EQ(self->pid, info->pid);
	EXPECT_EQ(self->tgid, info->tgid);
	EXPECT_EQ(self->ppid, info->ppid);
	EXPECT_EQ(self->ruid, info->ruid);
	EXPECT_EQ(self->rgid, info->rgid);
	EXPECT_EQ(self->euid, info->euid);
	EXPECT_EQ(self->egid, info->egid);
	EXPECT_EQ(self->suid, info->suid);
	EXPECT_EQ(self->sgid, info->sgid);
	EXPECT_EQ(self->fsuid, info->fsuid);
	EXPECT_EQ(self->fsgid, info->fsgid);
	EXPECT_EQ(0, info->exit_code);
}

/* The ids are those that the process has, each in its place. */
TEST_F(autoreap, tells_the_ids_of_a_process)
{
	struct ar_info child, info;
	int pidfd = -1;
	pid_t pid;

	pid = ar_fork(CLONE_AUTOREAP, 0, &pidfd);
	ASSERT_LE(0, pid);
	if (!pid) {
		/* If it may, it makes all of them different. */
		if (!setresgid(21, 22, 23)) {
			setfsgid(24);
			prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP, 0, 0, 0);
			if (setresuid(11, 12, 13))
				_exit(255);
			setfsuid(14);
		}
		send_self(self->report[1]);
		ar_gate_pass(&self->gate);
		_exit(AR_CHILD_CODE);
	}
	ASSERT_EQ(0, receive(self->report[0], &child));
	EXPECT_EQ(pid, (pid_t)child.pid);
	EXPECT_EQ(getpid(), (pid_t)child.ppid);
	ASSERT_EQ(0, ar_info(pidfd, 0, &info));
	expect_same(_metadata, &child, &info);
	ASSERT_EQ(0, ar_info(pidfd, PIDFD_INFO_EXIT, &info));
	expect_same(_metadata, &child, &info);
	ASSERT_EQ(0, ar_gate_open(&self->gate));
}

static int sleep_for_ever(void *unused)
{
	(void)unused;
	while (pause())
		;
	return 0;
}

/* A thread has a number of its own, and those of its process. */
TEST_F(autoreap, tells_the_ids_of_a_thread)
{
	struct ar_info info;
	int i, pidfd = -1;
	pid_t tid;

	if (!ar_thread_pidfds())
		SKIP(return, "this kernel has no pidfds of threads, as 6.9 and later");
	tid = ar_start_thread(sleep_for_ever, NULL, &pidfd);
	ASSERT_LT(0, tid);
	for (i = 0; i < 2; i++) {
		ASSERT_EQ(0, ar_info(pidfd, i ? PIDFD_INFO_EXIT : 0, &info));
		EXPECT_EQ(ar_live_bits(), info.mask);
		EXPECT_EQ(tid, (pid_t)info.pid);
		EXPECT_EQ(getpid(), (pid_t)info.tgid);
		EXPECT_EQ(getppid(), (pid_t)info.ppid);
	}
}

/* The cgroup is told by the number that is in the file handle of its directory. */
TEST_F(autoreap, tells_the_cgroup)
{
	char line[256], path[300] = "";
	struct ar_info info;
	FILE *file;

	ASSERT_EQ(0, ar_info(ar_pidfd_open(getpid(), 0), 0, &info));
	if (!ar_cgroup_bit()) {
		EXPECT_TRUE(!info.cgroupid);
		return;
	}
	EXPECT_TRUE(!!info.cgroupid);
	file = fopen("/proc/self/cgroup", "r");
	ASSERT_TRUE(!!file);
	while (fgets(line, sizeof(line), file)) {
		line[strcspn(line, "\n")] = '\0';
		if (!strncmp(line, "0::", 3))
			snprintf(path, sizeof(path), "/sys/fs/cgroup%s", line + 3);
	}
	fclose(file);
	/* Only where it is mounted as is usual for cgroup2. */
	if (!access("/sys/fs/cgroup/cgroup.procs", F_OK))
		EXPECT_EQ(ar_cgroup_id(path), info.cgroupid);
}

/* Enter a user namespace, ask before there is a mapping, and with one. */
static void send_info_of_user_ns(int fd)
{
	char map[2][32];

	snprintf(map[0], sizeof(map[0]), "1000 %u 1", geteuid());
	snprintf(map[1], sizeof(map[1]), "2000 %u 1", getegid());
	if (unshare(CLONE_NEWUSER))
		_exit(255);
	send_self(fd);
	send_info(fd);
	if (ar_write_file("/proc/self/setgroups", "deny") ||
	    ar_write_file("/proc/self/uid_map", map[0]) ||
	    ar_write_file("/proc/self/gid_map", map[1]))
		_exit(255);
	send_self(fd);
	send_info(fd);
}

/* User and group ids are the caller's: overflow ids without a mapping. */
TEST_F(autoreap, maps_the_ids_into_the_user_namespace_of_the_caller)
{
	struct ar_info child, info;
	pid_t pid;

	pid = ar_fork(CLONE_AUTOREAP, 0, NULL);
	ASSERT_LE(0, pid);
	if (!pid) {
		send_info_of_user_ns(self->report[1]);
		_exit(AR_CHILD_CODE);
	}
	close(self->report[1]);
	ASSERT_EQ(0, receive(self->report[0], &child));
	ASSERT_EQ(0, receive(self->report[0], &info));
	EXPECT_NE(geteuid(), info.euid);
	EXPECT_NE(1000U, info.euid);
	expect_same(_metadata, &child, &info);

	ASSERT_EQ(0, receive(self->report[0], &child));
	ASSERT_EQ(0, receive(self->report[0], &info));
	EXPECT_EQ(1000U, info.euid);
	EXPECT_EQ(2000U, info.fsgid);
	expect_same(_metadata, &child, &info);
}

/* Seen from inside a pid namespace and from outside, a process has two numbers. */
TEST_F(autoreap, translates_pids_for_the_caller)
{
	struct ar_info child, info;
	int pidfd = -1;
	pid_t pid;

	pid = ar_fork_init(CLONE_AUTOREAP, &pidfd);
	ASSERT_LE(0, pid);
	if (!pid) {
		send_self(self->report[1]);
		send_info(self->report[1]);
		ar_gate_pass(&self->gate);
		_exit(AR_CHILD_CODE);
	}
	ASSERT_EQ(0, receive(self->report[0], &child));
	EXPECT_EQ(1, (pid_t)child.pid);
	EXPECT_EQ(0, (pid_t)child.ppid);
	ASSERT_EQ(0, receive(self->report[0], &info));
	expect_same(_metadata, &child, &info);

	ASSERT_EQ(0, ar_info(pidfd, 0, &info));
	EXPECT_EQ(pid, (pid_t)info.pid);
	EXPECT_EQ(pid, (pid_t)info.tgid);
	EXPECT_EQ(getpid(), (pid_t)info.ppid);
	/* What has no id inside has that of the caller outside. */
	EXPECT_EQ(getuid(), info.ruid);
	EXPECT_EQ(getgid(), info.fsgid);
	ASSERT_EQ(0, ar_gate_open(&self->gate));
}

/* The errno that a caller in another pid namespace gets, 0 for an answer. */
static int error_inside(int pidfd, __u64 mask)
{
	struct ar_info info;
	pid_t pid;
	int error;

	pid = ar_fork_init(0, NULL);
	if (!pid)
		_exit(ar_info(pidfd, mask, &info));
	error = ar_exit_code(pid);
	/* Up to 6.18 it is ESRCH; there is no answer either way. */
	return error == ESRCH ? EREMOTE : error;
}

/* A process that has no number in the caller's pid namespace is none of its business. */
TEST_F(autoreap, tells_nothing_of_a_process_outside_the_pid_namespace)
{
	struct ar_info info;
	int pidfd;

	pidfd = ar_pidfd_open(getpid(), 0);
	EXPECT_EQ(EREMOTE, error_inside(pidfd, 0));
	EXPECT_EQ(EREMOTE, error_inside(pidfd, PIDFD_INFO_EXIT));
	EXPECT_EQ(0, ar_info(pidfd, 0, &info));

	pidfd = ar_reaped_pidfd(&self->gate);
	ASSERT_LE(0, pidfd);
	EXPECT_EQ(EREMOTE, error_inside(pidfd, PIDFD_INFO_EXIT));
	EXPECT_EQ(AR_EXITED(AR_CHILD_CODE), ar_status(pidfd));
}

/* Nor is one in a namespace beside the caller's, of the same depth. */
TEST_F(autoreap, tells_nothing_of_a_process_in_a_sibling_pid_namespace)
{
	int i, pidfd[2] = { -1, -1 };
	pid_t pid;

	for (i = 0; i < 2; i++) {
		pid = ar_fork_init(CLONE_AUTOREAP, &pidfd[i]);
		ASSERT_LE(0, pid);
		if (!pid) {
			ar_gate_pass(&self->gate);
			_exit(AR_CHILD_CODE);
		}
		if (!i) {
			ASSERT_EQ(0, ar_gate_open(&self->gate));
			ASSERT_EQ(POLLHUP, ar_poll_gone(pidfd[i]));
		}
		ASSERT_EQ(EREMOTE, error_inside(pidfd[i], PIDFD_INFO_EXIT));
	}
	EXPECT_EQ(EREMOTE, error_inside(pidfd[1], 0));
	EXPECT_EQ(AR_EXITED(AR_CHILD_CODE), ar_status(pidfd[0]));
	EXPECT_EQ(AR_NO_STATUS, ar_status(pidfd[1]));
}

TEST_HARNESS_MAIN
