// SPDX-License-Identifier: GPL-2.0
/*
 * CLONE_AUTOREAP and pidfds when the kernel runs out of memory or cannot copy: each
 * failure point of a call is taken, one after the other, by /proc/thread-self/fail-nth.
 * The call fails with an errno that says so, or does without; nothing is left of it.
 *
 * Needs root, CONFIG_FAILSLAB, FAIL_PAGE_ALLOC, FAULT_INJECTION_USERCOPY and
 * FAULT_INJECTION_DEBUG_FS, and debugfs, whose settings of these it changes.
 */
#define _GNU_SOURCE
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "../kselftest_harness.h"
#include "clone3_autoreap.h"
#include "clone3_autoreap_info.h"
#include "clone3_autoreap_objects.h"

#define CGROUP "/sys/fs/cgroup/faults"
#define FAULTS "/sys/kernel/debug/"

/* The limit of files, in which all are counted. */
#define MOST_FILES 64

struct faults {
	/* Where a fault is ordered, and which: the next is nth; left is what is not met. */
	int order;
	unsigned int nth, left;
	/* What is there while no call is made. */
	int files, numbers;
	long before[AR_NR_OBJECTS];
	int pidfd;
	int sock[2];
};

FIXTURE(faults)
{
	struct faults faults;
};

FIXTURE_VARIANT(faults)
{
	long (*call)(struct faults *faults);
	unsigned int least;
};

/* Children in a cgroup, or -1. */
static int charged(const char *path)
{
	char text[16] = "";
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t len = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	close(fd);
	return len > 0 ? atoi(text) : -1;
}

static int open_files(void)
{
	int fd, n = 0;

	for (fd = 0; fd < MOST_FILES; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

/* How many file descriptors can be had: a number may be kept where no file is. */
static int free_numbers(void)
{
	int fds[MOST_FILES], i, n = 0;

	while (n < MOST_FILES && (fds[n] = dup(STDERR_FILENO)) >= 0)
		n++;
	for (i = 0; i < n; i++)
		close(fds[i]);
	return n;
}

/* What is left of a call that is over, or NULL; what is on its way has two seconds. */
static const char *left_behind(const struct faults *faults)
{
	const char *what;
	pid_t pid;
	int i;

	for (i = 0; i < 200; i++) {
		pid = waitpid(-1, NULL, WNOHANG | __WALL);
		if (pid > 0)
			return "a zombie";
		what = !pid ? "a child" :
		       open_files() != faults->files ? "a file descriptor" :
		       free_numbers() != faults->numbers ? "the number of a file descriptor" :
		       charged(CGROUP "/self/pids.current") != 1 ? "a process in the cgroup" :
		       charged(CGROUP "/child/pids.current") ? "a process in the child's cgroup" :
		       NULL;
		if (!what)
			return NULL;
		usleep(10000);
	}
	return what;
}

FIXTURE_SETUP(faults)
{
	struct faults *faults = &self->faults;
	const struct rlimit files = { MOST_FILES, MOST_FILES };
	struct ar_gate gate;

	if (!ar_require(_metadata))
		return;
	faults->order = open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC);
	if (faults->order < 0)
		SKIP(return, "no faults can be ordered: %s", strerror(errno));
	mount("debug", "/sys/kernel/debug", "debugfs", 0, NULL);
	/* Allocations that may wait fail, too, and no message says so. */
	if (ar_write_file(FAULTS "failslab/ignore-gfp-wait", "N") ||
	    ar_write_file(FAULTS "failslab/verbose", "0") ||
	    ar_write_file(FAULTS "fail_page_alloc/ignore-gfp-wait", "N") ||
	    ar_write_file(FAULTS "fail_page_alloc/min-order", "0") ||
	    ar_write_file(FAULTS "fail_page_alloc/verbose", "0") ||
	    ar_write_file(FAULTS "fail_usercopy/verbose", "0"))
		SKIP(return, "not all kinds of faults are there: %s", strerror(errno));

	ar_write_file("/sys/fs/cgroup/cgroup.subtree_control", "+pids");
	mkdir(CGROUP, 0755);
	ASSERT_EQ(0, ar_write_file(CGROUP "/cgroup.subtree_control", "+pids"));
	mkdir(CGROUP "/self", 0755);
	mkdir(CGROUP "/child", 0755);
	ASSERT_EQ(0, ar_write_file(CGROUP "/self/cgroup.procs", "0"));

	faults->nth = 0;
	ASSERT_EQ(0, pipe2(gate.fd, O_CLOEXEC));
	faults->pidfd = ar_reaped_pidfd(&gate);
	ASSERT_LE(0, faults->pidfd);
	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, faults->sock));
	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &files));
}

FIXTURE_TEARDOWN(faults)
{
}

/*
 * The system call @nr while fault number faults->nth is ordered, none if that is 0. Not
 * met is what remains of the number: the reading of it is a copy, which counts as well.
 * Returns what the call did, or -errno; does not return in a child.
 */
static long try(struct faults *faults, long nr, long a, long b, long c, long d, long e)
{
	char text[16];
	long ret;
	int len = snprintf(text, sizeof(text), "%u", faults->nth);

	if (pwrite(faults->order, text, len, 0) != len)
		return -ECANCELED;
	ret = syscall(nr, a, b, c, d, e);
	if (nr == __NR_clone3 && !ret)
		_exit(AR_CHILD_CODE);
	if (ret < 0)
		ret = -errno;
	memset(text, 0, sizeof(text));
	len = pread(faults->order, text, sizeof(text) - 1, 0);
	faults->left = len < 0 ? 1 : atoi(text);
	/* This is a copy, too, and may be what fails. */
	while (pwrite(faults->order, "0", 1, 0) != 1)
		;
	return ret;
}

/* Without a pidfd, its number is what tells that a process is gone. */
static void until_gone(pid_t pid)
{
	while (!kill(pid, 0))
		sched_yield();
}

/* A child that reaps itself; by its pidfd, or by its number, until it is gone. */
static long clone_with(struct faults *faults, struct ar_clone_args args)
{
	int pidfd = -1, status = AR_EXITED(AR_CHILD_CODE);
	long pid;

	args.flags |= CLONE_AUTOREAP;
	args.pidfd = args.flags & CLONE_PIDFD ? ar_ptr(&pidfd) : 0;
	pid = try(faults, __NR_clone3, (long)&args, sizeof(args), 0, 0, 0);
	/* The number of a pidfd may be there all the same, but no pidfd. */
	if (pid < 0)
		return pid;
	if (pidfd >= 0) {
		ar_poll_gone(pidfd);
		status = ar_status(pidfd);
		close(pidfd);
	} else {
		until_gone(pid);
	}
	return status == AR_EXITED(AR_CHILD_CODE) ? 0 : -EPROTO;
}

static long clone_alone(struct faults *faults)
{
	return clone_with(faults, (struct ar_clone_args){});
}

static long clone_pidfd(struct faults *faults)
{
	return clone_with(faults, (struct ar_clone_args){ .flags = CLONE_PIDFD });
}

static long clone_vfork(struct faults *faults)
{
	return clone_with(faults, (struct ar_clone_args){
		.flags = CLONE_PIDFD | CLONE_VFORK,
	});
}

/* A number that the last call has not given back is refused to the next. */
static long clone_set_tid(struct faults *faults)
{
	static pid_t tid = 30000;
	long ret;
	int i;

	/* It is free a moment after POLLHUP. */
	for (i = 0; i < 100; i++) {
		ret = clone_with(faults, (struct ar_clone_args){
			.flags = CLONE_PIDFD,
			.set_tid = ar_ptr(&tid),
			.set_tid_size = 1,
		});
		if (ret != -EEXIST)
			break;
		usleep(10000);
	}
	return ret;
}

static long clone_cgroup(struct faults *faults)
{
	int fd = open(CGROUP "/child", O_PATH | O_CLOEXEC);
	long ret = clone_with(faults, (struct ar_clone_args){
		.flags = CLONE_PIDFD | CLONE_INTO_CGROUP,
		.cgroup = fd,
	});

	close(fd);
	return ret;
}

static long clone_namespaces(struct faults *faults)
{
	return clone_with(faults, (struct ar_clone_args){
		.flags = CLONE_PIDFD | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNS |
			 CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWCGROUP,
	});
}

/* All that came with the flag in 7.1. The pidfd is closed, but its child is gone by then. */
static long clone_autokill(struct faults *faults)
{
	return clone_with(faults, (struct ar_clone_args){
		.flags = CLONE_PIDFD | CLONE_NNP | CLONE_PIDFD_AUTOKILL,
	});
}

static long closed(long fd)
{
	if (fd >= 0)
		close(fd);
	return fd < 0 ? fd : 0;
}

static long open_self(struct faults *faults)
{
	return closed(try(faults, __NR_pidfd_open, getpid(), 0, 0, 0, 0));
}

/* The first pidfd of a child, which has none by clone3(). */
static long open_child(struct faults *faults)
{
	struct ar_gate gate;
	long ret, pid;

	if (pipe2(gate.fd, O_CLOEXEC))
		return -ECHILD;
	pid = ar_start(CLONE_AUTOREAP, NULL, &gate, AR_CHILD_CODE);
	ret = closed(try(faults, __NR_pidfd_open, pid, 0, 0, 0, 0));
	ar_gate_open(&gate);
	until_gone(pid);
	close(gate.fd[0]);
	close(gate.fd[1]);
	return ret;
}

static long info_of(struct faults *faults, int pidfd, __u64 want)
{
	struct ar_info info = {
		.mask = PIDFD_INFO_PID | PIDFD_INFO_CREDS | PIDFD_INFO_CGROUPID |
			PIDFD_INFO_EXIT,
	};
	long ret = try(faults, __NR_ioctl, pidfd, AR_INFO_CMD(AR_INFO_RW, sizeof(info)),
		       (long)&info, 0, 0);

	return ret ?: (info.mask & want) == want ? 0 : -EPROTO;
}

static long info_of_self(struct faults *faults)
{
	int pidfd = ar_pidfd_open(getpid(), 0);
	long ret = info_of(faults, pidfd, PIDFD_INFO_PID | PIDFD_INFO_CREDS);

	close(pidfd);
	return ret;
}

static long info_of_reaped(struct faults *faults)
{
	return info_of(faults, faults->pidfd, PIDFD_INFO_EXIT);
}

static long peer(struct faults *faults)
{
	int fd = -1;
	socklen_t len = sizeof(fd);
	long ret = try(faults, __NR_getsockopt, faults->sock[0], SOL_SOCKET, SO_PEERPIDFD,
		       (long)&fd, (long)&len);

	return ret < 0 ? ret : closed(fd);
}

/* A message may come without its pidfd; the bytes may be lost as well. */
static long sender(struct faults *faults)
{
	union {
		struct cmsghdr hdr;
		char buf[CMSG_SPACE(sizeof(int))];
	} u;
	char byte;
	struct iovec iov = { .iov_base = &byte, .iov_len = 1 };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &u,
		.msg_controllen = sizeof(u),
	};
	long ret;
	int fd;

	if (send(faults->sock[1], "", 1, 0) != 1)
		return -ECOMM;
	ret = try(faults, __NR_recvmsg, faults->sock[0], (long)&msg, 0, 0, 0);
	recv(faults->sock[0], &byte, 1, MSG_DONTWAIT);
	if (ret < 0)
		return ret;
	if (!CMSG_FIRSTHDR(&msg))
		return faults->nth ? 0 : -ENOMSG;
	memcpy(&fd, CMSG_DATA(&u.hdr), sizeof(fd));
	return fd < 0 && faults->nth ? 0 : closed(fd);
}

/* Take all failure points of @call once; says how many made it fail. */
static unsigned int take_all(struct __test_metadata *_metadata, struct faults *faults,
			     long (*call)(struct faults *faults))
{
	unsigned int failed = 0;
	const char *left;
	long ret;

	for (faults->nth = 1;; faults->nth++) {
		ret = call(faults);
		if (faults->left)
			break;
		failed += ret < 0;
		EXPECT_TRUE(!ret || ret == -ENOMEM || ret == -EAGAIN || ret == -EFAULT ||
			    ret == -ENOSPC) {
			TH_LOG("point %u: %s", faults->nth, strerror(-ret));
		}
		left = left_behind(faults);
		EXPECT_EQ(NULL, left) {
			TH_LOG("point %u leaves %s", faults->nth, left);
		}
	}
	/* The last fault was not met. */
	EXPECT_EQ(0, ret);
	TH_LOG("%u points taken, %u made the call fail", faults->nth - 1, failed);
	return failed;
}

/* Each call, and how many failures of it there are at least. */
FIXTURE_VARIANT_ADD(faults, clone_alone) { clone_alone, 20 };
FIXTURE_VARIANT_ADD(faults, clone_pidfd) { clone_pidfd, 22 };
FIXTURE_VARIANT_ADD(faults, clone_vfork) { clone_vfork, 22 };
FIXTURE_VARIANT_ADD(faults, clone_set_tid) { clone_set_tid, 22 };
FIXTURE_VARIANT_ADD(faults, clone_cgroup) { clone_cgroup, 22 };
FIXTURE_VARIANT_ADD(faults, clone_namespaces) { clone_namespaces, 40 };
FIXTURE_VARIANT_ADD(faults, clone_autokill) { clone_autokill, 22 };
FIXTURE_VARIANT_ADD(faults, open_self) { open_self, 2 };
FIXTURE_VARIANT_ADD(faults, open_child) { open_child, 3 };
FIXTURE_VARIANT_ADD(faults, info_of_self) { info_of_self, 1 };
FIXTURE_VARIANT_ADD(faults, info_of_reaped) { info_of_reaped, 1 };
FIXTURE_VARIANT_ADD(faults, peer) { peer, 3 };
FIXTURE_VARIANT_ADD(faults, sender) { sender, 1 };

TEST_F_TIMEOUT(faults, leave_nothing_behind, 3600)
{
	struct faults *faults = &self->faults;
	const char *more = NULL;
	int i, on = 1;

	if (variant->call == clone_autokill && !ar_knows(CLONE_NNP))
		SKIP(return, "this kernel does not know CLONE_PIDFD_AUTOKILL");
	if ((variant->call == peer || variant->call == sender) &&
	    setsockopt(faults->sock[0], SOL_SOCKET, SO_PASSPIDFD, &on, sizeof(on)))
		SKIP(return, "no socket makes pidfds: %s", strerror(errno));
	/* Twice without a fault: what is made once and kept is there, then. */
	for (i = 0; i < 2; i++) {
		faults->files = open_files();
		faults->numbers = free_numbers();
		ASSERT_EQ(0, variant->call(faults));
	}
	ASSERT_EQ(NULL, left_behind(faults));
	if (!ar_objects_are_counted())
		TH_LOG("objects are not counted: there is no slab_debug");
	/* A thread of the kernel's own may come meanwhile, but not each time. */
	for (i = 0; i < 3 && (!i || more); i++) {
		ar_count_settled_objects(faults->before);
		EXPECT_LE(variant->least, take_all(_metadata, faults, variant->call));
		more = ar_more_objects(faults->before);
	}
	EXPECT_EQ(NULL, more) {
		TH_LOG("more %s", more);
	}
}

TEST_HARNESS_MAIN
