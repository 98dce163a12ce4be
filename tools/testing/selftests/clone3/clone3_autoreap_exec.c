// SPDX-License-Identifier: GPL-2.0
/*
 * CLONE_AUTOREAP, threads and exec: it is the process that reaps itself, at the end
 * of its last thread, whatever program it runs by then.
 */
#define _GNU_SOURCE
#include <elf.h>
#include <link.h>
#include <linux/aio_abi.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>

#include "../kselftest_harness.h"
#include "clone3_autoreap.h"
#include "clone3_autoreap_info.h"
#include "clone3_autoreap_ring.h"

/* The end of a process is that of its last thread, not of its leader. */
TEST_F(autoreap, waits_for_the_last_thread)
{
	int pidfd = -1;
	pid_t pid;

	pid = ar_start_leaderless(CLONE_AUTOREAP, &pidfd, &self->gate);
	ASSERT_LT(0, pid);
	ar_await_state(pid, 'Z');
	EXPECT_EQ(0, ar_poll(pidfd));
	EXPECT_EQ(0, waitpid(pid, NULL, WNOHANG | __WALL));
	ASSERT_EQ(0, ar_gate_open(&self->gate));
	ar_expect_reaped(_metadata, pid, pidfd);

	pid = ar_start_leaderless(0, &pidfd, &self->gate);
	ASSERT_LT(0, pid);
	ar_await_state(pid, 'Z');
	ASSERT_EQ(0, ar_gate_open(&self->gate));
	ar_expect_zombie(_metadata, pid);
}

/* Nobody but the kernel knows the threads that work for io_uring, and they end as well. */
TEST_F(autoreap, ends_with_a_thread_of_io_uring)
{
	struct ar_ring ring;
	int i, pidfd = -1;
	pid_t pid;
	char byte;

	if (ar_ring_open(&ring))
		SKIP(return, "needs io_uring: %s", strerror(errno));
	for (i = 0; i < 2; i++) {
		pid = ar_fork(ar_both[i], ar_both[i] ? 0 : SIGCHLD, &pidfd);
		ASSERT_LE(0, pid);
		if (!pid) {
			/* A thread sleeps in this read while the process ends. */
			struct io_uring_sqe sqe = {
				.opcode = IORING_OP_READ, .flags = IOSQE_ASYNC,
				.fd = self->gate.fd[0], .addr = ar_ptr(&byte), .len = 1,
			};

			if (ar_ring_open(&ring) || ar_ring_submit(&ring, sqe, 0))
				_exit(255);
			_exit(AR_CHILD_CODE);
		}
		ar_expect_end(_metadata, ar_both[i], pid, pidfd);
	}
}

/* exec makes SIGCHLD of any exit signal, even of none: there is still no signal. */
TEST_F(autoreap, survives_exec)
{
	struct ar_stat st = {};
	int pidfd = -1;
	pid_t pid;

	pid = ar_start_exec(CLONE_AUTOREAP, &pidfd, &self->gate);
	ASSERT_LT(0, pid);
	ASSERT_EQ(0, ar_stat(pid, &st));
	ASSERT_EQ(SIGCHLD, st.exit_signal);
	EXPECT_EQ(0, waitpid(pid, NULL, WNOHANG));
	ASSERT_EQ(0, ar_gate_open(&self->gate));
	EXPECT_EQ(-1, waitpid(pid, NULL, 0));
	EXPECT_EQ(ECHILD, errno);
	ar_expect_reaped(_metadata, pid, pidfd);

	pid = ar_start_exec(0, NULL, &self->gate);
	ASSERT_LT(0, pid);
	ASSERT_EQ(0, ar_gate_open(&self->gate));
	ar_expect_zombie(_metadata, pid);
}

/* What the leader does while another thread calls exec, and takes over its number. */
FIXTURE(replaced)
{
	struct ar_gate gate;
	int go[2];
};

FIXTURE_VARIANT(replaced)
{
	bool leaves;
	bool is_traced;
};

FIXTURE_VARIANT_ADD(replaced, living_leader) { false, false };
FIXTURE_VARIANT_ADD(replaced, zombie_leader) { true, false };
FIXTURE_VARIANT_ADD(replaced, traced_leader) { false, true };
FIXTURE_VARIANT_ADD(replaced, traced_zombie_leader) { true, true };

FIXTURE_SETUP(replaced)
{
	ar_set_up(_metadata, &self->gate, self->go);
}

FIXTURE_TEARDOWN(replaced)
{
}

struct exec_thread {
	const struct ar_gate *gate;
	int go;
	bool leaves;
};

static int exec_from_thread(void *arg)
{
	const struct exec_thread *thread = arg;

	if (thread->leaves)
		ar_await_state(getpid(), 'Z');
	else
		ar_hear(thread->go);
	ar_exec_self("child", thread->gate, 0);
	return 255;
}

static pid_t start_exec_thread(__u64 flags, int *pidfd, const struct exec_thread *thread)
{
	pid_t pid = ar_fork(flags, 0, pidfd);

	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (ar_start_thread(exec_from_thread, thread, NULL) < 0)
		_exit(255);
	if (thread->leaves) {
		ar_hear(thread->go);
		syscall(__NR_exit, 0);
	}
	for (;;)
		pause();
}

/* The process goes on under the same number and the same pidfd, and with the property. */
TEST_F(replaced, keeps_the_property)
{
	struct exec_thread thread = {
		.gate = &self->gate, .go = self->go[0], .leaves = variant->leaves,
	};
	struct ar_stat st = {};
	int i, pidfd = -1, ready[2];
	char byte;
	pid_t pid;

	for (i = 0; i < 2; i++) {
		ASSERT_EQ(0, pipe2(ready, O_CLOEXEC));
		pid = start_exec_thread(ar_both[i], &pidfd, &thread);
		ASSERT_LT(0, pid);
		if (variant->is_traced)
			ASSERT_EQ(0, ptrace(PTRACE_SEIZE, pid, NULL, NULL));
		ar_tell(self->go[1], 0);
		close(ready[1]);
		ASSERT_EQ(0, read(ready[0], &byte, 1));
		close(ready[0]);
		/* The tracer of the former leader has been told of its end. */
		ar_take_sigchld();

		EXPECT_EQ(0, ar_poll(pidfd));
		ASSERT_EQ(0, ar_stat(pid, &st));
		EXPECT_EQ(SIGCHLD, st.exit_signal);
		EXPECT_EQ(0, waitpid(pid, NULL, WNOHANG));
		ASSERT_EQ(0, ar_gate_open(&self->gate));
		ar_expect_end(_metadata, ar_both[i], pid, pidfd);
	}
}

/* Not by a call that in a 32-bit program needs CONFIG_COMPAT_32BIT_TIME. */
#ifdef __NR_io_pgetevents_time64
#define AR_NR_GETEVENTS __NR_io_pgetevents_time64
#else
#define AR_NR_GETEVENTS __NR_io_pgetevents
#endif

/*
 * Those who watch a pidfd and do not look again when they are woken: what wakes
 * them is their answer. told() returns the events, 0 for none, or with @wait waits.
 */
struct watcher {
	const char *name;
	int (*open)(void);
	int (*arm)(int pidfd);
	int (*told)(bool wait);
};

static aio_context_t aio_context;

static int aio_open(void)
{
	return syscall(__NR_io_setup, 1, &aio_context);
}

static int aio_arm(int pidfd)
{
	struct iocb poll_in = {
		.aio_lio_opcode = IOCB_CMD_POLL, .aio_fildes = pidfd, .aio_buf = POLLIN,
	};
	struct iocb *list = &poll_in;

	return syscall(__NR_io_submit, aio_context, 1, &list) == 1 ? 0 : -1;
}

static int aio_told(bool wait)
{
	struct io_event event = {};

	/* With no event at least it does not sleep, even without a time limit. */
	return syscall(AR_NR_GETEVENTS, aio_context, wait, 1, &event, NULL, NULL) == 1 ?
	       event.res : 0;
}

static const struct watcher aio = { "aio", aio_open, aio_arm, aio_told };

static struct ar_ring watching_ring;

static int ring_open(void)
{
	return ar_ring_open(&watching_ring);
}

static int ring_arm(int pidfd)
{
	return ar_ring_submit(&watching_ring, ar_ring_poll(pidfd), 0);
}

static int ring_told(bool wait)
{
	return wait || ar_ring_ready(&watching_ring) ? ar_ring_result(&watching_ring) : 0;
}

static const struct watcher io_uring = { "io_uring", ring_open, ring_arm, ring_told };

/* What a process lives through, and who traces its leader. */
enum event { LEADER_EXITS, THREAD_EXECS };
enum tracer { NOBODY, PARENT, SIBLING };

FIXTURE(watched)
{
	struct ar_gate gate;
	int report[2];
	int go[2];
};

FIXTURE_VARIANT(watched)
{
	const struct watcher *watcher;
	enum event event;
	enum tracer tracer;
};

FIXTURE_VARIANT_ADD(watched, aio_leader_exits) { &aio, LEADER_EXITS, NOBODY };
FIXTURE_VARIANT_ADD(watched, aio_leader_exits_traced) { &aio, LEADER_EXITS, PARENT };
FIXTURE_VARIANT_ADD(watched, aio_leader_exits_traced_by_sibling) { &aio, LEADER_EXITS, SIBLING };
FIXTURE_VARIANT_ADD(watched, aio_thread_execs) { &aio, THREAD_EXECS, NOBODY };
FIXTURE_VARIANT_ADD(watched, aio_thread_execs_traced) { &aio, THREAD_EXECS, PARENT };
FIXTURE_VARIANT_ADD(watched, aio_thread_execs_traced_by_sibling) { &aio, THREAD_EXECS, SIBLING };
FIXTURE_VARIANT_ADD(watched, ring_leader_exits) { &io_uring, LEADER_EXITS, NOBODY };
FIXTURE_VARIANT_ADD(watched, ring_leader_exits_traced) { &io_uring, LEADER_EXITS, PARENT };
FIXTURE_VARIANT_ADD(watched, ring_leader_exits_traced_by_sibling) {
	&io_uring, LEADER_EXITS, SIBLING };
FIXTURE_VARIANT_ADD(watched, ring_thread_execs) { &io_uring, THREAD_EXECS, NOBODY };
FIXTURE_VARIANT_ADD(watched, ring_thread_execs_traced) { &io_uring, THREAD_EXECS, PARENT };
FIXTURE_VARIANT_ADD(watched, ring_thread_execs_traced_by_sibling) {
	&io_uring, THREAD_EXECS, SIBLING };

FIXTURE_SETUP(watched)
{
	if (!ar_set_up(_metadata, &self->gate, self->report))
		return;
	if (variant->watcher->open())
		SKIP(return, "needs %s: %s", variant->watcher->name, strerror(errno));
	ASSERT_EQ(0, pipe2(self->go, O_CLOEXEC));
}

FIXTURE_TEARDOWN(watched)
{
}

/* A child that tells when it can be traced; @thread->go begins what happens. */
static pid_t start_watched(__u64 flags, int *pidfd, const struct exec_thread *thread, int report)
{
	pid_t pid = ar_fork(flags, 0, pidfd);

	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* Yama knows siblings only by consent. */
	prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY, 0, 0, 0);
	if (thread->leaves) {
		ar_tell(report, ar_start_thread(ar_gated_last_thread, thread->gate, NULL));
		ar_hear(thread->go);
		syscall(__NR_exit, 0);
	}
	ar_tell(report, ar_start_thread(exec_from_thread, thread, NULL));
	for (;;)
		pause();
}

/* Trace @pid, until its end or until it is no tracee any more. */
static pid_t trace_as_sibling(pid_t pid, int report)
{
	pid_t tracer = fork();

	if (tracer)
		return tracer;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	ar_tell(report, ptrace(PTRACE_SEIZE, pid, NULL, NULL) ? errno : 0);
	/* A wait by number is not woken when a thread takes that over by exec. */
	waitpid(-1, NULL, __WALL);
	_exit(0);
}

/* The end of a traced leader is not told as that of its process, which is. */
TEST_F(watched, is_told_of_the_end_alone)
{
	struct exec_thread thread = {
		.gate = &self->gate, .go = self->go[0], .leaves = variant->event == LEADER_EXITS,
	};
	const struct watcher *watcher = variant->watcher;
	int i, pidfd = -1, ready[2];
	pid_t pid, tracer = -1;
	char byte;

	for (i = 0; i < 2; i++) {
		ASSERT_EQ(0, pipe2(ready, O_CLOEXEC));
		pid = start_watched(ar_both[i], &pidfd, &thread, self->report[1]);
		ASSERT_LT(0, pid);
		close(ready[1]);
		ASSERT_LT(0, ar_hear(self->report[0]));
		if (variant->tracer == PARENT) {
			ASSERT_EQ(0, ptrace(PTRACE_SEIZE, pid, NULL, NULL));
		} else if (variant->tracer == SIBLING) {
			tracer = trace_as_sibling(pid, self->report[1]);
			ASSERT_LT(0, tracer);
			ASSERT_EQ(0, ar_hear(self->report[0]));
		}
		ASSERT_EQ(0, watcher->arm(pidfd));
		ar_tell(self->go[1], 0);
		if (variant->event == LEADER_EXITS)
			ar_await_state(pid, 'Z');
		else
			ASSERT_EQ(0, read(ready[0], &byte, 1));
		close(ready[0]);
		/* This waits for the lock under which an exit is told. */
		ASSERT_EQ(0, waitpid(pid, NULL, WNOHANG | __WALL));
		/* Who is told too early is not told again. */
		ASSERT_EQ(0, watcher->told(false));
		EXPECT_EQ(0, ar_poll(pidfd));

		ASSERT_EQ(0, ar_gate_open(&self->gate));
		EXPECT_EQ(POLLIN, watcher->told(true) & POLLIN);
		waitpid(pid, NULL, __WALL);
		EXPECT_EQ(POLLHUP, ar_poll_gone(pidfd));
		EXPECT_EQ(AR_EXITED(AR_CHILD_CODE), ar_status(pidfd));
		close(pidfd);
		if (variant->tracer == SIBLING)
			EXPECT_EQ(tracer, waitpid(tracer, NULL, 0));
	}
}

/* A program that can be loaded only up to where there is no way back. */
static int broken_program(void)
{
	struct {
		ElfW(Ehdr) ehdr;
		ElfW(Phdr) phdr;
	} elf = {
		.phdr.p_type = PT_LOAD,
		.phdr.p_flags = PF_R,
		.phdr.p_filesz = sizeof(elf),
		.phdr.p_memsz = sizeof(elf),
	};
	int fd, self = open("/proc/thread-self/exe", O_RDONLY | O_CLOEXEC);

	/* The header of this program, with a single segment at an impossible address. */
	if (read(self, &elf.ehdr, sizeof(elf.ehdr)) != sizeof(elf.ehdr))
		return -1;
	elf.ehdr.e_type = ET_EXEC;
	elf.ehdr.e_phoff = sizeof(elf.ehdr);
	elf.ehdr.e_phnum = 1;
	elf.phdr.p_align = sysconf(_SC_PAGESIZE);
	elf.phdr.p_vaddr = -elf.phdr.p_align;
	fd = memfd_create("broken", MFD_CLOEXEC);
	if (write(fd, &elf, sizeof(elf)) != sizeof(elf))
		return -1;
	return fd;
}

static void run_broken_program(int fd)
{
	static const char * const argv[] = { "broken", NULL };

	syscall(__NR_execveat, fd, "", argv, argv + 1, AT_EMPTY_PATH);
	_exit(AR_CHILD_CODE);
}

/* An exec that fails leaves the property, whether the child lives on or dies of it. */
TEST_F(autoreap, survives_failed_exec)
{
	int i, status = -1, pidfd = -1, fd = broken_program();
	pid_t pid;

	ASSERT_LE(0, fd);
	for (i = 0; i < 2; i++) {
		pid = ar_fork(ar_both[i], ar_both[i] ? 0 : SIGCHLD, &pidfd);
		ASSERT_LE(0, pid);
		if (!pid) {
			execl("/proc/self/no such file", "none", NULL);
			_exit(AR_CHILD_CODE);
		}
		ar_expect_end(_metadata, ar_both[i], pid, pidfd);
	}

	pid = ar_fork(0, SIGCHLD, NULL);
	ASSERT_LE(0, pid);
	if (!pid)
		run_broken_program(fd);
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	ASSERT_TRUE(WIFSIGNALED(status));
	ASSERT_EQ(1, ar_take_sigchld());
	pid = ar_fork(CLONE_AUTOREAP, 0, &pidfd);
	ASSERT_LE(0, pid);
	if (!pid)
		run_broken_program(fd);
	ASSERT_TRUE(ar_ended(pidfd));
	EXPECT_EQ(status, ar_status(pidfd));
	ar_expect_reaped(_metadata, pid, pidfd);
}

/* Nor does anything else that a process can change about itself take it away. */
TEST_F(autoreap, cannot_be_taken_back)
{
	int i, pidfd = -1;
	pid_t pid;

	for (i = 0; i < 2; i++) {
		pid = ar_fork(ar_both[i], ar_both[i] ? 0 : SIGCHLD, &pidfd);
		ASSERT_LE(0, pid);
		if (!pid) {
			if (setsid() != getpid() || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) ||
			    prctl(PR_SET_PDEATHSIG, SIGKILL) || prctl(PR_SET_PDEATHSIG, 0) ||
			    prctl(PR_SET_CHILD_SUBREAPER, 1) ||
			    prctl(PR_SET_CHILD_SUBREAPER, 0) ||
			    prctl(PR_SET_NAME, "other") ||
			    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
			    unshare(CLONE_FILES | CLONE_FS) || unshare(CLONE_NEWUSER) ||
			    personality(ADDR_NO_RANDOMIZE) < 0 ||
			    signal(SIGCHLD, SIG_IGN) == SIG_ERR)
				_exit(255);
			_exit(AR_CHILD_CODE);
		}
		if (ar_both[i]) {
			ASSERT_TRUE(ar_ended(pidfd));
			EXPECT_EQ(AR_EXITED(AR_CHILD_CODE), ar_status(pidfd));
			ar_expect_reaped(_metadata, pid, pidfd);
		} else {
			ar_expect_zombie(_metadata, pid);
		}
	}
}

/* A SIGKILL that meets the exec of a thread ends the process once, with its status. */
TEST_F_TIMEOUT(autoreap, survives_kill_in_exec_of_a_thread, AR_LONG_RUN)
{
	struct exec_thread thread = { .gate = &self->gate };
	int i, j, pidfd = -1, go[2];
	pid_t pid;

	for (i = 0; i < ar_rounds(); i++) {
		ASSERT_EQ(0, pipe2(go, O_CLOEXEC));
		thread.go = go[0];
		thread.leaves = i % 2;
		pid = start_exec_thread(CLONE_AUTOREAP, &pidfd, &thread);
		ASSERT_LT(0, pid);
		ar_tell(go[1], 0);
		for (j = 0; j < i % 16; j++)
			sched_yield();
		ASSERT_EQ(0, kill(pid, SIGKILL));
		ASSERT_TRUE(ar_ended(pidfd));
		EXPECT_EQ(SIGKILL, ar_status(pidfd));
		ASSERT_EQ(POLLHUP, ar_poll_gone(pidfd));
		EXPECT_EQ(SIGKILL, ar_status(pidfd));
		EXPECT_EQ(0, ar_state(pid));
		close(pidfd);
		close(go[0]);
		close(go[1]);
	}
	EXPECT_EQ(-1, waitpid(-1, NULL, __WALL));
	EXPECT_EQ(ECHILD, errno);
	EXPECT_EQ(0, ar_take_sigchld());
}

int main(int argc, char **argv)
{
	return ar_is_exec_role(argc, argv) ? ar_exec_role(argv) : test_harness_run(argc, argv);
}
