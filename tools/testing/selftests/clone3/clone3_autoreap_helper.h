/* SPDX-License-Identifier: GPL-2.0 */
/* What the tests of samples/pidfd/helper.h share: its ways, and a program to run. */
#ifndef CLONE3_AUTOREAP_HELPER_H
#define CLONE3_AUTOREAP_HELPER_H

#include "clone3_autoreap.h"
#include "clone3_autoreap_info.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/stat.h>

/*
 * Where the tests get in between: a flag that no kernel knows makes of this kernel one that
 * does not know CLONE_AUTOREAP, and a child can be made to do something before its exec.
 */
static bool ar_flag_is_unknown;
static void (*ar_in_child)(void);

static inline long ar_call_clone3(void *clone_args)
{
	uint64_t *flags = clone_args;

	*flags &= ~(1ULL << AR_FIRST_UNDEFINED_BIT);
	if (ar_flag_is_unknown && *flags & CLONE_AUTOREAP)
		*flags |= 1ULL << AR_FIRST_UNDEFINED_BIT;
	return __NR_clone3;
}

static inline long ar_call_setsid(void)
{
	if (ar_in_child)
		ar_in_child();
	return __NR_setsid;
}

#undef SYS_clone3
#define SYS_clone3 ar_call_clone3(&clone_args)
#undef SYS_setsid
#define SYS_setsid ar_call_setsid()

#include "../../../../samples/pidfd/helper.h"

/* A way in which a helper is started, and what leads to it: which errno the calls have. */
struct ar_way {
	enum helper_way way;
	bool flag_is_unknown;
	int clone3;		/* all of them */
	int clone;		/* with CLONE_PIDFD */
	int pidfd_open;
	int waitid;		/* with P_PIDFD */
	int info;		/* PIDFD_GET_INFO */
};

#define AR_WAY_AUTOREAP { HELPER_BY_AUTOREAP }
#define AR_WAY_CLONE3 { HELPER_BY_CLONE3, .flag_is_unknown = true }
#define AR_WAY_CLONE { HELPER_BY_CLONE, .clone3 = ENOSYS }
#define AR_WAY_FORK { HELPER_BY_FORK, .clone3 = ENOSYS, .clone = EINVAL }
#define AR_WAY_ALONE { HELPER_BY_FORK_ALONE, .clone3 = ENOSYS, .clone = EINVAL, \
		       .pidfd_open = ENOSYS }
/* As Linux 5.3 to 5.6 says that struct clone_args has no cgroup. */
#define AR_WAY_CLONE_E2BIG { HELPER_BY_CLONE, .clone3 = E2BIG }
/* As a seccomp filter of old that has never heard of the calls. */
#define AR_WAY_FORK_EPERM { HELPER_BY_FORK, .clone3 = EPERM, .clone = EPERM }
#define AR_WAY_ALONE_EPERM { HELPER_BY_FORK_ALONE, .clone3 = EPERM, .clone = EPERM, \
			     .pidfd_open = EPERM }
/* Linux 5.3, and 5.4 to 6.12. */
#define AR_WAY_NO_WAITID { HELPER_BY_CLONE3, .flag_is_unknown = true, .waitid = EINVAL, \
			   .info = ENOTTY }
#define AR_WAY_NO_INFO { HELPER_BY_CLONE3, .flag_is_unknown = true, .info = ENOTTY }

#ifdef __s390__
#define AR_CLONE_FLAGS_AT 1
#else
#define AR_CLONE_FLAGS_AT 0
#endif

#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
#define AR_LOW_HALF 4
#else
#define AR_LOW_HALF 0
#endif

/* From now on @call has @error if the argument number @arg, as far as @mask, is @value. */
static inline int ar_refuse(unsigned int call, int error, int arg, __u32 mask, __u32 value)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call, 0, 4),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			 offsetof(struct seccomp_data, args) + 8 * arg + AR_LOW_HALF),
		BPF_STMT(BPF_ALU | BPF_AND | BPF_K, mask),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | error),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog prog = { .len = ARRAY_SIZE(code), .filter = code };

	if (!error)
		return 0;
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	       prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog) ? -1 : 0;
}

/* Where each helper finds the gate, and the pipe for what it has to tell. */
#define AR_GATE_FD 60
#define AR_REPORT_FD 61

/* What each fixture here has. */
struct ar_start {
	struct ar_gate gate;
	int report;		/* the end to read from */
	bool status_is_kept;	/* whether a pidfd has the status of a plain child that is reaped */
};

/* Whether the kernel tells the status of a child without the flag, once it is reaped. */
static inline bool ar_status_is_kept(void)
{
	int status, pidfd;
	pid_t pid = fork();

	if (!pid)
		_exit(AR_CHILD_CODE);
	pidfd = ar_pidfd_open(pid, 0);
	waitpid(pid, NULL, 0);
	status = ar_status(pidfd);
	close(pidfd);
	return status == AR_EXITED(AR_CHILD_CODE);
}

static inline void ar_start_set_up(struct __test_metadata *const _metadata,
				   struct ar_start *start, const struct ar_way *way)
{
	int report[2];

	if (way->way == HELPER_BY_AUTOREAP && !ar_require(_metadata))
		return;
	/* The harness of 6.18 and later leaves the pidfd of each test open. */
	syscall(__NR_close_range, 3, ~0U, 0);
	ASSERT_EQ(0, pipe2(start->gate.fd, O_CLOEXEC));
	ASSERT_EQ(0, pipe2(report, O_CLOEXEC));
	ASSERT_EQ(AR_GATE_FD, dup2(start->gate.fd[0], AR_GATE_FD));
	ASSERT_EQ(AR_REPORT_FD, dup2(report[1], AR_REPORT_FD));
	close(report[1]);
	start->report = report[0];
	start->status_is_kept = ar_status_is_kept() && !way->info;
	ar_flag_is_unknown = way->flag_is_unknown;
	ASSERT_EQ(0, ar_refuse(__NR_clone3, way->clone3, 0, 0, 0));
	ASSERT_EQ(0, ar_refuse(__NR_clone, way->clone, AR_CLONE_FLAGS_AT, CLONE_PIDFD,
			       CLONE_PIDFD));
	ASSERT_EQ(0, ar_refuse(__NR_pidfd_open, way->pidfd_open, 0, 0, 0));
	ASSERT_EQ(0, ar_refuse(__NR_waitid, way->waitid, 0, ~0, P_PIDFD));
	ASSERT_EQ(0, ar_refuse(__NR_ioctl, way->info, 1, ~0,
			       AR_INFO_CMD(AR_INFO_RW, AR_INFO_SIZE)));
}

/* To run this program as a helper: what it is to do, see ar_helper_role(). */
#define AR_HELPER(...) { .path = "/proc/self/exe", \
			 .argv = (char *const []){ "helper", __VA_ARGS__, NULL } }

/* It starts in the way of the variant. */
#define ASSERT_STARTS(who, args) do { \
	struct helper *starts = (who); \
	ASSERT_EQ(0, helper_start(starts, args)) { \
		TH_LOG("step %d: %s", starts->step, strerror(errno)); \
	} \
	ASSERT_EQ(variant->way.way, starts->way); \
} while (0)

/* There is none, before and after its life, and no other process is taken for it. */
#define EXPECT_NO_HELPER(who) do { \
	struct helper *none = (who); \
	EXPECT_EQ(-1, none->pid); \
	EXPECT_EQ(-1, none->pidfd); \
	EXPECT_EQ(-1, helper_kill(none, 0)); \
	EXPECT_EQ(ESRCH, errno); \
	EXPECT_EQ(-1, helper_wait(none, NULL)); \
	EXPECT_EQ(ECHILD, errno); \
} while (0)

/* It does not: what is said about that. */
#define EXPECT_NO_START(error, at, who, args) do { \
	struct helper *starts = (who); \
	EXPECT_EQ(-1, helper_start(starts, args)); \
	EXPECT_EQ(error, errno); \
	EXPECT_EQ((enum helper_step)(at), starts->step); \
	EXPECT_NO_HELPER(starts); \
} while (0)

#define EXPECT_ENDS(wanted, who) do { \
	struct helper *ends = (who); \
	int status = -1; \
	EXPECT_EQ(0, helper_wait(ends, &status)); \
	EXPECT_EQ(wanted, status); \
	EXPECT_NO_HELPER(ends); \
} while (0)

/* What a helper is, and has. */
struct ar_facts {
	pid_t pid, pgid, sid;
	__u64 blocked, ignored;	/* bit 0 is signal 1 */
	char cwd[64], uts[64], cgroup[64];
	/* Its arguments, then its environment, each with its NUL, as far as there is room. */
	char words[512];
	__u64 file[256];	/* 0: it is not open */
};

/* Which file that is; 0 if it is none. */
static inline __u64 ar_file(int fd)
{
	struct stat st;

	if (fstat(fd, &st))
		return errno == EBADF ? 0 : 1;
	return (__u64)st.st_dev << 32 ^ st.st_ino;
}

static inline void ar_copy_words(struct ar_facts *facts, size_t *len, char *const *words)
{
	for (; *words && *len < sizeof(facts->words); words++)
		*len += snprintf(facts->words + *len, sizeof(facts->words) - *len, "%s",
				 *words) + 1;
}

static inline void ar_tell_facts(char *const *argv)
{
	static struct ar_facts facts;
	size_t len = 0;
	char line[256];
	FILE *file;
	int i;

	for (i = 0; i < 256; i++)
		facts.file[i] = ar_file(i);
	facts.pid = getpid();
	facts.pgid = getpgrp();
	facts.sid = getsid(0);
	ar_copy_words(&facts, &len, argv);
	ar_copy_words(&facts, &len, environ);
	if (!getcwd(facts.cwd, sizeof(facts.cwd)) ||
	    readlink("/proc/self/ns/uts", facts.uts, sizeof(facts.uts) - 1) < 0)
		_exit(255);
	file = fopen("/proc/self/status", "r");
	while (file && fgets(line, sizeof(line), file)) {
		if (!strncmp(line, "SigBlk:", 7))
			facts.blocked = strtoull(line + 7, NULL, 16);
		if (!strncmp(line, "SigIgn:", 7))
			facts.ignored = strtoull(line + 7, NULL, 16);
	}
	fclose(file);
	file = fopen("/proc/self/cgroup", "r");
	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "0::/%63s", facts.cgroup) == 1)
			break;
	if (write(AR_REPORT_FD, &facts, sizeof(facts)) != sizeof(facts))
		_exit(255);
	_exit(0);
}

static inline bool ar_hear_facts(int fd, struct ar_facts *facts)
{
	size_t len = 0;
	ssize_t got;

	while (len < sizeof(*facts)) {
		got = read(fd, (char *)facts + len, sizeof(*facts) - len);
		if (got <= 0)
			return false;
		len += got;
	}
	return true;
}

/*
 * main() asks for this before the harness. A helper of AR_HELPER() ends with an exit code, or
 * by a signal; tells the facts and ends with 0; or waits at the gate for AR_CHILD_CODE.
 */
static inline void ar_helper_role(int argc, char **argv)
{
	struct rlimit core;
	char byte;

	if (argc < 2 || strcmp(argv[0], "helper"))
		return;
	if (!strcmp(argv[1], "exit"))
		_exit(atoi(argv[2]));
	if (!strcmp(argv[1], "facts"))
		ar_tell_facts(argv);
	if (!strcmp(argv[1], "signal")) {
		getrlimit(RLIMIT_CORE, &core);
		core.rlim_cur = core.rlim_max;
		setrlimit(RLIMIT_CORE, &core);
		kill(getpid(), atoi(argv[2]));
	}
	while (read(AR_GATE_FD, &byte, 1) < 0 && errno == EINTR)
		;
	_exit(AR_CHILD_CODE);
}

/*
 * What ar_in_child may be. The child may share the memory of its parent, so there are system
 * calls only.
 */

/* Tell who it is, and wait at the gate, which is that of the helpers. */
static inline void ar_hold_in_child(void)
{
	int pid = getpid();
	char byte;

	syscall(__NR_write, AR_REPORT_FD, &pid, sizeof(pid));
	syscall(__NR_read, AR_GATE_FD, &byte, 1);
}

static inline void ar_stop_in_child(void)
{
	int pid = getpid();

	syscall(__NR_write, AR_REPORT_FD, &pid, sizeof(pid));
	syscall(__NR_kill, pid, SIGSTOP);
}

static inline void ar_die_in_child(void)
{
	syscall(__NR_kill, getpid(), SIGKILL);
}

/* What a helper could leave behind, in an application that has no other children. */
struct ar_left {
	int next_fd;
	int pages;
	int children;		/* 0 if there are none */
};

static inline struct ar_left ar_left(void)
{
	struct ar_left left = { .next_fd = ar_next_fd() };
	int fd = open("/proc/self/statm", O_RDONLY);
	char text[32] = "";

	if (read(fd, text, sizeof(text) - 1) > 0)
		left.pages = atoi(text);
	close(fd);
	left.children = waitpid(-1, NULL, WNOHANG | __WALL) != -1 || errno != ECHILD;
	return left;
}

#define EXPECT_NOTHING_LEFT(before) do { \
	struct ar_left then = (before), now = ar_left(); \
	EXPECT_EQ(then.next_fd, now.next_fd); \
	EXPECT_EQ(then.pages, now.pages); \
	EXPECT_EQ(0, now.children); \
} while (0)

/* Wait until a process, or a thread, sleeps. */
static inline void ar_await_sleep(pid_t pid)
{
	char now;

	do {
		sched_yield();
		now = ar_state(pid);
	} while (now && now != 'S' && now != 'D');
}

#endif /* CLONE3_AUTOREAP_HELPER_H */
