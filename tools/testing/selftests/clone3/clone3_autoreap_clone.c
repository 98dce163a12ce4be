// SPDX-License-Identifier: GPL-2.0
/*
 * CLONE_AUTOREAP: how a child is made with it, and which requests are refused.
 */
#define _GNU_SOURCE
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "../kselftest_harness.h"
#include "clone3_autoreap.h"
#include "clone3_autoreap_info.h"

/* The published sizes of struct clone_args. */
#define VER0 64
#define VER1 80
#define VER2 88

/*
 * For CLONE_VM: an empty stack, of which a child dies with SIGSEGV where a function
 * returns by the stack. Elsewhere it lives on, and may write to its parent's locals.
 */
static char empty_stack[4096];

struct refusal {
	const char *name;
	__u64 flags;
	__u64 exit_signal;
	size_t size;
	int error;
	/* What the child would need and cannot have. */
	__u64 cgroup;
	__u64 set_tid_size;
	__u64 stack;
	__u64 stack_size;
	void (*take_away)(void);
};

/*
 * The errno of a clone3() with CLONE_AUTOREAP; 0 if it has made a child, -1 if
 * it has left something behind or crashed. A process of its own takes the risk
 * that a thread is made.
 */
static int refused_with(const struct refusal *row)
{
	static pid_t taken[2];
	struct rlimit files;
	union {
		struct ar_clone_args args;
		char bytes[256];
	} u = {};
	int error, fd, pidfd = -1;
	pid_t pid = fork();

	if (pid) {
		error = ar_exit_code(pid);
		return error == 255 ? -1 : error;
	}

	u.args.flags = row->flags | CLONE_AUTOREAP;
	u.args.exit_signal = row->exit_signal;
	u.args.pidfd = row->error == EFAULT ? 1 : ar_ptr(&pidfd);
	u.args.cgroup = row->cgroup;
	u.args.set_tid = row->set_tid_size ? ar_ptr(taken) : 0;
	u.args.set_tid_size = row->set_tid_size;
	u.args.stack = row->stack;
	u.args.stack_size = row->stack_size;
	if (row->flags & CLONE_VM) {
		u.args.stack = ar_ptr(empty_stack);
		u.args.stack_size = sizeof(empty_stack) / 2;
	}
	u.bytes[sizeof(u.bytes) - 1] = 1;

	taken[0] = 1;
	fd = ar_next_fd();
	if (row->take_away)
		row->take_away();
	getrlimit(RLIMIT_NOFILE, &files);
	if (ar_clone3(&u, row->size) >= 0)
		_exit(0);
	error = errno;
	files.rlim_cur = files.rlim_max;
	setrlimit(RLIMIT_NOFILE, &files);
	if (waitpid(-1, NULL, WNOHANG | __WALL) != -1 || errno != ECHILD)
		_exit(255);
	_exit(ar_next_fd() == fd ? error : 255);
}

/* A pid namespace whose init has ended takes no more processes. */
static void take_away_init(void)
{
	pid_t pid;

	if (unshare(CLONE_NEWUSER | CLONE_NEWPID))
		_exit(255);
	pid = fork();
	if (!pid)
		_exit(0);
	if (ar_exit_code(pid))
		_exit(255);
}

static const struct refusal refusals[] = {
	/* Autoreap is a property of a process, and of a child of the caller. */
	{ "thread", CLONE_THREAD | CLONE_SIGHAND | CLONE_VM, 0, VER2, EINVAL },
	{ "thread, pidfd", CLONE_THREAD | CLONE_SIGHAND | CLONE_VM | CLONE_PIDFD, 0, VER2, EINVAL },
	{ "parent", CLONE_PARENT, 0, VER2, EINVAL },
	{ "parent, pidfd", CLONE_PARENT | CLONE_PIDFD, 0, VER2, EINVAL },
	{ "parent, thread", CLONE_PARENT | CLONE_THREAD | CLONE_SIGHAND | CLONE_VM, 0, VER2,
	  EINVAL },
	{ "parent, SIGCHLD", CLONE_PARENT, SIGCHLD, VER2, EINVAL },
	/* There is no exit signal. */
	{ "SIGHUP", 0, SIGHUP, VER2, EINVAL },
	{ "SIGKILL", 0, SIGKILL, VER2, EINVAL },
	{ "SIGCHLD", 0, SIGCHLD, VER2, EINVAL },
	{ "SIGCHLD, pidfd", CLONE_PIDFD, SIGCHLD, VER2, EINVAL },
	{ "SIGCHLD, first size", 0, SIGCHLD, VER0, EINVAL },
	{ "last signal", 0, 64, VER2, EINVAL },
	{ "beyond the last signal", 0, 65, VER2, EINVAL },
	{ "exit_signal above CSIGNAL", 0, 0x100, VER2, EINVAL },
	{ "exit_signal above 32 bits", 0, 1ULL << 32, VER2, EINVAL },
	/* What clone3() refuses anyway. */
	{ "signal among the flags", SIGCHLD, 0, VER2, EINVAL },
	{ "detached", 0x00400000, 0, VER2, EINVAL },
	{ "bad pidfd pointer", CLONE_PIDFD, 0, VER2, EFAULT },
	{ "stack without a size", 0, 0, VER0, EINVAL, .stack = AR_NOWHERE },
	{ "size without a stack", 0, 0, VER0, EINVAL, .stack_size = 4096 },
	{ "size 0", 0, 0, 0, EINVAL },
	{ "size too small", 0, 0, VER0 - 1, EINVAL },
	{ "set beyond what is known", 0, 0, 256, E2BIG },
	/* What fails late: the child was half made, and is unmade. */
	{ "no cgroup", CLONE_INTO_CGROUP, 0, VER2, EBADF, .cgroup = 1000000 },
	{ "file for a cgroup", CLONE_INTO_CGROUP, 0, VER2, EBADF, .cgroup = STDERR_FILENO },
	{ "too many numbers", 0, 0, VER2, EINVAL, .set_tid_size = 33 },
	{ "more numbers than levels", CLONE_PIDFD, 0, VER2, EINVAL, .set_tid_size = 32 },
	{ "no file left", CLONE_PIDFD, 0, VER2, EMFILE, .take_away = ar_take_away_files },
	{ "no init", CLONE_PIDFD, 0, VER2, ENOMEM, .take_away = take_away_init },
};

/* Each malformed request has its errno, and leaves neither child nor pidfd. */
TEST_F(autoreap, refuses_bad_requests)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(refusals); i++) {
		EXPECT_EQ(refusals[i].error, refused_with(&refusals[i]))
			TH_LOG("refusal: %s", refusals[i].name);
	}
	EXPECT_EQ(-1, waitpid(-1, NULL, WNOHANG | __WALL));
	EXPECT_EQ(ECHILD, errno);
}

/* A flag of the future stays an error next to CLONE_AUTOREAP. */
TEST_F(autoreap, refuses_undefined_bits)
{
	struct refusal row = { .size = VER2 };
	int bit;

	for (bit = ar_knows(CLONE_NNP) ? AR_FIRST_UNDEFINED_BIT : 35; bit < 64; bit++) {
		row.flags = 1ULL << bit;
		EXPECT_EQ(EINVAL, refused_with(&row))
			TH_LOG("bit %d", bit);
	}
}

/* Whether the kernel knows the flag can be asked without a child: EFAULT says yes. */
TEST_F(autoreap, can_be_asked_for_without_a_child)
{
	struct ar_clone_args args = {
		.flags = CLONE_PIDFD | CLONE_AUTOREAP, .pidfd = AR_NOWHERE };
	int fd = ar_next_fd();

	/* Even if the lowest addresses are there, as they may be for emulators. */
	mmap(NULL, 1, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	EXPECT_EQ(-1, ar_clone3(&args, sizeof(args)));
	EXPECT_EQ(EFAULT, errno);
	args.flags |= 1ULL << 63;
	EXPECT_EQ(-1, ar_clone3(&args, sizeof(args)));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, waitpid(-1, NULL, WNOHANG | __WALL));
	EXPECT_EQ(ECHILD, errno);
	EXPECT_EQ(fd, ar_next_fd());
}

/* Container managers refuse clone3() as a whole, with another errno than the flag's. */
TEST_F(autoreap, seccomp_cannot_be_mistaken_for_an_old_kernel)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_clone3, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog prog = { .len = ARRAY_SIZE(code), .filter = code };
	pid_t pid;

	ASSERT_EQ(0, prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
	ASSERT_EQ(0, prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog));
	pid = ar_fork(CLONE_AUTOREAP, 0, NULL);
	if (!pid)
		_exit(AR_CHILD_CODE);
	EXPECT_EQ(-1, pid);
	EXPECT_EQ(ENOSYS, errno);
}

/* What CLONE_PARENT is called with, besides. */
static const __u64 parent_flags[] = {
	0, CLONE_PIDFD, CLONE_THREAD | CLONE_SIGHAND | CLONE_VM, CLONE_AUTOREAP,
};

/*
 * Report the errno, or 0 for a child made, of each call with CLONE_PARENT. Only
 * the first of them and clone(2) are made by a caller that may: @all is false.
 */
static void tell_clone_parent(int fd, bool all)
{
	struct ar_clone_args args = { .exit_signal = 0 };
	unsigned int i;
	int pidfd;
	pid_t pid;

	for (i = 0; i < (all ? ARRAY_SIZE(parent_flags) : 1); i++) {
		args.flags = CLONE_PARENT | parent_flags[i];
		args.pidfd = args.flags & CLONE_PIDFD ? ar_ptr(&pidfd) : 0;
		args.stack = args.flags & CLONE_VM ? ar_ptr(empty_stack) : 0;
		args.stack_size = args.flags & CLONE_VM ? sizeof(empty_stack) / 2 : 0;
		pid = ar_clone3(&args, sizeof(args));
		if (!pid)
			_exit(AR_CHILD_CODE);
		ar_tell(fd, pid < 0 ? errno : 0);
	}
	pid = ar_legacy_clone(CLONE_PARENT | SIGCHLD);
	if (!pid)
		_exit(AR_CHILD_CODE);
	ar_tell(fd, pid < 0 ? errno : 0);
}

static void hear_refusals(struct __test_metadata *const _metadata, int fd)
{
	unsigned int i;

	for (i = 0; i <= ARRAY_SIZE(parent_flags); i++)
		EXPECT_EQ(EINVAL, ar_hear(fd));
}

static int tell_from_thread(void *fd)
{
	tell_clone_parent(*(int *)fd, true);
	syscall(__NR_exit, 0);
	return 0;
}

/*
 * A sibling made by an autoreap process would have its exit signal, which is
 * none, but not its autoreap: a zombie that nobody hears of.
 */
TEST_F(autoreap, refuses_clone_parent_from_inside)
{
	int status, i;
	pid_t pid;

	pid = ar_fork(CLONE_AUTOREAP, 0, NULL);
	ASSERT_LE(0, pid);
	if (!pid) {
		tell_clone_parent(self->report[1], true);
		if (ar_start_thread(tell_from_thread, &self->report[1], NULL) < 0)
			_exit(255);
		for (;;)
			pause();
	}
	hear_refusals(_metadata, self->report[0]);
	hear_refusals(_metadata, self->report[0]);
	ASSERT_EQ(0, kill(pid, SIGKILL));
	EXPECT_EQ(-1, waitpid(-1, NULL, __WALL));
	EXPECT_EQ(ECHILD, errno);

	/* A plain child may: the caller gets it and two siblings of it. */
	pid = ar_fork(0, SIGCHLD, NULL);
	ASSERT_LE(0, pid);
	if (!pid) {
		tell_clone_parent(self->report[1], false);
		_exit(AR_CHILD_CODE);
	}
	EXPECT_EQ(0, ar_hear(self->report[0]));
	EXPECT_EQ(0, ar_hear(self->report[0]));
	for (i = 0; i < 3; i++) {
		EXPECT_LT(0, waitpid(-1, &status, __WALL));
		EXPECT_EQ(AR_CHILD_CODE, WEXITSTATUS(status));
	}
	EXPECT_EQ(-1, waitpid(-1, NULL, __WALL));
	EXPECT_EQ(ECHILD, errno);
}

/* That stays so when it has another parent, and another program. */
TEST_F(autoreap, refuses_clone_parent_after_reparenting_and_exec)
{
	char fd[16];
	pid_t pid;

	ASSERT_EQ(0, prctl(PR_SET_CHILD_SUBREAPER, 1));
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid) {
		pid = ar_fork(CLONE_AUTOREAP, 0, NULL);
		if (pid)
			_exit(pid < 0);
		/* A copy of the report goes through exec. */
		ar_gate_pass(&self->gate);
		tell_clone_parent(self->report[1], true);
		snprintf(fd, sizeof(fd), "%d", dup(self->report[1]));
		execl("/proc/self/exe", "clone3_autoreap", "parent", fd, NULL);
		_exit(255);
	}
	ASSERT_EQ(pid, waitpid(pid, NULL, 0));
	ASSERT_EQ(0, ar_gate_open(&self->gate));
	hear_refusals(_metadata, self->report[0]);
	hear_refusals(_metadata, self->report[0]);
	EXPECT_EQ(-1, waitpid(-1, NULL, __WALL));
	EXPECT_EQ(ECHILD, errno);
}

struct combination {
	const char *name;
	__u64 flags;
};

static const struct combination combinations[] = {
	{ "files", CLONE_FILES | CLONE_FS | CLONE_IO | CLONE_SYSVSEM },
	/* The caller is held up, as the child may share its stack, see empty_stack. */
	{ "memory", CLONE_VM | CLONE_VFORK },
	{ "memory, handlers", CLONE_VM | CLONE_VFORK | CLONE_SIGHAND },
	{ "cleared handlers", CLONE_CLEAR_SIGHAND },
	{ "tids", CLONE_PARENT_SETTID | CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID },
	{ "vfork", CLONE_VFORK },
	{ "untraced", CLONE_UNTRACED },
	{ "traced by nobody", CLONE_PTRACE },
	{ "user namespace", CLONE_NEWUSER },
	{ "namespaces", CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET |
			CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP },
};

/* It goes with whatever else a child may be made with. */
TEST_F(autoreap, combines_with_other_flags)
{
	struct ar_clone_args args = {};
	int pidfd = -1, tid;
	unsigned int i;
	pid_t pid;

	for (i = 0; i < ARRAY_SIZE(combinations); i++) {
		args.flags = CLONE_AUTOREAP | CLONE_PIDFD | combinations[i].flags;
		args.pidfd = ar_ptr(&pidfd);
		args.parent_tid = ar_ptr(&tid);
		args.child_tid = ar_ptr(&tid);
		args.stack = args.flags & CLONE_VM ? ar_ptr(empty_stack) : 0;
		args.stack_size = args.flags & CLONE_VM ? sizeof(empty_stack) / 2 : 0;
		/* Before Linux 5.16 a core dump would kill all who share the memory. */
		ASSERT_EQ(0, prctl(PR_SET_DUMPABLE, !(args.flags & CLONE_VM)));
		pid = ar_clone3(&args, sizeof(args));
		if (!pid) {
			syscall(__NR_exit_group, AR_CHILD_CODE);
			__builtin_unreachable();
		}
		EXPECT_LT(0, pid)
			TH_LOG("with %s: %s", combinations[i].name, strerror(errno));
		ar_expect_reaped(_metadata, pid, pidfd);
	}
}

/* The number of the child is written where the caller and the child want it. */
TEST_F(autoreap, has_its_number_written)
{
	pid_t pid, parent_tid = -1, child_tid = -1;
	int pidfd = -1;
	struct ar_clone_args args = {
		.flags = CLONE_AUTOREAP | CLONE_PIDFD | CLONE_PARENT_SETTID | CLONE_CHILD_SETTID,
		.pidfd = ar_ptr(&pidfd),
		.parent_tid = ar_ptr(&parent_tid),
		.child_tid = ar_ptr(&child_tid),
	};

	pid = ar_clone3(&args, sizeof(args));
	ASSERT_LE(0, pid);
	if (!pid)
		_exit(child_tid == getpid() ? AR_CHILD_CODE : 255);
	EXPECT_EQ(pid, parent_tid);
	EXPECT_EQ(-1, child_tid);
	ar_expect_reaped(_metadata, pid, dup(pidfd));
	EXPECT_EQ(AR_EXITED(AR_CHILD_CODE), ar_status(pidfd));
}

/* With CLONE_VFORK the caller goes on when the child has ended, as from vfork(2). */
TEST_F(autoreap, holds_up_the_caller_of_vfork)
{
	static const __u64 flags[] = { CLONE_AUTOREAP, 0 };
	struct pollfd report = { .fd = self->report[0], .events = POLLIN };
	int i, pidfd = -1;
	pid_t pid;

	for (i = 0; i < 2; i++) {
		pid = ar_fork(flags[i] | CLONE_VFORK, flags[i] ? 0 : SIGCHLD, &pidfd);
		ASSERT_LE(0, pid);
		if (!pid) {
			sched_yield();
			ar_tell(self->report[1], AR_CHILD_CODE);
			_exit(AR_CHILD_CODE);
		}
		EXPECT_EQ(1, poll(&report, 1, 0));
		EXPECT_EQ(AR_CHILD_CODE, ar_hear(self->report[0]));
		ar_expect_end(_metadata, flags[i], pid, pidfd);
	}
}

/* The flag needs no new member, so every published size of the struct will do. */
TEST_F(autoreap, accepts_every_struct_size)
{
	struct ar_clone_args args = { .flags = CLONE_AUTOREAP };
	static const size_t sizes[] = { VER0, VER1, VER2 };
	unsigned int i;
	pid_t pid;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		pid = ar_clone3(&args, sizes[i]);
		if (!pid)
			_exit(AR_CHILD_CODE);
		EXPECT_LT(0, pid);
	}
	EXPECT_EQ(-1, waitpid(-1, NULL, __WALL));
	EXPECT_EQ(ECHILD, errno);
}

/* clone(2) has flags of 32 bits: there the bit is dropped, as it always was. */
TEST_F(autoreap, legacy_clone_makes_a_plain_child)
{
	pid_t pid;

	pid = ar_legacy_clone((unsigned long)CLONE_AUTOREAP | SIGCHLD);
	ASSERT_LE(0, pid);
	if (!pid)
		_exit(AR_CHILD_CODE);
	ar_expect_zombie(_metadata, pid);
}

/* Children of an autoreap process are plain children unless they ask. */
TEST_F(autoreap, is_not_inherited)
{
	siginfo_t info = {};
	pid_t pid, child;

	pid = ar_fork(CLONE_AUTOREAP, 0, NULL);
	ASSERT_LE(0, pid);
	if (!pid) {
		child = ar_fork(0, SIGCHLD, NULL);
		if (!child)
			_exit(AR_CHILD_CODE);
		waitid(P_PID, child, &info, WEXITED | WNOWAIT);
		ar_tell(self->report[1], info.si_pid == child && info.si_status == AR_CHILD_CODE);
		ar_tell(self->report[1], ar_state(child));
		ar_tell(self->report[1], ar_wait_and_report(child));
		_exit(AR_CHILD_CODE);
	}
	EXPECT_EQ(1, ar_hear(self->report[0]));
	EXPECT_EQ('Z', ar_hear(self->report[0]));
	EXPECT_EQ(AR_GOT_CHILD | AR_GOT_SIGCHLD, ar_hear(self->report[0]));
	EXPECT_EQ(-1, waitpid(pid, NULL, __WALL));
	EXPECT_EQ(ECHILD, errno);
}

int main(int argc, char **argv)
{
	if (argc == 3 && !strcmp(argv[1], "parent")) {
		tell_clone_parent(atoi(argv[2]), true);
		return 0;
	}
	return test_harness_run(argc, argv);
}
