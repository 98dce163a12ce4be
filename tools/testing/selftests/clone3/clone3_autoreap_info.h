/* SPDX-License-Identifier: GPL-2.0 */
/* PIDFD_GET_INFO for the CLONE_AUTOREAP tests: needs no harness. */
#ifndef CLONE3_AUTOREAP_INFO_H
#define CLONE3_AUTOREAP_INFO_H

#include "clone3_autoreap_sys.h"

#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>

#ifndef SO_PASSPIDFD
#define SO_PASSPIDFD 76
#endif

#ifndef SO_PEERPIDFD
#define SO_PEERPIDFD 77
#endif

#ifndef SCM_PIDFD
#define SCM_PIDFD 4
#endif

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

/* Everywhere the same: no padding, and nothing whose size depends on the machine. */
#define AR_INFO_AT(member, offset) \
	_Static_assert(offsetof(struct ar_info, member) == (offset), "struct ar_info")
AR_INFO_AT(mask, 0);
AR_INFO_AT(cgroupid, 8);
AR_INFO_AT(pid, 16);
AR_INFO_AT(tgid, 20);
AR_INFO_AT(ppid, 24);
AR_INFO_AT(ruid, 28);
AR_INFO_AT(rgid, 32);
AR_INFO_AT(euid, 36);
AR_INFO_AT(egid, 40);
AR_INFO_AT(suid, 44);
AR_INFO_AT(sgid, 48);
AR_INFO_AT(fsuid, 52);
AR_INFO_AT(fsgid, 56);
AR_INFO_AT(exit_code, 60);
/* And no padding, so each is as large as there is room for it. */
static inline void ar_info_has_no_padding(struct ar_info info)
{
	_Static_assert(sizeof(info) == AR_INFO_SIZE, "struct ar_info");
	_Static_assert(sizeof(info.mask) + sizeof(info.cgroupid) + sizeof(info.pid) +
		       sizeof(info.tgid) + sizeof(info.ppid) + sizeof(info.ruid) +
		       sizeof(info.rgid) + sizeof(info.euid) + sizeof(info.egid) +
		       sizeof(info.suid) + sizeof(info.sgid) + sizeof(info.fsuid) +
		       sizeof(info.fsgid) +
		       sizeof(info.exit_code) == AR_INFO_SIZE, "struct ar_info");
}

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
#define AR_EXITED(code) ((code) << 8)

#define AR_NO_STATUS (-1000)

/* The status in the encoding of wait(2), AR_NO_STATUS if there is none, or -errno. */
static inline int ar_status(int pidfd)
{
	struct ar_info info;
	int error = ar_info(pidfd, PIDFD_INFO_EXIT, &info);

	if (error)
		return -error;
	return info.mask & PIDFD_INFO_EXIT ? info.exit_code : AR_NO_STATUS;
}

/* The bit that comes with every answer about a task that is not reaped, if there are cgroups. */
static inline __u64 ar_cgroup_bit(void)
{
	return !access("/proc/self/cgroup", F_OK) ? PIDFD_INFO_CGROUPID : 0;
}

/* The same of a task that is reaped: kernels without pidfs have no room to keep the cgroup. */
static inline __u64 ar_kept_cgroup_bit(void)
{
	return ar_thread_pidfds() ? ar_cgroup_bit() : 0;
}

/*
 * The number of the cgroup whose directory is @path, or 0. On 32-bit kernels it is
 * more than the inode number: a generation is above it.
 */
static inline __u64 ar_cgroup_id(const char *path)
{
	__u64 id;
	union {
		struct file_handle head;
		char room[sizeof(struct file_handle) + sizeof(id)];
	} handle = { .head.handle_bytes = sizeof(id) };
	int mount;

	if (name_to_handle_at(AT_FDCWD, path, &handle.head, &mount, 0))
		return 0;
	memcpy(&id, handle.room + sizeof(handle.head), sizeof(id));
	return id;
}

/* The bits that come with every answer about a task that is not reaped. */
static inline __u64 ar_live_bits(void)
{
	return PIDFD_INFO_PID | PIDFD_INFO_CREDS | ar_cgroup_bit();
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
static inline int ar_reaped_pidfd(const struct ar_gate *gate)
{
	int pidfd = -1;

	if (ar_start(CLONE_AUTOREAP, &pidfd, gate, AR_CHILD_CODE) < 0 || ar_gate_open(gate) ||
	    ar_poll_gone(pidfd) != POLLHUP)
		return -1;
	return pidfd;
}

/* A thread that libc does not know: it may make system calls, and has no libc state. */
static inline pid_t ar_start_thread(int (*fn)(void *arg), const void *arg, int *pidfd)
{
	static char stack[32768];

	return clone(fn, stack + sizeof(stack), CLONE_VM | CLONE_FS | CLONE_FILES |
		     CLONE_SIGHAND | CLONE_SYSVSEM | CLONE_THREAD | (pidfd ? CLONE_PIDFD : 0),
		     (void *)arg, pidfd);
}

/* A child that is root of a user namespace, and the init of a pid namespace. */
static inline pid_t ar_fork_init(__u64 flags, int *pidfd)
{
	return ar_fork(flags | CLONE_NEWUSER | CLONE_NEWPID,
		       flags & CLONE_AUTOREAP ? 0 : SIGCHLD, pidfd);
}

/* Nanoseconds that the life of a child takes here: of ten, as clocks may be coarse. */
static inline long long ar_life(void)
{
	struct timespec start, end;
	pid_t pid;
	int i;

	clock_gettime(CLOCK_MONOTONIC, &start);
	for (i = 0; i < 10; i++) {
		pid = ar_fork(0, 0, NULL);
		if (!pid)
			_exit(0);
		if (pid > 0)
			waitpid(pid, NULL, __WALL);
	}
	clock_gettime(CLOCK_MONOTONIC, &end);
	return (end.tv_sec - start.tv_sec) * 100000000LL + (end.tv_nsec - start.tv_nsec) / 10;
}

/* Seconds, for as many rounds of a race as one may ask for. */
#define AR_LONG_RUN 3600

/* How long the life of a child may take before there are fewer rounds. */
#define AR_LIFE 2000000

/*
 * How often each race is run: 100 times, or on a slow machine, an emulated one or a
 * kernel with sanitizers, as much less often as the life of a child takes longer there
 * than AR_LIFE nanoseconds, but 10 times at least. The environment variable KSFT_ROUNDS
 * says it otherwise. Who does not ask for many has a test that hangs end after the time
 * of any other. The first call waits for some children, so no other thread may then.
 */
static inline int ar_rounds(void)
{
	const char *text = getenv("KSFT_ROUNDS");
	static int rounds;

	if (text)
		return atoi(text);
	if (!rounds) {
		long long life;

		alarm(30);
		life = ar_life();
		rounds = life > AR_LIFE * 10 ? 10 : life > AR_LIFE ? 100LL * AR_LIFE / life : 100;
	}
	return rounds;
}

#endif /* CLONE3_AUTOREAP_INFO_H */
