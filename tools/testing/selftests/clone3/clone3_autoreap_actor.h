/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Tasks that do what they are told, one system call at a time, and say what came of it.
 * Who includes this says in act_as() who tells them.
 */
#ifndef CLONE3_AUTOREAP_ACTOR_H
#define CLONE3_AUTOREAP_ACTOR_H

#include "clone3_autoreap.h"
#include "clone3_autoreap_info.h"

#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>

#define ACTORS 24
/* Where each program, after an exec too, finds what it shares with the others. */
#define SHARED_FD 200

enum order {
	NO_ORDER, DO_ANSWER, DO_CLONE, DO_LEGACY_CLONE, DO_THREAD, DO_EXEC, DO_EXIT,
	DO_EXIT_GROUP, DO_WAIT, DO_DISPOSITION, DO_SUBREAPER, DO_TAKE, DO_PTRACE, DO_CLOSE,
};

/* The actor clears the order, does it, and sets the answer: a result or -errno. */
struct mail {
	int order, answered, started;
	long arg[4], result;
	/* Of a wait: which child, what and how; of clone3(): the pidfd. */
	int pid, code, status;
};

/* The stack of a thread; nobody gives it back before the process ends or calls exec. */
#define STACK 16384

/* The life of the actor @self, which ends in an exit. */
static void act_as(long self);

/* What all actors share, @size bytes, or MAP_FAILED. */
static inline void *ar_share(size_t size)
{
	return mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, SHARED_FD, 0);
}

/* Make it, and let it survive an exec. */
static inline void *ar_make_shared(size_t size)
{
	int fd = memfd_create("actors", 0);

	if (ftruncate(fd, size) || dup2(fd, SHARED_FD) < 0)
		return MAP_FAILED;
	close(fd);
	return ar_share(size);
}

/*
 * Where only those who are made here are: init of a pid namespace with /proc and /tmp of
 * its own. A user @uid elsewhere is root here, so that an exec takes no capability away.
 * SIGCHLD and SIGUSR1 are held back.
 */
static inline int ar_settle_down(uid_t uid)
{
	char map[32];
	sigset_t set;

	snprintf(map, sizeof(map), "0 %d 1", uid);
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGUSR1);
	/* Whoever sends to its process group sends to nobody else. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	return setpgid(0, 0) || ar_write_file("/proc/self/uid_map", map) ||
	       sigprocmask(SIG_BLOCK, &set, NULL) ||
	       unshare(CLONE_NEWNS) || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	       mount("proc", "/proc", "proc", 0, NULL) ||
	       mount("tmp", "/tmp", "tmpfs", 0, NULL) || chdir("/tmp") ? -1 : 0;
}

static inline time_t ar_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec;
}

/*
 * All who are there end, and are waited for; @met is told of each. False if somebody is
 * left after half a minute.
 */
static inline bool ar_kill_all(void (*met)(pid_t pid))
{
	time_t start = ar_now();
	pid_t pid;

	kill(-1, SIGKILL);
	while (ar_now() - start < 30) {
		pid = waitpid(-1, NULL, WNOHANG | __WALL);
		if (pid < 0 && errno == ECHILD) {
			unlink("core");
			return true;
		}
		if (pid > 0 && met)
			met(pid);
		if (!pid)
			usleep(100);
	}
	return false;
}

static void handle_nothing(int sig)
{
	(void)sig;
}

static int start_actor(void *self)
{
	act_as((long)self);
	return 0;
}

static long start_thread_actor(long new)
{
	char *stack = mmap(NULL, STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			   -1, 0);

	if (stack == MAP_FAILED)
		return -1;
	return clone(start_actor, stack + STACK, CLONE_VM | CLONE_FS | CLONE_FILES |
		     CLONE_SIGHAND | CLONE_THREAD, (void *)new);
}

static long do_wait(struct mail *mail)
{
	siginfo_t info = {};
	long ret = syscall(__NR_waitid, mail->arg[0] ? P_PID : P_ALL, mail->arg[0], &info,
			   mail->arg[1] | WNOHANG, NULL);

	mail->pid = info.si_pid;
	mail->code = info.si_pid ? info.si_code : 0;
	mail->status = info.si_pid ? info.si_status : 0;
	return ret;
}

/* arg: the number of the new actor, flags, exit signal, the upper half of the flags. */
static long do_clone(struct mail *mail, bool legacy)
{
	long new = mail->arg[0];
	int pidfd = -1;
	pid_t pid;

	if (legacy)
		pid = ar_legacy_clone(mail->arg[1] | mail->arg[2]);
	else
		pid = ar_fork((unsigned long)mail->arg[1] | (__u64)mail->arg[3] << 32,
			      mail->arg[2], &pidfd);
	if (!pid)
		act_as(new);
	mail->pid = pidfd;
	return pid;
}

static long do_exec(struct mail *mail)
{
	char self[16];
	char * const argv[] = { "actor", self, NULL };
	char * const envp[] = { NULL };

	snprintf(self, sizeof(self), "%ld", mail->arg[0]);
	return execve("/proc/thread-self/exe", argv, envp);
}

/* arg: the handler's kind: 0 default, 1 ignore, 2 handler; flags. */
static long do_disposition(struct mail *mail)
{
	struct sigaction sa = {
		.sa_handler = mail->arg[0] == 0 ? SIG_DFL :
			      mail->arg[0] == 1 ? SIG_IGN : handle_nothing,
		.sa_flags = mail->arg[1],
	};

	return sigaction(SIGCHLD, &sa, NULL);
}

static long ar_obey(struct mail *mail, int order)
{
	switch (order) {
	case DO_ANSWER:
		return prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0);
	case DO_CLONE:
	case DO_LEGACY_CLONE:
		return do_clone(mail, order == DO_LEGACY_CLONE);
	case DO_THREAD:
		return start_thread_actor(mail->arg[0]);
	case DO_EXEC:
		return do_exec(mail);
	case DO_EXIT:
		return syscall(__NR_exit, mail->arg[0]);
	case DO_EXIT_GROUP:
		return syscall(__NR_exit_group, mail->arg[0]);
	case DO_WAIT:
		return do_wait(mail);
	case DO_DISPOSITION:
		return do_disposition(mail);
	case DO_SUBREAPER:
		return prctl(PR_SET_CHILD_SUBREAPER, mail->arg[0], 0, 0, 0);
	case DO_TAKE:
		return ar_take_sigchld();
	case DO_PTRACE:
		return ptrace(mail->arg[0], mail->arg[1], NULL, (void *)mail->arg[2]);
	case DO_CLOSE:
		return close(mail->arg[0]);
	}
	return -1;
}

#endif /* CLONE3_AUTOREAP_ACTOR_H */
