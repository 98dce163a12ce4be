// SPDX-License-Identifier: GPL-2.0
/*
 * A storm: many processes do to each other, all at once, what one can do to a process.
 * What can be held against each other then: who reaps himself has his status as soon as
 * poll() tells his end, which does not change any more, is gone a moment later, and is
 * waited for by nobody. It comes in gusts of some seconds: after each, all are killed and
 * nothing may be left, in the end no object of the kernel either.
 *
 * KSFT_MINUTES is how long, 1 unless set. Meant for kernels that report what goes wrong
 * inside; not run with the others, as it takes long.
 */
#define _GNU_SOURCE
#include <sys/resource.h>
#include <sys/sysinfo.h>

#include "../kselftest_harness.h"
#include "clone3_autoreap.h"
#include "clone3_autoreap_info.h"
#include "clone3_autoreap_actor.h"
#include "clone3_autoreap_objects.h"

/* Those that can be found by the others, how many there may be, and seconds of a gust. */
#define KNOWN 64
#define CROWD 150
#define GUST 2

/* Milliseconds that an end may take when all processors are busy. */
#define PATIENCE 30000

static struct storm {
	pid_t known[KNOWN];
	/* Tracers keep zombies, so every other gust has none. */
	int traced;
	/* Threads of this machine that have nothing to do with it. */
	int others;
	long children, statuses, wrong;
	char what[100];
} *storm;

static unsigned int seed;

static unsigned int number(unsigned int below)
{
	seed = seed * 1664525 + 1013904223;
	return (seed >> 8) % below;
}

static void count(long *what)
{
	__atomic_add_fetch(what, 1, __ATOMIC_RELAXED);
}

static void complain(const char *what, int value)
{
	if (!__atomic_fetch_add(&storm->wrong, 1, __ATOMIC_RELAXED))
		snprintf(storm->what, sizeof(storm->what), "%s: %d (0x%x)", what, value, value);
}

/* One of those which actors have: a code of theirs, or a signal that they get. */
static bool is_plausible(int status)
{
	int signal = status & ~WCOREFLAG;

	return status >= 0 && (!(status & ~AR_EXITED(7)) || signal == SIGKILL ||
			       signal == SIGTERM || signal == SIGABRT || signal == SIGTRAP);
}

/* Wait up to @ms for the end of a child that reaps itself; true if it has come. */
static bool ends(int pidfd, int ms)
{
	struct pollfd pfd = { .fd = pidfd, .events = POLLIN }, gone = { .fd = pidfd };
	int status;

	if (poll(&pfd, 1, ms) != 1)
		return false;
	status = ar_status(pidfd);
	/* A tracer has it, so it is not reaped yet. */
	if (storm->traced && !(pfd.revents & POLLHUP) && status == AR_NO_STATUS)
		return true;
	count(&storm->statuses);
	if (status == AR_NO_STATUS)
		complain("no status after POLLIN", pfd.revents);
	else if (!is_plausible(status))
		complain("status after POLLIN", status);
	if (storm->traced && !(pfd.revents & POLLHUP))
		return true;
	if (poll(&gone, 1, PATIENCE) != 1)
		complain("no POLLHUP, but", gone.revents);
	else if (ar_status(pidfd) != status)
		complain("the status after POLLHUP is another one", ar_status(pidfd));
	return true;
}

static pid_t somebody(void)
{
	return storm->known[number(KNOWN)];
}

static void send_something(pid_t pid)
{
	static const int signals[] = {
		SIGKILL, SIGTERM, SIGABRT, SIGSTOP, SIGCONT, SIGCONT, SIGCONT, SIGCONT,
	};
	int pidfd, signal = signals[number(ARRAY_SIZE(signals))];

	if (!pid)
		return;
	if (number(2)) {
		kill(pid, signal);
		return;
	}
	pidfd = ar_pidfd_open(pid, number(2) ? PIDFD_THREAD : 0);
	if (pidfd < 0)
		return;
	syscall(__NR_pidfd_send_signal, pidfd, signal, NULL, 0);
	ar_poll(pidfd);
	ar_status(pidfd);
	close(pidfd);
}

static void trace_something(struct mail *mail)
{
	static const int requests[] = {
		PTRACE_SEIZE, PTRACE_SEIZE, PTRACE_ATTACH, PTRACE_DETACH, PTRACE_CONT,
	};
	int request = requests[number(ARRAY_SIZE(requests))];

	if (!storm->traced)
		return;
	mail->arg[0] = request;
	mail->arg[1] = somebody();
	mail->arg[2] = request == PTRACE_SEIZE && number(2) ? PTRACE_O_EXITKILL :
		       request == PTRACE_CONT && number(4) == 0 ? SIGTERM : 0;
	ar_obey(mail, DO_PTRACE);
}

static void make_something(struct mail *mail)
{
	static const int signals[] = { 0, SIGCHLD, SIGUSR1 };
	struct sysinfo info;

	if (sysinfo(&info) || info.procs > storm->others + CROWD)
		return;
	mail->arg[0] = number(KNOWN);
	mail->arg[1] = number(8) ? 0 : CLONE_PARENT;
	mail->arg[3] = number(3) ? CLONE_AUTOREAP >> 32 : 0;
	mail->arg[2] = mail->arg[3] || mail->arg[1] ? 0 : signals[number(3)];
	if (ar_obey(mail, DO_CLONE) <= 0)
		return;
	count(&storm->children);
	if (mail->arg[3] && number(2))
		ends(mail->pid, number(20));
	close(mail->pid);
}

static void do_something(struct mail *mail)
{
	static const int options[] = { WEXITED, WSTOPPED, WCONTINUED, WNOWAIT, __WALL, __WCLONE };
	static int threads;
	unsigned int i, what = number(100);

	if (what < 25) {
		make_something(mail);
	} else if (what < 30) {
		mail->arg[0] = __atomic_fetch_add(&threads, 1, __ATOMIC_RELAXED);
		if (mail->arg[0] < ACTORS)
			ar_obey(mail, DO_THREAD);
	} else if (what < 33) {
		mail->arg[0] = number(KNOWN);
		ar_obey(mail, DO_EXEC);
	} else if (what < 38) {
		mail->arg[0] = number(8);
		ar_obey(mail, number(2) ? DO_EXIT : DO_EXIT_GROUP);
	} else if (what < 55) {
		send_something(somebody());
	} else if (what < 75) {
		mail->arg[0] = number(2) ? somebody() : 0;
		for (i = 0, mail->arg[1] = 0; i < ARRAY_SIZE(options); i++)
			mail->arg[1] |= number(2) ? options[i] : 0;
		ar_obey(mail, DO_WAIT);
	} else if (what < 80) {
		mail->arg[0] = number(3);
		mail->arg[1] = number(2) ? SA_NOCLDWAIT : 0;
		ar_obey(mail, DO_DISPOSITION);
	} else if (what < 83) {
		mail->arg[0] = number(2);
		ar_obey(mail, DO_SUBREAPER);
	} else if (what < 86) {
		ar_obey(mail, DO_TAKE);
	} else {
		trace_something(mail);
	}
}

/* An actor does this and that, and ends. */
static void act_as(long self)
{
	unsigned int i, n;
	struct mail mail;

	seed = getpid() * 7919 + syscall(__NR_gettid) + ar_now();
	storm->known[self % KNOWN] = getpid();
	for (i = 0, n = 5 + number(40); i < n; i++)
		do_something(&mail);
	syscall(number(2) ? __NR_exit : __NR_exit_group, number(8));
	__builtin_unreachable();
}

/* Those that init has made to reap themselves, and watches. Some have to end by its pidfd. */
static struct watched {
	pid_t pid;
	int pidfd;
	bool autokill;
} watched[8];

/* Init has the only pidfds. The others find who has closed his copies, and stop nobody before. */
static void close_copies(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(watched); i++)
		close(watched[i].pidfd);
}

/* Init has waited for @pid: for nobody of those whom it made to reap themselves. */
static void met(pid_t pid)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(watched); i++)
		if (watched[i].pidfd >= 0 && watched[i].pid == pid)
			complain("waited for one that reaps itself", pid);
}

/* The pidfd that keeps @child alive is closed, and looked at by another one. */
static void let_go(struct watched *child)
{
	struct pollfd pfd = { .fd = ar_pidfd_open(child->pid, 0), .events = POLLIN };

	if (pfd.fd < 0)
		return;
	close(child->pidfd);
	child->pidfd = pfd.fd;
	child->autokill = false;
	if (poll(&pfd, 1, PATIENCE) != 1)
		complain("alive without its pidfd", child->pid);
}

/* Init keeps some alive that reap themselves, and looks how each of them ends. */
static void gust(void)
{
	const __u64 autokill = CLONE_NNP | CLONE_PIDFD_AUTOKILL;
	const bool known = ar_knows(CLONE_AUTOREAP | autokill);
	time_t end = ar_now() + GUST;
	unsigned int i, left;
	bool goes_on;
	pid_t pid;

	storm->traced = !storm->traced;
	for (i = 0; i < ARRAY_SIZE(watched); i++)
		watched[i].pidfd = -1;
	do {
		goes_on = ar_now() < end;
		if (!goes_on)
			kill(-1, SIGKILL);
		for (i = 0, left = 0; i < ARRAY_SIZE(watched); i++) {
			if (goes_on && watched[i].pidfd >= 0 && watched[i].autokill && !number(50))
				let_go(&watched[i]);
			if (watched[i].pidfd >= 0 &&
			    ends(watched[i].pidfd, goes_on ? 1 : PATIENCE)) {
				close(watched[i].pidfd);
				watched[i].pidfd = -1;
			}
			if (watched[i].pidfd < 0 && goes_on) {
				count(&storm->children);
				watched[i].autokill = known && number(2);
				watched[i].pid = ar_fork(CLONE_AUTOREAP |
							 (watched[i].autokill ? autokill : 0),
							 0, &watched[i].pidfd);
				if (!watched[i].pid) {
					close_copies();
					act_as(number(KNOWN));
				}
			}
			left += watched[i].pidfd >= 0;
		}
		/* What has lost its parents is init's. */
		while ((pid = waitpid(-1, NULL, WNOHANG | __WALL)) > 0)
			met(pid);
	} while (goes_on);
	if (left)
		complain("children that do not end", left);
	if (!ar_kill_all(met))
		complain("processes that are left after SIGKILL", 1);
}

static int storm_for(long seconds)
{
	struct rlimit limit = { RLIM_INFINITY, RLIM_INFINITY };
	time_t end = ar_now() + seconds, told = ar_now();
	struct sysinfo info = {};
	long gusts = 0;

	sysinfo(&info);
	storm->others = info.procs;
	setrlimit(RLIMIT_CORE, &limit);
	ar_write_file("/proc/self/coredump_filter", "0");
	for (; ar_now() < end && !storm->wrong; gusts++) {
		gust();
		if (ar_now() - told >= 30) {
			told = ar_now();
			printf("# %ld gusts, %ld children, %ld statuses\n", gusts + 1,
			       storm->children, storm->statuses);
			fflush(stdout);
		}
	}
	printf("# %ld gusts, %ld children, %ld statuses, %ld wrong%s%s\n", gusts,
	       storm->children, storm->statuses, storm->wrong, storm->wrong ? ", the first " : "",
	       storm->what);
	fflush(stdout);
	return storm->wrong || storm->statuses < gusts;
}

/* In a pid namespace, for so many seconds: what it ends with, or -errno. */
static int make_storm(long seconds)
{
	uid_t uid = geteuid();
	int status, pidfd = -1;
	pid_t pid = ar_fork_init(0, &pidfd);

	if (pid < 0)
		return -errno;
	if (!pid) {
		if (ar_settle_down(uid)) {
			perror("# preparation");
			_exit(2);
		}
		_exit(storm_for(seconds));
	}
	close(pidfd);
	return waitpid(pid, &status, 0) == pid ? status : -ECHILD;
}

TEST_F_TIMEOUT(autoreap, storm_leaves_nothing_behind, 86400)
{
	const char *minutes = getenv("KSFT_MINUTES"), *more = NULL;
	long before[AR_NR_OBJECTS];
	int i, ret;

	storm = ar_make_shared(sizeof(*storm));
	ASSERT_NE(MAP_FAILED, storm);
	/* The first one makes what is made once and kept. */
	ret = make_storm(2 * GUST);
	if (ret < 0)
		SKIP(return, "no pid namespace: %s", strerror(-ret));
	ASSERT_EQ(0, ret);
	if (!ar_objects_are_counted())
		TH_LOG("objects are not counted: there is no slab_debug");
	/* A thread of the kernel's own may come meanwhile, but not each time. */
	for (i = 0; i < 3 && (!i || more); i++) {
		ar_count_settled_objects(before);
		EXPECT_EQ(0, make_storm(i ? 2 * GUST : minutes ? atol(minutes) * 60 : 60));
		more = ar_more_objects(before);
	}
	EXPECT_EQ(NULL, more) {
		TH_LOG("more %s", more);
	}
}

int main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[0], "actor")) {
		storm = ar_share(sizeof(*storm));
		if (storm == MAP_FAILED)
			return 1;
		act_as(atol(argv[1]));
	}
	return test_harness_run(argc, argv);
}
