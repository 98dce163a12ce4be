/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
/*
 * helper.h - run a program without disturbing the application
 *
 * Copyright (C) 2026 the authors of the CLONE_AUTOREAP series
 *
 * For libraries and runtimes: copy this file, include it in one source file, and
 * rename what you like. It needs Linux and a libc, and no header of the kernel.
 *
 *	struct helper_args args;
 *	struct helper helper;
 *
 *	memset(&args, 0, sizeof(args));
 *	args.path = "/usr/bin/id";
 *	args.argv = argv;
 *	if (helper_start(&helper, &args))
 *		return -1;			(errno and helper.step say why)
 *	... helper.pidfd in a loop, see helper_events() ...
 *	if (helper_wait(&helper, &status))
 *		return -1;
 *
 * With CLONE_AUTOREAP the application is not sent SIGCHLD, no wait() of its own finds
 * the helper, and the status is there whatever it does about SIGCHLD. Without the flag
 * the same functions do what can be done, and helper.way tells what that was.
 *
 * As in posix_spawn(), the child shares the memory of its parent until it calls exec, so
 * the cost does not depend on the size of the application. All threads may call these
 * functions. None of the functions is a cancellation point.
 */
#ifndef HELPER_H
#define HELPER_H

#ifndef _GNU_SOURCE
#error "define _GNU_SOURCE before the first #include; g++ and clang++ do it themselves"
#endif

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

/*
 * enum helper_way - how the helper was started, the best first
 *
 * A helper that is started in another way than the first is an ordinary child. The
 * application must not wait for children that it does not know: a wait(-1) of its own finds
 * the helper, except in the second and third way before the helper has called exec. Before
 * Linux 6.15 the status is lost then, and also if the application ignores SIGCHLD.
 */
enum helper_way {
	HELPER_BY_AUTOREAP,	/* clone3() with CLONE_AUTOREAP */
	HELPER_BY_CLONE3,		/* clone3() without it: the kernel is older */
	HELPER_BY_CLONE,		/* clone(): a seccomp filter refuses clone3() */
	HELPER_BY_FORK,		/* fork() and pidfd_open(): clone() is refused, too */
	HELPER_BY_FORK_ALONE,	/* fork(): there is no pidfd, helper_wait() uses the PID */
};

/* enum helper_step - what has failed, if helper_start() fails */
enum helper_step {
	HELPER_CREATE,		/* the helper was not created */
	HELPER_CGROUP,
	HELPER_GROUP,
	HELPER_CWD,
	HELPER_FDS,
	HELPER_EXEC,
};

/* struct helper - a helper that was started; free to be copied and moved */
struct helper {
	pid_t pid;		/* -1: there is no helper, or none any more */
	int pidfd;		/* -1: there is none */
	enum helper_way way;
	enum helper_step step;
};

/* What else helper_start() is to do, in helper_args.flags */
#define HELPER_SETSID		0x1	/* the helper becomes leader of a session */
#define HELPER_SETPGID		0x2	/* it joins .pgid; 0 is a group of its own */
#define HELPER_INTO_CGROUP	0x4	/* it starts in .cgroup, an open directory */

/* struct helper_fd - the helper gets the file @from of the application as @to */
struct helper_fd {
	int from;
	int to;
};

/**
 * struct helper_args - what to run, and how; all that is 0 asks for nothing
 * @path:	the program; PATH is not searched, and a relative path starts at @cwd
 * @argv:	its arguments
 * @envp:	its environment; NULL: that of the application
 * @cwd:	its working directory; NULL: that of the application
 * @fds:	files that it gets, as if all were installed at once, so two can be
 *		swapped. Any other file stays open if it has no close-on-exec flag.
 * @nfds:	how many
 * @ignored:	signals that stay ignored if the application ignores them, such as
 *		SIGHUP for nohup(1); NULL: none. All others are SIG_DFL, and none is blocked.
 * @flags:	HELPER_*
 * @pgid:	see HELPER_SETPGID
 * @cgroup:	see HELPER_INTO_CGROUP
 * @clone_flags: flags that only clone3() can give: CLONE_NNP, CLONE_NEW*,
 *		and CLONE_PIDFD_AUTOKILL | CLONE_NNP for a helper that is killed when the
 *		pidfd is closed, so also when the application ends. If they cannot be had,
 *		nothing is started.
 *
 * No other thread may change what this leads to before helper_start() returns. That includes
 * the environment, by setenv().
 */
struct helper_args {
	const char *path;
	char *const *argv;
	char *const *envp;
	const char *cwd;
	const struct helper_fd *fds;
	size_t nfds;
	const sigset_t *ignored;
	unsigned int flags;
	pid_t pgid;
	int cgroup;
	uint64_t clone_flags;
};

/* Values of the kernel's that headers may lack. */
#define HELPER_CLONE_VM		0x100ULL
#define HELPER_CLONE_PIDFD	0x1000ULL
#define HELPER_CLONE_VFORK	0x4000ULL
#define HELPER_CLONE_CGROUP	0x200000000ULL
#define HELPER_CLONE_AUTOREAP	0x400000000ULL
#define HELPER_CLONE_AUTOKILL	0x1000000000ULL
/* CLONE_NNP, CLONE_PIDFD_AUTOKILL, and CLONE_NEW* of mount, cgroup, uts, ipc, user, pid, net */
#define HELPER_CLONE_ALLOWED	(0x1800000000ULL | 0x7e020000ULL)
#define HELPER_P_PIDFD		3
#define HELPER_WALL		0x40000000
#define HELPER_INFO_EXIT	0x8
#define HELPER_GET_INFO		_IOWR(0xff, 11, struct helper_info)

#ifndef SYS_pidfd_send_signal
#define SYS_pidfd_send_signal	424
#endif
#ifndef SYS_pidfd_open
#define SYS_pidfd_open		434
#endif
#ifndef SYS_clone3
#define SYS_clone3		435
#endif
#ifndef SYS_fcntl
#define SYS_fcntl		SYS_fcntl64
#endif
#ifndef SYS_ppoll
#define SYS_ppoll		SYS_ppoll_time64
#endif

struct helper_clone_args {	/* struct clone_args of Linux 5.7 */
	uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls;
	uint64_t set_tid, set_tid_size, cgroup;
};

struct helper_info {		/* struct pidfd_info of Linux 6.13 */
	uint64_t mask, cgroupid;
	uint32_t ids[11];
	int32_t exit_code;
};

/* What the child is to do, what it says about that, and its stack. Its parent sees all of it. */
struct helper_child {
	char stack[32 * 1024 - 64] __attribute__((aligned(64)));
	const struct helper_args *args;
	char *const *envp;
	int *moved;		/* one for each of args->fds */
	int into_cgroup;	/* by itself */
	volatile int step, error;
};

/*
 * No sanitizer may watch a function of the child: it would note calls that never return in
 * the memory of the parent.
 */
#ifdef __clang__
#if __has_attribute(disable_sanitizer_instrumentation)
#define HELPER_PLAIN	__attribute__((noinline, disable_sanitizer_instrumentation, \
				       no_sanitize("address", "thread", "undefined")))
#else
#define HELPER_PLAIN	__attribute__((noinline, no_sanitize("address", "thread", "undefined")))
#endif
#else
#define HELPER_PLAIN	__attribute__((noinline, no_sanitize_address, no_sanitize_thread, \
				       no_sanitize_undefined))
#endif

/*
 * The child. It has the parent's thread-local storage, errno included, while other threads
 * may hold any lock of libc's. So it makes system calls, and nothing else. All signals are
 * blocked; a handler of the application must never run here.
 */

/* Where an ignored signal stays ignored, and a handler is never called. */
HELPER_PLAIN static void helper_reset_signals(const sigset_t *ignored)
{
	/* The kernel's struct sigaction, SIG_DFL and no flags, on any architecture. */
	unsigned long by_default[8] = {0}, old[8] = {0};
#ifdef __mips__
	const int handler = 1;	/* the flags come first */
#else
	const int handler = 0;
#endif
	int sig;

	/* Not sigaction(): for SIGABRT it takes the lock that abort() holds. */
	for (sig = 1; sig < _NSIG; sig++) {
		if (ignored && sigismember(ignored, sig) == 1) {
			syscall(SYS_rt_sigaction, sig, NULL, old, _NSIG / 8);
			if (old[handler] == (unsigned long)SIG_IGN)
				continue;
		}
		syscall(SYS_rt_sigaction, sig, by_default, NULL, _NSIG / 8);
	}
}

HELPER_PLAIN static int helper_is_listed(const struct helper_args *args, int fd)
{
	size_t i;

	for (i = 0; i < args->nfds; i++) {
		if (args->fds[i].from == fd || args->fds[i].to == fd)
			return 1;
	}
	return 0;
}

/* A copy with a number that is not in the list. */
HELPER_PLAIN static int helper_copy_fd(const struct helper_args *args, int fd)
{
	int copy = -1;

	for (;;) {
		copy = syscall(SYS_fcntl, fd, F_DUPFD_CLOEXEC, copy + 1);
		if (copy < 0 || !helper_is_listed(args, copy))
			break;
		syscall(SYS_close, copy);
	}
	/* No number may be as high as the one that was asked for. */
	if (copy < 0 && errno == EINVAL)
		errno = EMFILE;
	return copy;
}

/* First each file gets a number that no other needs, and then the one that it is to have. */
HELPER_PLAIN static int helper_install_fds(const struct helper_child *child)
{
	const struct helper_args *args = child->args;
	size_t i;

	for (i = 0; i < args->nfds; i++) {
		child->moved[i] = helper_copy_fd(args, args->fds[i].from);
		if (child->moved[i] < 0)
			return -1;
	}
	for (i = 0; i < args->nfds; i++) {
		if (syscall(SYS_dup3, child->moved[i], args->fds[i].to, 0) < 0)
			return -1;
	}
	return 0;
}

HELPER_PLAIN static int helper_join_cgroup(int cgroup)
{
	int fd = syscall(SYS_openat, cgroup, "cgroup.procs", O_WRONLY | O_CLOEXEC);

	return fd < 0 || syscall(SYS_write, fd, "0", 1) < 0 ? -1 : 0;
}

HELPER_PLAIN static int helper_exec(struct helper_child *child)
{
	const struct helper_args *args = child->args;
	sigset_t none;

	child->step = HELPER_CGROUP;
	if (child->into_cgroup && helper_join_cgroup(args->cgroup))
		return -1;
	child->step = HELPER_GROUP;
	if (args->flags & HELPER_SETSID && syscall(SYS_setsid) < 0)
		return -1;
	if (args->flags & HELPER_SETPGID && syscall(SYS_setpgid, 0, args->pgid) < 0)
		return -1;
	child->step = HELPER_CWD;
	if (args->cwd && syscall(SYS_chdir, args->cwd) < 0)
		return -1;
	child->step = HELPER_FDS;
	if (helper_install_fds(child))
		return -1;
	child->step = HELPER_EXEC;
	helper_reset_signals(args->ignored);
	memset(&none, 0, sizeof(none));
	syscall(SYS_rt_sigprocmask, SIG_SETMASK, &none, NULL, _NSIG / 8);
	return syscall(SYS_execve, args->path, args->argv, child->envp);
}

HELPER_PLAIN static void helper_child(void *arg)
{
	struct helper_child *child = (struct helper_child *)arg;

	helper_exec(child);
	child->error = errno;
	for (;;)
		syscall(SYS_exit_group, 127);
}

/*
 * helper_clone() makes a system call that creates a child, which runs helper_child(). It
 * returns the PID, or the negative error.
 *
 * If HELPER_SHARES_MEMORY is 1 the child shares all memory of its parent. It starts on its own
 * stack, at the instruction after the system call and with the registers of the parent; what
 * the compiler keeps on the parent's stack it has not. As the parent sleeps until the child
 * has called exec (CLONE_VFORK), a shadow stack is used by both, one after the other: x86 and
 * arm64 give the child none of its own. BTI and IBT are satisfied: helper_child() is called by
 * its address, and compilers begin such a function with a landing pad.
 */
#if defined(__x86_64__) && !defined(__ILP32__)
#define HELPER_SHARES_MEMORY 1
HELPER_PLAIN static long helper_clone(long nr, long a, long b, long c, struct helper_child *child)
{
	/* The kernel keeps all registers but rax, rcx and r11. */
	register void (*run)(void *) __asm__("r8") = helper_child;
	register void *arg __asm__("r9") = child;

	__asm__ volatile("syscall\n\t"
			 "test	%%rax, %%rax\n\t"
			 "jnz	1f\n\t"			/* the parent, or an error */
			 "xor	%%ebp, %%ebp\n\t"	/* no caller, for debuggers */
			 "mov	%%r9, %%rdi\n\t"
			 "call	*%%r8\n\t"
			 "ud2\n"			/* it does not return */
			 "1:"
			 : "+a"(nr)
			 : "D"(a), "S"(b), "d"(c), "r"(run), "r"(arg)
			 : "rcx", "r11", "memory", "cc");
	return nr;
}
#elif defined(__i386__)
#define HELPER_SHARES_MEMORY 1
HELPER_PLAIN static long helper_clone(long nr, long a, long b, long c, struct helper_child *child)
{
	__asm__ volatile("int	$0x80\n\t"
			 "test	%%eax, %%eax\n\t"
			 "jnz	1f\n\t"			/* the parent, or an error */
			 "xor	%%ebp, %%ebp\n\t"	/* no caller, for debuggers */
			 "sub	$12, %%esp\n\t"		/* a call finds a stack of 16 bytes each */
			 "push	%%edi\n\t"		/* the argument */
			 "call	*%%esi\n\t"
			 "ud2\n"			/* it does not return */
			 "1:"
			 : "+a"(nr)
			 : "b"(a), "c"(b), "d"(c), "S"(helper_child), "D"(child)
			 : "memory", "cc");
	return nr;
}
#elif defined(__aarch64__)
#define HELPER_SHARES_MEMORY 1
HELPER_PLAIN static long helper_clone(long nr, long a, long b, long c, struct helper_child *child)
{
	/* The kernel keeps all registers but x0. */
	register long x8 __asm__("x8") = nr;
	register long x0 __asm__("x0") = a;
	register long x1 __asm__("x1") = b;
	register long x2 __asm__("x2") = c;
	register void (*run)(void *) __asm__("x9") = helper_child;
	register void *arg __asm__("x10") = child;

	__asm__ volatile("svc	#0\n\t"
			 "cbnz	x0, 1f\n\t"		/* the parent, or an error */
			 "mov	x29, xzr\n\t"		/* no caller, for debuggers */
			 "mov	x0, x10\n\t"
			 "blr	x9\n\t"
			 "brk	#1\n"			/* it does not return */
			 "1:"
			 : "+r"(x0)
			 : "r"(x1), "r"(x2), "r"(x8), "r"(run), "r"(arg)
			 : "memory", "cc");
	return x0;
}
#elif defined(__arm__) && defined(__ARM_EABI__)
#define HELPER_SHARES_MEMORY 1
HELPER_PLAIN static long helper_clone(long nr, long a, long b, long c, struct helper_child *child)
{
	/* The kernel keeps all registers but r0. */
	register long r0 __asm__("r0") = a;
	register long r1 __asm__("r1") = b;
	register long r2 __asm__("r2") = c;
	register long r3 __asm__("r3") = nr;
	register void (*run)(void *) __asm__("r4") = helper_child;
	register void *arg __asm__("r5") = child;

	__asm__ volatile("mov	r12, r7\n\t"		/* r7 is the number of the call, but in */
			 "mov	r7, r3\n\t"		/* Thumb code it is the frame pointer */
			 "svc	#0\n\t"
			 "mov	r7, r12\n\t"
			 "cmp	r0, #0\n\t"
			 "bne	1f\n\t"			/* the parent, or an error */
			 "mov	r0, r5\n\t"
			 "blx	r4\n\t"
			 "udf	#0\n"			/* it does not return */
			 "1:"
			 : "+r"(r0)
			 : "r"(r1), "r"(r2), "r"(r3), "r"(run), "r"(arg)
			 : "r12", "memory", "cc");
	return r0;
}
#elif defined(__riscv) && __riscv_xlen == 64
#define HELPER_SHARES_MEMORY 1
HELPER_PLAIN static long helper_clone(long nr, long a, long b, long c, struct helper_child *child)
{
	/* The kernel keeps all registers but a0. */
	register long a7 __asm__("a7") = nr;
	register long a0 __asm__("a0") = a;
	register long a1 __asm__("a1") = b;
	register long a2 __asm__("a2") = c;
	register void (*run)(void *) __asm__("a3") = helper_child;
	register void *arg __asm__("a4") = child;

	__asm__ volatile("ecall\n\t"
			 "bnez	a0, 1f\n\t"		/* the parent, or an error */
			 "mv	s0, zero\n\t"		/* no caller, for debuggers */
			 "mv	a0, a4\n\t"
			 "jalr	a3\n\t"
			 "ebreak\n"			/* it does not return */
			 "1:"
			 : "+r"(a0)
			 : "r"(a1), "r"(a2), "r"(a7), "r"(run), "r"(arg)
			 : "memory");
	return a0;
}
#elif defined(__s390x__)
#define HELPER_SHARES_MEMORY 1
HELPER_PLAIN static long helper_clone(long nr, long a, long b, long c, struct helper_child *child)
{
	/* The kernel keeps all registers but r2. */
	register long r1 __asm__("r1") = nr;
	register long r2 __asm__("r2") = a;
	register long r3 __asm__("r3") = b;
	register long r4 __asm__("r4") = c;
	register void (*run)(void *) __asm__("r8") = helper_child;
	register void *arg __asm__("r9") = child;

	__asm__ volatile("svc	0\n\t"			/* the call whose number is in r1 */
			 "ltgr	%%r2, %%r2\n\t"
			 "jnz	1f\n\t"			/* the parent, or an error */
			 "lgr	%%r2, %%r9\n\t"
			 "aghi	%%r15, -160\n\t"	/* where the function saves registers */
			 "xc	0(8,%%r15), 0(%%r15)\n\t" /* no caller, for debuggers */
			 "basr	%%r14, %%r8\n\t"
			 ".short 0\n"			/* it does not return */
			 "1:"
			 : "+d"(r2)
			 : "d"(r1), "d"(r3), "d"(r4), "a"(run), "d"(arg)
			 : "memory", "cc");
	return r2;
}
#elif defined(__powerpc64__) && defined(_CALL_ELF) && _CALL_ELF == 2
#define HELPER_SHARES_MEMORY 1
HELPER_PLAIN static long helper_clone(long nr, long a, long b, long c, struct helper_child *child)
{
	register long r0 __asm__("r0") = nr;
	register long r3 __asm__("r3") = a;
	register long r4 __asm__("r4") = b;
	register long r5 __asm__("r5") = c;
	register void (*run)(void *) __asm__("r28") = helper_child;
	register void *arg __asm__("r29") = child;

	__asm__ volatile("sc\n\t"
			 "bns+	2f\n\t"
			 "neg	3, 3\n\t"		/* an error is told by a bit of cr0 */
			 "b	1f\n"
			 "2:\n\t"
			 "cmpdi	3, 0\n\t"
			 "bne	1f\n\t"			/* the parent */
			 "li	0, 0\n\t"
			 "stdu	0, -32(1)\n\t"		/* no caller, for debuggers */
			 "mr	3, 29\n\t"
			 "mr	12, 28\n\t"		/* from this the function gets its r2 */
			 "mtctr	12\n\t"
			 "bctrl\n\t"
			 "trap\n"			/* it does not return */
			 "1:"
			 : "+r"(r0), "+r"(r3), "+r"(r4), "+r"(r5)
			 : "r"(run), "r"(arg)
			 : "r6", "r7", "r8", "r9", "r10", "r11", "r12", "ctr", "xer", "cr0",
			   "memory");
	return r3;
}
#else
/* Any other: the child has a copy of the memory and of the stack, as from fork(). */
#define HELPER_SHARES_MEMORY 0
static inline long helper_clone(long nr, long a, long b, long c, struct helper_child *child)
{
	long pid = syscall(nr, a, b, c);

	if (pid == 0)
		helper_child(child);
	return pid < 0 ? -errno : pid;
}
#endif

/* What each child is created with. */
#define HELPER_CLONE	(HELPER_CLONE_PIDFD | HELPER_CLONE_VFORK | \
			 (HELPER_SHARES_MEMORY ? HELPER_CLONE_VM : 0))

/*
 * Errors by which a kernel, or a seccomp filter, says that it lacks a call or a flag. E2BIG:
 * struct clone_args has no cgroup before Linux 5.7.
 */
static inline int helper_is_missing(long error)
{
	return error == -EINVAL || error == -ENOSYS || error == -EPERM || error == -E2BIG;
}

/* clone3(), with the flag or without: returns the PID, or the negative error. */
static inline long helper_by_clone3(struct helper *helper, struct helper_child *child)
{
	const struct helper_args *args = child->args;
	struct helper_clone_args clone_args;
	long pid;

	memset(&clone_args, 0, sizeof(clone_args));
	clone_args.flags = HELPER_CLONE | HELPER_CLONE_AUTOREAP | args->clone_flags;
	clone_args.pidfd = (uintptr_t)&helper->pidfd;
	if (HELPER_SHARES_MEMORY) {
		clone_args.stack = (uintptr_t)child->stack;
		clone_args.stack_size = sizeof(child->stack);
	}
	if (args->flags & HELPER_INTO_CGROUP) {
		clone_args.flags |= HELPER_CLONE_CGROUP;
		clone_args.cgroup = args->cgroup;
	}

	helper->way = HELPER_BY_AUTOREAP;
	pid = helper_clone(SYS_clone3, (long)&clone_args, sizeof(clone_args), 0, child);
	/* A kernel may give the other flags without this one, but for one that needs it. */
	if (helper_is_missing(pid) && !(args->clone_flags & HELPER_CLONE_AUTOKILL)) {
		helper->way = HELPER_BY_CLONE3;
		clone_args.flags &= ~HELPER_CLONE_AUTOREAP;
		pid = helper_clone(SYS_clone3, (long)&clone_args, sizeof(clone_args), 0, child);
	}
	/* A call that fails may have stored a number. */
	if (pid < 0)
		helper->pidfd = -1;
	return pid;
}

/* clone(): the same. */
static inline long helper_by_clone(struct helper *helper, struct helper_child *child)
{
	long top = HELPER_SHARES_MEMORY ? (long)(child->stack + sizeof(child->stack)) : 0;
	long pid;

	helper->way = HELPER_BY_CLONE;
	child->into_cgroup = !!(child->args->flags & HELPER_INTO_CGROUP);
#ifdef __s390__
	pid = helper_clone(SYS_clone, top, HELPER_CLONE, (long)&helper->pidfd, child);
#else
	pid = helper_clone(SYS_clone, HELPER_CLONE, top, (long)&helper->pidfd, child);
#endif
	if (pid < 0)
		helper->pidfd = -1;
	return pid;
}

/* Not poll(), which is a cancellation point. */
static inline int helper_poll(struct pollfd *fds, int nfds)
{
	int ret;

	while ((ret = syscall(SYS_ppoll, fds, nfds, NULL, NULL, 0)) < 0 && errno == EINTR)
		;
	return ret;
}

/* Which byte of a file is locked by the parent, and which by the child. */
enum { HELPER_LOCK_PARENT, HELPER_LOCK_CHILD };

/* F_SETLK and F_SETLKW of the kernel's; libc may have those of 64 bits in their place. */
enum { HELPER_SETLK = 6, HELPER_SETLKW = 7 };

static inline int helper_lock(int fd, int cmd, int type, int byte)
{
	struct {
		short type, whence;
		long start, len, pid, pad[5];
	} lock;
	int ret;

	memset(&lock, 0, sizeof(lock));
	lock.type = type;
	lock.start = byte;
	lock.len = 1;
	while ((ret = syscall(SYS_fcntl, fd, cmd, &lock)) < 0 && errno == EINTR)
		;
	return ret;
}

/*
 * fork(), where CLONE_PIDFD is refused as well: by a seccomp filter, or by qemu-user. It
 * runs the handlers of pthread_atfork(), which no other way does.
 *
 * Locks stand in for CLONE_VFORK. The end of a socket would not do: a process that another
 * thread forks meanwhile has a copy of it, and may keep that. Nobody inherits a lock. That
 * of the child is gone when exec closes the file, or the child ends. That of the parent keeps
 * the child from exec, and so from its end, until there is a pidfd, or no parent.
 */
static inline long helper_by_fork(struct helper *helper, struct helper_child *child)
{
	struct pollfd told[2];
	int sockets[2], error;
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets))
		return -errno;
	pid = helper_lock(sockets[0], HELPER_SETLK, F_WRLCK, HELPER_LOCK_PARENT) ? -1 : fork();
	if (pid == 0) {
		int fd = sockets[0];

		/* The list may have its number, and a lock is gone when a copy is closed. */
		if (helper_is_listed(child->args, fd)) {
			fd = helper_copy_fd(child->args, fd);
			child->step = HELPER_FDS;
			child->error = fd < 0 ? errno : 0;
			syscall(SYS_close, sockets[0]);
		}
		if (helper_lock(fd, HELPER_SETLK, F_WRLCK, HELPER_LOCK_CHILD))
			_exit(127);
		syscall(SYS_sendto, sockets[1], "", 1, MSG_NOSIGNAL, NULL, 0);
		syscall(SYS_close, sockets[1]);
		helper_lock(fd, HELPER_SETLKW, F_WRLCK, HELPER_LOCK_PARENT);
		helper_child(child);
	}
	error = errno;
	syscall(SYS_close, sockets[1]);
	if (pid > 0) {
		helper->pidfd = syscall(SYS_pidfd_open, pid, 0);
		helper->way = helper->pidfd < 0 ? HELPER_BY_FORK_ALONE : HELPER_BY_FORK;
		/* The child has its lock, or has been killed. */
		memset(told, 0, sizeof(told));
		told[0].fd = sockets[0];
		told[1].fd = helper->pidfd;
		told[0].events = POLLIN;
		told[1].events = POLLIN;
		helper_poll(told, 2);
		helper_lock(sockets[0], HELPER_SETLK, F_UNLCK, HELPER_LOCK_PARENT);
		helper_lock(sockets[0], HELPER_SETLKW, F_WRLCK, HELPER_LOCK_CHILD);
	}
	syscall(SYS_close, sockets[0]);
	return pid < 0 ? -error : pid;
}

/*
 * By its number, where there is no pidfd, or none that can be waited for. If somebody else
 * has waited for the helper, and its number is that of another child by then, this takes
 * the status of that child.
 */
static inline int helper_reap_by_pid(pid_t pid, int *status)
{
	long ret;

	while ((ret = syscall(SYS_wait4, pid, status, HELPER_WALL, NULL)) < 0 && errno == EINTR)
		;
	return ret < 0 ? -1 : 0;
}

/* The status of a zombie: -1 with errno ECHILD if there is none. */
static inline int helper_reap(const struct helper *helper, int *status)
{
	const int options = WEXITED | HELPER_WALL;
	siginfo_t info;

	if (helper->pidfd < 0)
		return helper_reap_by_pid(helper->pid, status);
	while (syscall(SYS_waitid, HELPER_P_PIDFD, helper->pidfd, &info, options, NULL) < 0) {
		if (errno == ECHILD)
			return -1;
		if (errno != EINTR)
			return helper_reap_by_pid(helper->pid, status);
	}
	if (info.si_code == CLD_EXITED)
		*status = (info.si_status & 0xff) << 8;
	else
		*status = info.si_status | (info.si_code == CLD_DUMPED ? 0x80 : 0);
	return 0;
}

static inline int helper_get_info(int pidfd, struct helper_info *info)
{
	memset(info, 0, sizeof(*info));
	info->mask = HELPER_INFO_EXIT;
	/* Not ioctl(): to that of musl the number is an int, and too large. */
	return syscall(SYS_ioctl, pidfd, HELPER_GET_INFO, info) ? errno : 0;
}

/* The status that the pidfd keeps: -1 with errno ENODATA if there is none. */
static inline int helper_read_status(const struct helper *helper, int *status)
{
	struct helper_info info;
	struct pollfd end;
	int error = 0;

	if (helper->pidfd < 0) {
		errno = ENODATA;
		return -1;
	}
	/*
	 * A zombie that nobody finds has ended. Kernels without the call may lack POLLHUP as
	 * well, and would sleep for ever. Those with the flag have it, and there a call that is
	 * refused does not tell that the helper has ended.
	 */
	if (helper->way != HELPER_BY_AUTOREAP)
		error = helper_get_info(helper->pidfd, &info);
	if (!error || error == ESRCH) {
		/* No events: POLLHUP alone ends the poll, and then the status is there. */
		memset(&end, 0, sizeof(end));
		end.fd = helper->pidfd;
		if (helper_poll(&end, 1) < 0)
			return -1;
		error = helper_get_info(helper->pidfd, &info);
	}
	if (!error && info.mask & HELPER_INFO_EXIT) {
		*status = info.exit_code;
		return 0;
	}
	/* Kernels without the call, or without the status of a reaped process. */
	if (!error || error == ENOTTY || error == EINVAL || error == ESRCH)
		error = ENODATA;
	errno = error;
	return -1;
}

/**
 * helper_kill() - send a signal to a helper
 * @helper:	what helper_start() has filled in
 * @sig:	the signal
 *
 * It reaches one process, and not what that has started.
 *
 * Return: 0; or -1 with errno, ESRCH if it has ended, or there is none.
 */
static inline int helper_kill(const struct helper *helper, int sig)
{
	if (helper->pidfd >= 0)
		return syscall(SYS_pidfd_send_signal, helper->pidfd, sig, NULL, 0);
	/* kill(-1) would reach all processes of the user. */
	if (helper->pid > 0)
		return kill(helper->pid, sig);
	errno = ESRCH;
	return -1;
}

/**
 * helper_wait() - wait for the end of a helper, and close its pidfd
 * @helper:	what helper_start() has filled in
 * @status:	the status, in the encoding of wait(2); may be NULL
 *
 * Must be called once for each helper: it is what leaves nothing behind. It sleeps, if the
 * helper has not ended; not if the pidfd has reported one of helper_events(). Take the pidfd
 * out of epoll before.
 *
 * Return: 0; or -1 with errno if the status is not known. ENODATA: the helper was not started
 * by HELPER_BY_AUTOREAP, the kernel is older than 6.15 or there is no pidfd, and the application
 * ignores SIGCHLD or has waited for the helper itself; or, in any way, the application has
 * closed the pidfd. ECHILD: there is no helper, or it was waited for.
 */
static inline int helper_wait(struct helper *helper, int *status)
{
	int error, before = errno, known = -1, value = 0;

	if (helper->pid < 0) {
		errno = ECHILD;
		return -1;
	}
	/* Another file may have the number of a pidfd that the application has closed. */
	if (helper->pidfd >= 0 && helper_kill(helper, 0) && errno == EBADF)
		helper->pidfd = -1;
	errno = ECHILD;
	if (helper->way != HELPER_BY_AUTOREAP)
		known = helper_reap(helper, &value);
	if (known < 0 && errno == ECHILD)
		known = helper_read_status(helper, &value);
	error = errno;
	if (helper->pidfd >= 0)
		syscall(SYS_close, helper->pidfd);
	/* The number may soon be that of another process. */
	helper->pid = -1;
	helper->pidfd = -1;
	if (!known && status)
		*status = value;
	errno = known < 0 ? error : before;
	return known;
}

/**
 * helper_events() - what to ask of poll() or epoll for the pidfd of a helper
 * @helper:	what helper_start() has filled in
 *
 * With the flag, poll() is to return for POLLHUP alone, which needs no bit: mainline may
 * report POLLIN before the status is there. The pidfd of an ordinary child reports POLLIN
 * when it has ended, and POLLHUP only after somebody has waited for it.
 *
 * Return: 0 or POLLIN, which have the same values in epoll.
 */
static inline short helper_events(const struct helper *helper)
{
	return helper->way == HELPER_BY_AUTOREAP ? 0 : POLLIN;
}

static inline void helper_free_child(struct helper_child *child)
{
	if (child) {
		free(child->moved);
		munmap(child, sizeof(*child));
	}
}

/* @sharing: MAP_SHARED if nothing else is shared. NULL with errno if there is no memory. */
static inline struct helper_child *helper_new_child(const struct helper_args *args, int sharing)
{
	void *memory = mmap(NULL, sizeof(struct helper_child), PROT_READ | PROT_WRITE,
			    sharing | MAP_ANONYMOUS, -1, 0);
	struct helper_child *child = (struct helper_child *)memory;

	if (memory == MAP_FAILED)
		return NULL;
	child->args = args;
	child->envp = args->envp ? args->envp : environ;
	if (args->nfds) {
		child->moved = (int *)calloc(args->nfds, sizeof(*child->moved));
		if (!child->moved) {
			helper_free_child(child);
			errno = ENOMEM;
			return NULL;
		}
	}
	return child;
}

/**
 * helper_start() - run a program
 * @helper:	is filled in
 * @args:	what to run, and how
 *
 * The calling thread sleeps until the helper has called exec, or has ended. Signals for that
 * thread come after that. If the helper is killed before exec, this is no error: the status
 * says so. If it is stopped before exec, the thread sleeps until it goes on. errno stays as it is
 * if the function succeeds.
 *
 * Return: 0, and helper_wait() must follow; or -1 with errno, and nothing is left behind:
 * @helper->step says what has failed, and errno is that of this step. For HELPER_CREATE that is
 * EINVAL, ENOSYS, EPERM or E2BIG if @args->clone_flags cannot be had, otherwise the errno of
 * clone3().
 */
static inline int helper_start(struct helper *helper, const struct helper_args *args)
{
	struct helper_child *child;
	int before = errno, error;
	sigset_t all, mask;
	long pid;

	memset(helper, 0, sizeof(*helper));
	helper->pid = -1;
	helper->pidfd = -1;
	if (args->clone_flags & ~HELPER_CLONE_ALLOWED) {
		errno = EINVAL;
		return -1;
	}
	/* All of them, also those that libc keeps for itself, which sigprocmask() leaves out. */
	memset(&all, 0xff, sizeof(all));
	syscall(SYS_rt_sigprocmask, SIG_SETMASK, &all, &mask, _NSIG / 8);

	child = helper_new_child(args, HELPER_SHARES_MEMORY ? MAP_PRIVATE : MAP_SHARED);
	pid = child ? helper_by_clone3(helper, child) : -errno;
	if (helper_is_missing(pid) && !args->clone_flags) {
		/* Under valgrind, a child of clone() has a copy of the memory in any case. */
		helper_free_child(child);
		child = helper_new_child(args, MAP_SHARED);
		pid = child ? helper_by_clone(helper, child) : -errno;
		if (helper_is_missing(pid))
			pid = helper_by_fork(helper, child);
	}

	helper->pid = pid < 0 ? -1 : pid;
	error = pid < 0 ? -pid : child->error;
	if (error && pid > 0) {
		helper->step = (enum helper_step)child->step;
		helper_wait(helper, NULL);
	}
	helper_free_child(child);
	/* An asynchronous cancellation acts here, when all is done. */
	syscall(SYS_rt_sigprocmask, SIG_SETMASK, &mask, NULL, _NSIG / 8);
	errno = error ? error : before;
	return error ? -1 : 0;
}

#endif /* HELPER_H */
