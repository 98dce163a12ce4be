// SPDX-License-Identifier: GPL-2.0
/*
 * What the life of a child costs, by the way in which it is reaped
 *
 * Usage: clone3_autoreap_bench [MILLIONS]
 *
 * A child exits as soon as it runs. One row for each way to reap it, each way to
 * start it, and each number of siblings that live on: the ticks of the time stamp
 * counter from the call that makes the child until it is gone, so its own share and
 * its parent's, and the system calls that the parent makes for it. Lives are measured
 * one by one, for MILLIONS of ticks (100 unless said) and 100 lives at least. The least
 * of them is the path through the code alone; the mean has what happens now and then,
 * too: the timer's tick, RCU's callbacks, a cache that is empty. Before that: the
 * counter as it starts, and how many tasks and how much memory 10,000 children leave
 * that have exited while their parent was busy. After that: a helper, which is this
 * program once more and ends at once, from the call that starts it until its parent
 * knows its status; after a double fork, until it has seen the end. The parent has written to
 * no memory besides its own few pages, then to 1 GiB in small pages, and last is what it costs
 * to write to each of these again: a child with a copy of the page tables leaves a fault on
 * every page. helper.h is the function of samples/pidfd, with the flag if the kernel has it.
 *
 * Under QEMU's -icount shift=0 the counter counts instructions, and a second run gives
 * the same figures. Elsewhere it counts time: pin the program to one idle processor.
 *
 * Exit status: 0; 1 with a message. Without the flag, the rows that need it are left out.
 */
#include "clone3_autoreap_sys.h"
#include "clone3_autoreap_info.h"
#include "../../../../samples/pidfd/helper.h"

#include <err.h>
#include <pthread.h>
#include <spawn.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/sysinfo.h>
#include <time.h>

#define LEAST_LIVES 100
#define MEMORY_CHILDREN 10000
#define MAX_SIBLINGS 10000
#define SIBLING_STACK 1024
#define HELPER_LIVES 5
#define HELPER_MIB 1024
#define HELPER_THREADS 64

/* With this argument the program is its own helper. */
#define HELPER "helper"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum way {
	WAITPID, SIGNALFD, PIDFD, SIG_IGNORED, DOUBLE_FORK,
	AUTOREAP, AUTOREAP_POLL, AUTOREAP_STATUS, WAYS
};

static const struct {
	const char *name;
	__u64 flags;
	/* The parent does not learn of the end, so it looks whether the child is gone. */
	bool unnoticed;
} ways[WAYS] = {
	[WAITPID] = { "waitpid" },
	[SIGNALFD] = { "signalfd+epoll+waitid" },
	[PIDFD] = { "pidfd+epoll+waitid", CLONE_PIDFD },
	[SIG_IGNORED] = { "sigchld_ignored", 0, true },
	[DOUBLE_FORK] = { "double_fork", 0, true },
	[AUTOREAP] = { "autoreap", CLONE_AUTOREAP, true },
	[AUTOREAP_POLL] = { "autoreap+pidfd+epoll", CLONE_AUTOREAP | CLONE_PIDFD },
	[AUTOREAP_STATUS] = { "autoreap+epoll+status", CLONE_AUTOREAP | CLONE_PIDFD },
};

/* Where clone3() puts the pids of the children, whoever makes them. */
static pid_t *pids;
static int pidfd;

static int epoll_fd, signal_fd;
static unsigned long syscalls;

/* Every system call that a parent needs for a child is made here. */
#define counted(call) ({				\
	long ret_ = (call);				\
							\
	syscalls++;					\
	if (ret_ < 0)					\
		err(1, "%s", #call);			\
	ret_;						\
})

static __u64 now(void)
{
#ifdef __x86_64__
	return __builtin_ia32_rdtsc();
#else
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ULL + ts.tv_nsec;
#endif
}

/*
 * clone3() of a child that exits at once, or, if @twice, when it has made one itself.
 * With CLONE_VM the child is on the stack of its parent, so it must not touch it: on
 * other architectures than this, such a child is not measured.
 */
static long start(const struct ar_clone_args *args, bool twice)
{
#ifdef __x86_64__
	long ret = __NR_clone3;

	asm volatile("syscall\n\t"
		     "test %%rax, %%rax\n\t"
		     "jnz 2f\n\t"
		     "test %[twice], %[twice]\n\t"
		     "jz 1f\n\t"
		     "mov %[clone3], %%eax\n\t"
		     "syscall\n"
		     "1:\n\t"
		     "mov %[exit], %%eax\n\t"
		     "xor %%edi, %%edi\n\t"
		     "syscall\n"
		     "2:"
		     : "+a" (ret)
		     : "D" (args), "S" (sizeof(*args)), [twice] "r" ((long)twice),
		       [clone3] "i" (__NR_clone3), [exit] "i" (__NR_exit_group)
		     : "rcx", "r11", "memory");
	if (ret < 0) {
		errno = -ret;
		ret = -1;
	}
	return ret;
#else
	pid_t pid = ar_clone3(args, sizeof(*args));

	if (!pid) {
		if (twice)
			ar_clone3(args, sizeof(*args));
		_exit(0);
	}
	return pid;
#endif
}

static void await_event(int fd)
{
	struct epoll_event event;

	if (counted(epoll_wait(epoll_fd, &event, 1, -1)) != 1 || event.data.fd != fd)
		errx(1, "epoll_wait: not the event that was waited for");
}

static void watch(int fd, __u32 events)
{
	struct epoll_event event = { .events = events, .data.fd = fd };

	counted(epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event));
}

/* Make a child and reap it, or leave that to the system. */
static void live(enum way way, const struct ar_clone_args *args)
{
	pid_t pid = counted(start(args, way == DOUBLE_FORK));
	struct signalfd_siginfo signal;
	struct ar_info info;
	siginfo_t dead = {};

	switch (way) {
	case WAITPID:
	case DOUBLE_FORK:
		if (counted(waitpid(-1, NULL, 0)) != pid)
			errx(1, "waitpid: another child");
		break;
	case SIGNALFD:
		/* Signals merge, so there may be more than one child to reap. */
		await_event(signal_fd);
		counted(read(signal_fd, &signal, sizeof(signal)));
		do {
			dead.si_pid = 0;
			syscalls++;
		} while (!waitid(P_ALL, 0, &dead, WEXITED | WNOHANG) && dead.si_pid);
		break;
	case PIDFD:
		watch(pidfd, EPOLLIN);
		await_event(pidfd);
		counted(waitid(P_PIDFD, pidfd, &dead, WEXITED));
		counted(close(pidfd));
		break;
	case AUTOREAP_POLL:
	case AUTOREAP_STATUS:
		/* EPOLLHUP, which needs no asking, is right on every kernel. */
		watch(pidfd, 0);
		await_event(pidfd);
		if (way == AUTOREAP_STATUS) {
			counted(-ar_info(pidfd, PIDFD_INFO_EXIT, &info));
			if (!(info.mask & PIDFD_INFO_EXIT) || info.exit_code)
				errx(1, "PIDFD_GET_INFO: not the exit status of the child");
		}
		counted(close(pidfd));
		break;
	default:
		break;
	}
}

static bool gone(pid_t pid)
{
	return kill(pid, 0) && errno == ESRCH;
}

/* How clone3() makes a child, whose pid it stores in @pid. */
static struct ar_clone_args args_of(enum way way, __u64 flags, pid_t *pid)
{
	return (struct ar_clone_args) {
		.flags = flags | ways[way].flags | CLONE_PARENT_SETTID,
		.pidfd = ar_ptr(&pidfd),
		.parent_tid = ar_ptr(pid),
		.exit_signal = ways[way].flags & CLONE_AUTOREAP ? 0 : SIGCHLD,
	};
}

/* One life; returns the number of ticks that it took. */
static __u64 run(enum way way, __u64 flags)
{
	struct ar_clone_args args = args_of(way, flags, pids);
	__u64 begin = now(), looked, looking = 0;
	bool found = !ways[way].unnoticed;

	live(way, &args);
	while (!found) {
		/* Nobody would look but for this measurement, so that does not count. */
		looked = now();
		found = gone(*pids);
		looking += now() - looked;
		if (!found)
			sched_yield();
	}
	return now() - begin - looking;
}

static void measure(enum way way, __u64 flags, __u64 budget, int siblings)
{
	__u64 ticks, sum = 0, least = ~0ULL;
	int lives, i;
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	signal(SIGCHLD, way == SIG_IGNORED ? SIG_IGN : SIG_DFL);
	sigprocmask(way == SIGNALFD ? SIG_BLOCK : SIG_UNBLOCK, &set, NULL);
	if (way == SIGNALFD) {
		signal_fd = signalfd(-1, &set, SFD_CLOEXEC);
		watch(signal_fd, EPOLLIN);
	}

	/* The first lives pay for what later ones find in a cache. */
	for (i = 0; i < LEAST_LIVES; i++)
		run(way, flags);
	syscalls = 0;
	for (lives = 0; lives < LEAST_LIVES || sum < budget; lives++) {
		ticks = run(way, flags);
		sum += ticks;
		if (ticks < least)
			least = ticks;
	}
	if (way == SIGNALFD)
		close(signal_fd);
	printf("life   %-22s %-6s %8d %9llu %9llu %9lu\n", ways[way].name,
	       flags ? "vfork" : "fork", siblings, (unsigned long long)least,
	       (unsigned long long)sum / lives, syscalls / lives);
	fflush(stdout);
}

static int sleep_on(void *arg)
{
	for (;;)
		pause();
	return 0;
}

/* Children that live on. They share memory with their parent, but for their stacks. */
static void add_siblings(int want)
{
	static struct sibling {
		char stack[SIBLING_STACK];
		pid_t pid;
	} *siblings;
	static int have;

	if (!siblings) {
		siblings = mmap(NULL, MAX_SIBLINGS * sizeof(*siblings), PROT_READ | PROT_WRITE,
				MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		/* A larger process would make each fork() dearer. */
		if (siblings == MAP_FAILED ||
		    madvise(siblings, MAX_SIBLINGS * sizeof(*siblings), MADV_DONTFORK))
			err(1, "no memory for siblings");
	}
	for (; have < want; have++) {
		siblings[have].pid = clone(sleep_on, siblings[have].stack + SIBLING_STACK,
					   CLONE_VM | CLONE_FS | CLONE_FILES | SIGCHLD, NULL);
		if (siblings[have].pid < 0)
			err(1, "sibling %d (is kernel.threads-max too low?)", have);
	}
	while (!want && have)
		kill(siblings[--have].pid, SIGKILL);
}

/* Children that exit while the parent does something else. */
static void measure_memory(enum way way, __u64 flags)
{
	unsigned long left = 0;
	struct sysinfo before, after;
	int i;

	/* What earlier children have left is freed when RCU lets it be. */
	for (i = 0; i < LEAST_LIVES; i++)
		run(way, flags);
	sleep(1);
	sysinfo(&before);
	for (i = 0; i < MEMORY_CHILDREN; i++) {
		struct ar_clone_args args = args_of(way, flags, &pids[i]);

		counted(start(&args, false));
	}
	/* None runs any more: each is gone, or a zombie. */
	for (i = 0; i < MEMORY_CHILDREN; i++) {
		while (!gone(pids[i]) && ar_state(pids[i]) != 'Z')
			sched_yield();
	}
	sysinfo(&after);
	for (i = 0; i < MEMORY_CHILDREN; i++)
		left += !gone(pids[i]);
	printf("memory %-22s %-6s %8d %12lu %9ld\n", ways[way].name, flags ? "vfork" : "fork",
	       MEMORY_CHILDREN, left,
	       ((long)before.freeram - (long)after.freeram) * (long)after.mem_unit / 1024);
	fflush(stdout);
	while (waitpid(-1, NULL, 0) > 0)
		;
}

/* This program as a helper, in each way: runs it, waits for its end, returns the status. */
static char *helper_path;
static char * const helper_argv[] = { HELPER, HELPER, NULL };

static void exec_helper(void)
{
	execve(helper_path, helper_argv, environ);
	_exit(1);
}

static int wait_for_helper(pid_t pid)
{
	int status;

	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		err(1, "a helper");
	return status;
}

static int by_posix_spawn(void)
{
	pid_t pid;

	errno = posix_spawn(&pid, helper_path, NULL, NULL, helper_argv, environ);
	return wait_for_helper(errno ? -1 : pid);
}

static int by_fork(void)
{
	pid_t pid = fork();

	if (!pid)
		exec_helper();
	return wait_for_helper(pid);
}

/* Nobody learns the status, but a pipe tells of the end. */
static int by_double_fork(void)
{
	int end[2];
	char byte;
	pid_t pid;

	if (pipe(end))
		err(1, "pipe");
	pid = fork();
	if (!pid) {
		if (!fork())
			exec_helper();
		_exit(0);
	}
	close(end[1]);
	wait_for_helper(pid);
	if (read(end[0], &byte, 1))
		errx(1, "a helper has written to a pipe");
	close(end[0]);
	return AR_EXITED(AR_CHILD_CODE);
}

static int by_vfork(void)
{
	pid_t pid = ar_fork(CLONE_AUTOREAP | CLONE_PIDFD | CLONE_VFORK, 0, &pidfd);
	int status;

	if (!pid)
		exec_helper();
	if (pid < 0 || ar_poll_gone(pidfd) != POLLHUP)
		err(1, "clone3 of a helper");
	status = ar_status(pidfd);
	close(pidfd);
	return status;
}

/* As in an application with a loop, which polls. */
static int by_function(void)
{
	struct helper_args args = { .path = helper_path, .argv = helper_argv };
	struct helper helper;
	struct pollfd end;
	int status;

	if (helper_start(&helper, &args))
		err(1, "helper_start");
	end = (struct pollfd){ .fd = helper.pidfd, .events = helper_events(&helper) };
	if (poll(&end, 1, -1) != 1 || helper_wait(&helper, &status))
		err(1, "helper_wait");
	return status;
}

static const struct {
	const char *name;
	int (*run)(void);
	/* Is not measured without the flag; with threads, too. */
	bool only_with_flag, with_threads;
} helpers[] = {
	{ "posix_spawn", by_posix_spawn, false, true },
	{ "helper.h", by_function, false, true },
	{ "autoreap+CLONE_VFORK", by_vfork, true },
	{ "fork", by_fork, true },
	{ "double_fork", by_double_fork, true },
};

static void write_to_pages(char *memory, size_t size)
{
	size_t page = sysconf(_SC_PAGESIZE), i;

	for (i = 0; i < size; i += page)
		memory[i]++;
}

static void measure_helper(const char *name, int (*run_helper)(void), __u64 budget, int mib)
{
	__u64 begin, end, sum = 0, again = 0, least = ~0ULL;
	const size_t most = HELPER_MIB << 20, size = (size_t)mib << 20;
	static char *memory;
	int lives;

	if (!memory) {
		helper_path = realpath("/proc/self/exe", NULL);
		memory = mmap(NULL, most, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			      -1, 0);
		if (!helper_path || memory == MAP_FAILED)
			err(1, "cannot set up helpers");
		/* A huge page needs no page table. If this fails, there are none. */
		madvise(memory, most, MADV_NOHUGEPAGE);
	}
	write_to_pages(memory, size);
	/* The first life is not counted. */
	for (lives = -1; lives < HELPER_LIVES || sum < budget; lives++) {
		begin = now();
		if (run_helper() != AR_EXITED(AR_CHILD_CODE))
			errx(1, "%s: not the status of the helper", name);
		end = now();
		/* As a process does that goes on: the next child finds pages to protect. */
		write_to_pages(memory, size);
		if (lives < 0)
			continue;
		again += now() - end;
		sum += end - begin;
		if (end - begin < least)
			least = end - begin;
	}
	printf("helper %-22s %8d %9llu %9llu %9llu\n", name, mib, (unsigned long long)least,
	       (unsigned long long)sum / lives, (unsigned long long)again / lives);
	fflush(stdout);
}

static void *read_to_the_end(void *fd)
{
	char byte;

	return (void *)read(*(int *)fd, &byte, 1);
}

/* The same while threads sleep. */
static void measure_with_threads(__u64 budget)
{
	pthread_t threads[HELPER_THREADS];
	char name[64];
	int end[2];
	size_t i;

	if (pipe2(end, O_CLOEXEC))
		err(1, "pipe2");
	for (i = 0; i < HELPER_THREADS; i++) {
		errno = pthread_create(&threads[i], NULL, read_to_the_end, &end[0]);
		if (errno)
			err(1, "pthread_create");
	}
	for (i = 0; i < COUNT(helpers); i++) {
		if (!helpers[i].with_threads)
			continue;
		snprintf(name, sizeof(name), "%s,%d_threads", helpers[i].name, HELPER_THREADS);
		measure_helper(name, helpers[i].run, budget, 0);
	}
	close(end[1]);
	for (i = 0; i < HELPER_THREADS; i++)
		pthread_join(threads[i], NULL);
	close(end[0]);
}

int main(int argc, char **argv)
{
	static const int numbers[] = { 0, 100, 1000, 10000 };
#ifdef __x86_64__
	static const __u64 how[] = { 0, CLONE_VM | CLONE_VFORK };
#else
	static const __u64 how[] = { 0 };
#endif
	int millions = argc > 1 ? atoi(argv[1]) : 100;
	__u64 budget = millions * 1000000ULL;
	int ways_here, way, mib;
	size_t n, h;

	if (argc == 2 && !strcmp(argv[1], HELPER))
		return AR_CHILD_CODE;
	ways_here = ar_missing() ? AUTOREAP : WAYS;
	printf("start  %llu\n", (unsigned long long)now());
	if (argc > 2 || millions < 1)
		errx(1, "usage: %s [MILLIONS], of ticks for each row", argv[0]);
	pids = mmap(NULL, MEMORY_CHILDREN * sizeof(*pids), PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (pids == MAP_FAILED || epoll_fd < 0)
		err(1, "cannot set up");
	memset(pids, 0, MEMORY_CHILDREN * sizeof(*pids));

	printf("       %-22s %-6s %8s %12s %9s\n", "children", "by", "number", "tasks", "KiB");
	measure_memory(WAITPID, how[COUNT(how) - 1]);
	if (ways_here == WAYS)
		measure_memory(AUTOREAP, how[COUNT(how) - 1]);

	printf("       %-22s %-6s %8s %9s %9s %9s\n", "reaped by", "by", "siblings", "least",
	       "mean", "syscalls");
	for (n = 0; n < COUNT(numbers); n++) {
		add_siblings(numbers[n]);
		for (h = 0; h < COUNT(how); h++) {
			for (way = 0; way < ways_here; way++)
				measure(way, how[h], budget, numbers[n]);
		}
	}
	add_siblings(0);
	/* Nothing of them may be left to do while a helper lives. */
	while (waitpid(-1, NULL, 0) > 0)
		;
	sleep(1);

	printf("       %-22s %8s %9s %9s %9s\n", "helper by", "MiB", "least", "mean", "again");
	for (mib = 0; mib <= HELPER_MIB; mib += HELPER_MIB) {
		for (n = 0; n < COUNT(helpers); n++) {
			if (ways_here == WAYS || !helpers[n].only_with_flag)
				measure_helper(helpers[n].name, helpers[n].run, budget, mib);
		}
		if (!mib)
			measure_with_threads(budget);
	}
	return 0;
}
