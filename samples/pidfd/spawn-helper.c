// SPDX-License-Identifier: GPL-2.0
/*
 * spawn-helper - how a library runs a program without disturbing the application
 *
 * Usage: spawn-helper [-k] PATH [ARGUMENT]...
 *
 * Runs the program and says how it ended; with -k it is killed when spawn-helper
 * ends, in whatever way. What is above main() is for you to copy.
 *
 * With CLONE_AUTOREAP it works whatever the application does about signals, and
 * whoever in it calls wait(). Without, from Linux 6.15 on, the status is right all
 * the same, but the application gets a SIGCHLD and may find the helper by a wait()
 * of its own; before 6.15 the status is lost then. Needs Linux 5.4.
 *
 * Exit status: that of the program, or 128 and the signal that has killed it;
 * 127 if it cannot be run; 1 after any other error.
 */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <linux/pidfd.h>
#include <linux/sched.h>

#ifndef CLONE_AUTOREAP
#define CLONE_AUTOREAP	0x400000000ULL
#endif

#ifndef CLONE_NNP
#define CLONE_NNP	0x800000000ULL
#endif

#ifndef CLONE_PIDFD_AUTOKILL
#define CLONE_PIDFD_AUTOKILL	0x1000000000ULL
#endif

#ifndef P_PIDFD
#define P_PIDFD		3
#endif

#ifndef SYS_fcntl	/* on 32-bit architectures that are new */
#define SYS_fcntl	SYS_fcntl64
#endif

#ifdef PIDFD_INFO_EXIT
#define exit_info	pidfd_info
#else	/* An older header: define the first 64 bytes of struct pidfd_info. */
#define PIDFD_INFO_EXIT	0x8
#undef PIDFD_GET_INFO
#define PIDFD_GET_INFO	_IOWR(0xff, 11, struct exit_info)

struct exit_info {
	__u64 mask, cgroupid;
	__u32 ids[11];
	__s32 exit_code;
};
#endif

/* A helper: its pidfd, -1 if there is none, and whether it has to be waited for. */
struct helper {
	pid_t pid;
	int pidfd;
	bool is_zombie;
};

/* What other children can replace. With any other flag, there is no fallback. */
#define FORK_CAN_REPLACE	(CLONE_AUTOREAP | CLONE_PIDFD | CLONE_VFORK)

/* Which byte of a file is locked by the parent, and which by the child. */
enum { PARENT, CHILD };

/* <linux/pidfd.h> has struct flock, and does not go with every <fcntl.h>. */
static int lock(int fd, int cmd, int type, int byte)
{
	struct flock lock = { .l_type = type, .l_start = byte, .l_len = 1 };
	int ret;

	while ((ret = syscall(SYS_fcntl, fd, cmd, &lock)) < 0 && errno == EINTR)
		;
	return ret;
}

/*
 * By fork(), where CLONE_PIDFD is refused as well: by a seccomp filter, or by
 * qemu-user. It runs the handlers of pthread_atfork(), which no other way does.
 *
 * Locks stand in for CLONE_VFORK. The end of a socket would not do: a process
 * that another thread forks meanwhile has a copy of it, and may keep that.
 * Nobody inherits a lock. That of the child is gone when exec closes the file,
 * or the child ends. That of the parent keeps the child from exec, and so from
 * its end, until there is a pidfd, or no parent.
 */
static pid_t fork_helper(struct helper *helper)
{
	struct pollfd told[2];
	int sockets[2], error;
	char byte = 0;
	pid_t pid;

	helper->pidfd = -1;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets))
		return -1;
	pid = lock(sockets[0], F_SETLK, F_WRLCK, PARENT) ? -1 : fork();
	if (pid == 0) {
		if (lock(sockets[0], F_SETLK, F_WRLCK, CHILD))
			_exit(127);
		send(sockets[1], &byte, 1, MSG_NOSIGNAL);
		lock(sockets[0], F_SETLKW, F_WRLCK, PARENT);
		return 0;
	}
	error = errno;
	close(sockets[1]);
	if (pid > 0) {
		helper->pidfd = syscall(SYS_pidfd_open, pid, 0);
		/* The child has its lock, or has been killed. */
		told[0] = (struct pollfd){ .fd = sockets[0], .events = POLLIN };
		told[1] = (struct pollfd){ .fd = helper->pidfd, .events = POLLIN };
		while (poll(told, 2, -1) < 0 && errno == EINTR)
			;
		lock(sockets[0], F_SETLK, F_UNLCK, PARENT);
		lock(sockets[0], F_SETLKW, F_WRLCK, CHILD);
	}
	close(sockets[0]);
	errno = error;
	return pid;
}

static pid_t clone_ordinary(struct helper *helper)
{
	pid_t pid;

	helper->pidfd = -1;	/* a call may fail after it was stored */
	helper->is_zombie = true;
#ifdef __s390__
	pid = syscall(SYS_clone, NULL, CLONE_PIDFD | CLONE_VFORK, &helper->pidfd, NULL, 0);
#else
	pid = syscall(SYS_clone, CLONE_PIDFD | CLONE_VFORK, NULL, &helper->pidfd, NULL, 0);
#endif
	return pid < 0 ? fork_helper(helper) : pid;
}

/*
 * Like fork(): returns twice, 0 in the child, and in the parent when the child has
 * called exec or ended. Debuggers need that order, for a child without an exit signal.
 * Where the flag is not known, or a seccomp filter refuses clone3(), the child is an
 * ordinary one: without an exit signal, if possible, so that wait() does not find it
 * without __WALL, until it calls exec.
 *
 * With @leash the kernel kills the helper when the pidfd is closed, so also when the
 * application ends, but for a process that it has forked meanwhile and that has a copy.
 * Any code of the application that closes the number kills the helper; a shell uses 3 to
 * 9. The helper's own children are not killed.
 * The helper and what it executes cannot gain privileges then: no sudo. Kernels without
 * the two flags cannot do that, and nothing is started: EINVAL, ENOSYS or EPERM.
 */
static pid_t clone_helper(struct helper *helper, bool leash)
{
	struct clone_args args = {
		.flags = CLONE_AUTOREAP | CLONE_PIDFD | CLONE_VFORK,
		.pidfd = (uintptr_t)&helper->pidfd,
	};
	pid_t pid;

	helper->pidfd = -1;
	helper->is_zombie = false;
	if (leash)
		args.flags |= CLONE_NNP | CLONE_PIDFD_AUTOKILL;
	pid = syscall(SYS_clone3, &args, sizeof(args));
	if (pid < 0 && !(args.flags & ~FORK_CAN_REPLACE) &&
	    (errno == EINVAL || errno == ENOSYS || errno == EPERM))
		pid = clone_ordinary(helper);
	helper->pid = pid;
	return pid;
}

/*
 * The child: gives up the application's handlers, and what it ignores and blocks,
 * which exec would leave to the program. If the program is to ignore a signal, leave
 * that out of the loop: SIGHUP, if nohup of the application is to protect it. Other
 * threads may hold any lock, also one of libc's own, so it makes system calls and
 * nothing else.
 */
static void exec_helper(char *const argv[], int *error)
{
	/* SIG_DFL, no flags, no mask, on any architecture; sparc has another call. */
	static const unsigned long by_default[8];
	sigset_t none;
	int sig;

	/* Not sigaction(): for SIGABRT it takes the lock that abort() holds. */
	for (sig = 1; sig < _NSIG; sig++)
		syscall(SYS_rt_sigaction, sig, by_default, NULL, _NSIG / 8);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	execv(argv[0], argv);
	*error = errno;
	_exit(127);
}

/*
 * By its number, where there is no pidfd, or none that can be waited for. If somebody else
 * has waited for the helper, and its number is that of another child by then, this takes
 * the status of that child.
 */
static int reap_by_pid(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, __WALL) < 0) {
		if (errno != EINTR)
			return -1;
	}
	return status;
}

/* The status of a zombie: -1 with errno ECHILD if there is none. */
static int reap(const struct helper *helper)
{
	siginfo_t info;

	if (helper->pidfd < 0)
		return reap_by_pid(helper->pid);
	while (waitid(P_PIDFD, helper->pidfd, &info, WEXITED | __WALL) < 0) {
		if (errno == ECHILD)
			return -1;
		if (errno != EINTR)
			return reap_by_pid(helper->pid);
	}
	if (info.si_code == CLD_EXITED)
		return info.si_status << 8;
	return info.si_status | (info.si_code == CLD_DUMPED ? 0x80 : 0);
}

static int get_info(int pidfd, struct exit_info *info)
{
	*info = (struct exit_info){ .mask = PIDFD_INFO_EXIT };
	return ioctl(pidfd, PIDFD_GET_INFO, info) ? errno : 0;
}

/* The status that the pidfd keeps: -1 with errno ENODATA if there is none. */
static int read_status(const struct helper *helper)
{
	/* No events: POLLHUP alone ends the poll, and then the status is there. */
	struct pollfd end = { .fd = helper->pidfd };
	struct exit_info info;
	int error = 0;

	if (helper->pidfd < 0) {
		errno = ENODATA;
		return -1;
	}
	/*
	 * A zombie that nobody finds has ended. Kernels without the call may lack
	 * POLLHUP as well, and would sleep for ever. Those with the flag have it, and
	 * there a call that is refused does not tell that the helper has ended.
	 */
	if (helper->is_zombie)
		error = get_info(helper->pidfd, &info);
	if (!error || error == ESRCH) {
		while (poll(&end, 1, -1) < 0) {
			if (errno != EINTR)
				return -1;
		}
		error = get_info(helper->pidfd, &info);
	}
	if (!error && info.mask & PIDFD_INFO_EXIT)
		return info.exit_code;
	/* Kernels without the call, or without the status of a reaped process. */
	if (!error || error == ENOTTY || error == EINVAL || error == ESRCH)
		error = ENODATA;
	errno = error;
	return -1;
}

/*
 * Wait for the end, and close the pidfd. Returns the status in the encoding of
 * wait(2), or -1 with errno. ENODATA: there was no flag, the kernel is older than
 * 6.15 or there is no pidfd, and the application ignores SIGCHLD or has waited for the
 * helper.
 */
static int finish_helper(struct helper *helper)
{
	int error, before = errno, status = -1;

	errno = ECHILD;
	if (helper->is_zombie)
		status = reap(helper);
	if (status < 0 && errno == ECHILD)
		status = read_status(helper);
	error = errno;
	if (helper->pidfd >= 0)
		close(helper->pidfd);
	errno = status < 0 ? error : before;
	return status;
}

/*
 * Run the program @argv[0], a path, on a @leash or not: see clone_helper(). Returns 0; or
 * -1 with errno, which is that of exec if the program cannot be run. After 0,
 * finish_helper() must follow.
 */
static int start_helper(struct helper *helper, char *const argv[], bool leash)
{
	sigset_t all, mask;
	int *exec_error, error, before = errno;
	pid_t pid;

	/* The only memory that the child shares with its parent. */
	exec_error = mmap(NULL, sizeof(*exec_error), PROT_READ | PROT_WRITE,
			  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (exec_error == MAP_FAILED)
		return -1;

	/* No handler of the application may run in the child. */
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &mask);
	pid = clone_helper(helper, leash);
	if (pid == 0)
		exec_helper(argv, exec_error);
	error = pid < 0 ? errno : *exec_error;
	sigprocmask(SIG_SETMASK, &mask, NULL);

	munmap(exec_error, sizeof(*exec_error));
	if (pid > 0 && error)
		finish_helper(helper);
	errno = error ? error : before;
	return error ? -1 : 0;
}

int main(int argc, char *argv[])
{
	bool leash = argc > 1 && !strcmp(argv[1], "-k");
	struct helper helper = { .pid = -1 };
	int status;

	argv += leash;
	if (argc < 2 + leash) {
		fprintf(stderr, "usage: spawn-helper [-k] PATH [ARGUMENT]...\n");
		return 1;
	}
	if (start_helper(&helper, argv + 1, leash)) {
		if (helper.pid > 0)
			err(127, "%s", argv[1]);
		if (leash && errno == EINVAL)
			errx(1, "-k: this kernel does not have CLONE_PIDFD_AUTOKILL");
		err(1, "cannot start %s", argv[1]);
	}
	status = finish_helper(&helper);
	if (status < 0)
		err(1, "%s", argv[1]);
	if (WIFSIGNALED(status)) {
		printf("%s: killed by signal %d%s\n", argv[1], WTERMSIG(status),
		       WCOREDUMP(status) ? ", core dumped" : "");
		return 128 + WTERMSIG(status);
	}
	printf("%s: exit status %d\n", argv[1], WEXITSTATUS(status));
	return WEXITSTATUS(status);
}
