/* SPDX-License-Identifier: GPL-2.0 */
/* PIDFD_GET_INFO for the CLONE_AUTOREAP tests. Include this after clone3_autoreap_sys.h. */
#ifndef CLONE3_AUTOREAP_INFO_H
#define CLONE3_AUTOREAP_INFO_H

#include <sys/ioctl.h>

#ifndef PIDFD_INFO_PID
#define PIDFD_INFO_PID 0x1
#endif

#ifndef PIDFD_INFO_CREDS
#define PIDFD_INFO_CREDS 0x2
#endif

#ifndef PIDFD_INFO_CGROUPID
#define PIDFD_INFO_CGROUPID 0x4
#endif

#ifndef PIDFD_INFO_EXIT
#define PIDFD_INFO_EXIT 0x8
#endif

/* struct pidfd_info as first published, under a name that is not the kernel's. */
struct ar_info {
	__u64 mask;
	__u64 cgroupid;
	__u32 pid;
	__u32 tgid;
	__u32 ppid;
	__u32 ruid;
	__u32 rgid;
	__u32 euid;
	__u32 egid;
	__u32 suid;
	__u32 sgid;
	__u32 fsuid;
	__u32 fsgid;
	__s32 exit_code;
};

#define AR_INFO_SIZE 64

/* PIDFD_GET_INFO for a struct of @size bytes, with the direction @dir. */
#define AR_INFO_CMD(dir, size) _IOC(dir, 0xFF, 11, size)
#define AR_INFO_RW (_IOC_READ | _IOC_WRITE)

/* Ask for @mask. Returns 0 or the errno; every byte of @info is to be overwritten. */
static inline int ar_info(int pidfd, __u64 mask, struct ar_info *info)
{
	memset(info, 0xff, sizeof(*info));
	info->mask = mask;
	return ioctl(pidfd, AR_INFO_CMD(AR_INFO_RW, sizeof(*info)), info) ? errno : 0;
}

/* The status of an exit with @code. */
#define EXITED(code) ((code) << 8)

#define NO_STATUS (-1000)

/* The status in the encoding of wait(2), NO_STATUS if there is none, or -errno. */
static inline int ar_status(int pidfd)
{
	struct ar_info info;
	int error = ar_info(pidfd, PIDFD_INFO_EXIT, &info);

	if (error)
		return -error;
	return info.mask & PIDFD_INFO_EXIT ? info.exit_code : NO_STATUS;
}

/* The bit that comes with every answer if there are cgroups. */
static inline __u64 cgroup_bit(void)
{
	return access("/proc/self/cgroup", F_OK) ? 0 : PIDFD_INFO_CGROUPID;
}

/* The bits that come with every answer about a task that is not reaped. */
static inline __u64 live_bits(void)
{
	return PIDFD_INFO_PID | PIDFD_INFO_CREDS | cgroup_bit();
}

/* Wait until the exit is reported, whether or not the process is gone by then. */
static inline bool ar_exited(int pidfd)
{
	int events = ar_poll_exited(pidfd);

	return events == POLLIN || events == (POLLIN | POLLHUP);
}

/* Wait until the process is gone: from then on, any kernel has its status. */
static inline bool ar_ended(int pidfd)
{
	return ar_poll_gone(pidfd) == POLLHUP;
}

/* A child that let go of the gate has reaped itself; this is what is left. */
static inline int reaped_pidfd(const struct ar_gate *gate)
{
	int pidfd = -1;

	if (ar_start(CLONE_AUTOREAP, &pidfd, gate, CHILD_CODE) < 0 || ar_gate_open(gate) ||
	    ar_poll_gone(pidfd) != POLLHUP)
		return -1;
	return pidfd;
}

/* A thread that libc does not know: it may make system calls, and has no libc state. */
static inline pid_t start_thread(int (*fn)(void *arg), const void *arg, int *pidfd)
{
	static char stack[32768];

	return clone(fn, stack + sizeof(stack), CLONE_VM | CLONE_FS | CLONE_FILES |
		     CLONE_SIGHAND | CLONE_SYSVSEM | CLONE_THREAD | (pidfd ? CLONE_PIDFD : 0),
		     (void *)arg, pidfd);
}

/* A child that is root of a user namespace, and the init of a pid namespace. */
static inline pid_t fork_init(__u64 flags, int *pidfd)
{
	return ar_fork(flags | CLONE_NEWUSER | CLONE_NEWPID,
		       flags & CLONE_AUTOREAP ? 0 : SIGCHLD, pidfd);
}

/* Seconds, for as many rounds of a race as one may ask for. */
#define LONG_RUN 3600

/*
 * How often each race is run; set by the environment variable KSFT_ROUNDS. Who does
 * not ask for many has a test that hangs end after the time of any other.
 */
static inline int ar_rounds(void)
{
	const char *text = getenv("KSFT_ROUNDS");
	static bool limited;

	if (text)
		return atoi(text);
	if (!limited)
		alarm(30);
	limited = true;
	return 100;
}

#endif /* CLONE3_AUTOREAP_INFO_H */
