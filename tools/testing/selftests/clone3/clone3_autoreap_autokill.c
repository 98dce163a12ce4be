// SPDX-License-Identifier: GPL-2.0
/*
 * CLONE_PIDFD_AUTOKILL: the child is killed when the last reference to the pidfd of
 * clone3() is gone, however it goes, and whatever the child does. Other pidfds of the
 * child do not count.
 */
#define _GNU_SOURCE
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "../kselftest_harness.h"
#include "clone3_autoreap.h"
#include "clone3_autoreap_info.h"
#include "clone3_autoreap_autokill.h"
#include "clone3_autoreap_ring.h"

/*
 * The ways in which the caller loses the only reference: each returns 0, or NOT_THERE if
 * this kernel does not have it.
 */
#define NOT_THERE 1

static int by_close(int pidfd)
{
	return close(pidfd);
}

static int by_dup2(int pidfd)
{
	return dup2(STDERR_FILENO, pidfd) == pidfd ? 0 : -1;
}

static int by_close_range(int pidfd)
{
	return syscall(__NR_close_range, pidfd, pidfd, 0);
}

static int by_ring_close(int pidfd)
{
	struct ar_ring ring;

	if (ar_ring_open(&ring))
		return NOT_THERE;
	return ar_ring_call(&ring, (struct io_uring_sqe){
		.opcode = IORING_OP_CLOSE, .fd = pidfd });
}

/* A process that has the reference alone, and ends. */
static int by_exit(int pidfd)
{
	int go[2];
	pid_t pid;
	char byte;

	if (pipe(go))
		return -1;
	pid = fork();
	if (!pid) {
		close(go[1]);
		_exit(read(go[0], &byte, 1));
	}
	close(pidfd);
	close(go[0]);
	close(go[1]);
	return ar_exit_code(pid);
}

/* The same, by a signal that it cannot catch. */
static int by_kill(int pidfd)
{
	pid_t pid = fork();

	if (!pid)
		for (;;)
			pause();
	close(pidfd);
	/* To -1 it would be sent to everybody. */
	if (pid < 0 || kill(pid, SIGKILL))
		return -1;
	return waitpid(pid, NULL, 0) == pid ? 0 : -1;
}

/* The program that is executed says so, and lives on without the pidfd. */
static int by_exec(int pidfd)
{
	int report[2];
	char fd[16];

	if (pipe(report) || fcntl(pidfd, F_SETFD, FD_CLOEXEC))
		return -1;
	if (!fork()) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		snprintf(fd, sizeof(fd), "%d", report[1]);
		execl("/proc/thread-self/exe", "clone3_autoreap", "stay", fd, NULL);
		_exit(255);
	}
	close(pidfd);
	close(report[1]);
	return ar_hear(report[0]) == AR_CHILD_CODE ? 0 : -1;
}

/* A message that nobody has received when its socket goes. */
static int by_lost_message(int pidfd)
{
	int sock[2];

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, sock) || ar_send_files(sock[0], &pidfd, 1))
		return -1;
	close(pidfd);
	close(sock[0]);
	return close(sock[1]);
}

/* A socket that is in its own queue, and can be received from no more. */
static int by_garbage(int pidfd)
{
	int sock[2], files[3], spare;

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, sock))
		return -1;
	files[0] = pidfd;
	files[1] = sock[0];
	files[2] = sock[1];
	if (ar_send_files(sock[0], files, 3))
		return -1;
	close(pidfd);
	close(sock[0]);
	close(sock[1]);
	/* The end of any socket of this family has the garbage collected. */
	spare = socket(AF_UNIX, SOCK_STREAM, 0);
	return close(spare);
}

/* A ring that has it among its files. */
static int by_ring_files(int pidfd)
{
	struct ar_ring ring;

	if (ar_ring_open(&ring))
		return NOT_THERE;
	if (syscall(__NR_io_uring_register, ring.fd, IORING_REGISTER_FILES, &pidfd, 1))
		return -1;
	close(pidfd);
	munmap(ring.sq, ring.p.sq_off.array + sizeof(__u32));
	munmap(ring.cq, ring.p.cq_off.cqes + ring.p.cq_entries * sizeof(*ring.cqe));
	munmap(ring.sqe, sizeof(*ring.sqe));
	return close(ring.fd);
}

FIXTURE(last_reference)
{
	struct ar_leash leash;
};

FIXTURE_VARIANT(last_reference)
{
	int (*drop)(int pidfd);
};

FIXTURE_VARIANT_ADD(last_reference, close) { by_close };
FIXTURE_VARIANT_ADD(last_reference, dup2) { by_dup2 };
FIXTURE_VARIANT_ADD(last_reference, close_range) { by_close_range };
FIXTURE_VARIANT_ADD(last_reference, ring_close) { by_ring_close };
FIXTURE_VARIANT_ADD(last_reference, exit) { by_exit };
FIXTURE_VARIANT_ADD(last_reference, kill) { by_kill };
FIXTURE_VARIANT_ADD(last_reference, exec) { by_exec };
FIXTURE_VARIANT_ADD(last_reference, lost_message) { by_lost_message };
FIXTURE_VARIANT_ADD(last_reference, garbage) { by_garbage };
FIXTURE_VARIANT_ADD(last_reference, ring_files) { by_ring_files };

FIXTURE_SETUP(last_reference)
{
	if (ar_leash_set_up(_metadata, &self->leash))
		ASSERT_EQ(0, ar_leash_start(&self->leash, AR_AUTOKILL));
}

FIXTURE_TEARDOWN(last_reference)
{
	syscall(__NR_pidfd_send_signal, self->leash.watch, SIGKILL, NULL, 0);
}

/* However the last reference goes, the child goes; not while there is another one. */
TEST_F(last_reference, kills_the_child)
{
	struct ar_leash *leash = &self->leash;
	int ret, second = dup(leash->pidfd);

	ASSERT_TRUE(ar_leash_lives(leash));
	ASSERT_EQ(0, close(leash->pidfd));
	ASSERT_TRUE(ar_leash_lives(leash));
	ret = variant->drop(second);
	if (ret == NOT_THERE)
		SKIP(return, "needs io_uring");
	ASSERT_EQ(0, ret);
	EXPECT_TRUE(ar_leash_was_killed(leash));
	EXPECT_EQ(-1, waitpid(leash->pid, NULL, __WALL));
}

/* What does not count: whatever else is a pidfd of the child. */

static int by_number(const struct ar_leash *leash)
{
	return ar_pidfd_open(leash->pid, 0);
}

static int by_thread(const struct ar_leash *leash)
{
	return ar_pidfd_open(leash->pid, PIDFD_THREAD);
}

/* A file of its own, which does not take over how the other one is marked. */
static int by_name(const struct ar_leash *leash)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", leash->pidfd);
	return open(path, O_RDONLY);
}

/* O_TRUNC is refused, or else taken out. */
static int by_name_marked(const struct ar_leash *leash)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", leash->pidfd);
	return open(path, fcntl(leash->pidfd, F_GETFL));
}

/* A file handle gives a file of its own as well, on kernels where pidfds have them. */
static int by_handle_with(const struct ar_leash *leash, int flags)
{
	union {
		struct file_handle handle;
		char buf[sizeof(struct file_handle) + MAX_HANDLE_SZ];
	} u = { .handle.handle_bytes = MAX_HANDLE_SZ };
	int mount;

	if (name_to_handle_at(leash->pidfd, "", &u.handle, &mount, AT_EMPTY_PATH))
		return -1;
	return open_by_handle_at(leash->pidfd, &u.handle, flags);
}

static int by_handle(const struct ar_leash *leash)
{
	return by_handle_with(leash, 0);
}

static int by_handle_marked(const struct ar_leash *leash)
{
	return by_handle_with(leash, O_TRUNC);
}

static int by_flags(const struct ar_leash *leash)
{
	int fd = ar_pidfd_open(leash->pid, 0);

	fcntl(fd, F_SETFL, fcntl(leash->pidfd, F_GETFL));
	return fd;
}

/* Who is given such a pidfd: by name or handle it is root, and with pidfs. */
enum given { ALWAYS, IF_THREADS_HAVE_PIDFDS, SOMETIMES };

static const struct {
	const char *name;
	int (*open)(const struct ar_leash *leash);
	enum given given;
} others[] = {
	{ "number", by_number, ALWAYS },
	{ "number, with the flags of the file", by_flags, ALWAYS },
	{ "number of a thread", by_thread, IF_THREADS_HAVE_PIDFDS },
	{ "name", by_name, SOMETIMES },
	{ "name, with the flags of the file", by_name_marked, SOMETIMES },
	{ "handle", by_handle, SOMETIMES },
	{ "handle, with O_TRUNC", by_handle_marked, SOMETIMES },
};

static bool is_sure(enum given given)
{
	return given == ALWAYS || (given == IF_THREADS_HAVE_PIDFDS && ar_thread_pidfds());
}

/* Only what clone3() has returned kills, and its flags cannot be given away, or taken. */
TEST_F(autokill, is_a_property_of_one_file)
{
	struct ar_leash *leash = &self->leash;
	unsigned int i;
	int fd;

	ASSERT_EQ(0, ar_leash_start(leash, AR_AUTOKILL));
	for (i = 0; i < ARRAY_SIZE(others); i++) {
		fd = others[i].open(leash);
		ASSERT_TRUE(fd >= 0 || !is_sure(others[i].given)) {
			TH_LOG("no pidfd by %s: %s", others[i].name, strerror(errno));
		}
		close(fd);
		ASSERT_TRUE(ar_leash_lives(leash)) {
			TH_LOG("killed by a pidfd by %s", others[i].name);
		}
	}
	ASSERT_EQ(0, fcntl(leash->pidfd, F_SETFL, O_NONBLOCK));
	ASSERT_EQ(0, fcntl(leash->pidfd, F_SETFL, 0));
	ASSERT_TRUE(ar_leash_lives(leash));
	ASSERT_EQ(0, close(leash->pidfd));
	EXPECT_TRUE(ar_leash_was_killed(leash));
}

/* The pidfd that a socket makes of the peer who has connected, or -1. */
static int by_peer(int sock)
{
	socklen_t len = sizeof(int);
	int fd = -1;

	return getsockopt(sock, SOL_SOCKET, SO_PEERPIDFD, &fd, &len) ? -1 : fd;
}

/* The pidfds that sockets make of the child do not kill it. */
TEST_F(autokill, pidfds_of_sockets_do_not_kill)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX };
	struct ar_leash *leash = &self->leash;
	int listener, sock, fd, i, on = 1;
	struct ar_info info;
	socklen_t len = sizeof(name);

	listener = socket(AF_UNIX, SOCK_STREAM, 0);
	if (setsockopt(listener, SOL_SOCKET, SO_PASSPIDFD, &on, sizeof(on)))
		SKIP(return, "no socket makes pidfds: %s", strerror(errno));
	/* An address of no more than the family: the kernel chooses a name. */
	ASSERT_EQ(0, bind(listener, (void *)&name, sizeof(sa_family_t)));
	ASSERT_EQ(0, getsockname(listener, (void *)&name, &len));
	ASSERT_EQ(0, listen(listener, 1));
	leash->pid = ar_fork(AR_AUTOKILL, 0, &leash->pidfd);
	ASSERT_LE(0, leash->pid);
	if (!leash->pid) {
		sock = socket(AF_UNIX, SOCK_STREAM, 0);
		if (connect(sock, (void *)&name, len))
			_exit(255);
		ar_gate_pass(&leash->gate);
		if (write(sock, "", 1) != 1)
			_exit(255);
		ar_leash_serve(leash);
	}
	leash->watch = ar_pidfd_open(leash->pid, 0);
	sock = accept(listener, NULL, NULL);
	ASSERT_LE(0, sock);
	ASSERT_EQ(0, setsockopt(sock, SOL_SOCKET, SO_PASSPIDFD, &on, sizeof(on)));
	ASSERT_EQ(0, ar_gate_open(&leash->gate));
	for (i = 0; i < 2; i++) {
		fd = i ? ar_receive_file(sock, SCM_PIDFD, 0) : by_peer(sock);
		ASSERT_LE(0, fd);
		ASSERT_EQ(0, ar_info(fd, PIDFD_INFO_PID, &info));
		ASSERT_EQ(leash->pid, info.pid);
		ASSERT_EQ(0, close(fd));
		ASSERT_TRUE(ar_leash_lives(leash));
	}
	ASSERT_EQ(0, close(leash->pidfd));
	EXPECT_TRUE(ar_leash_was_killed(leash));
}

/* Without the flag nobody is killed, and with it nobody who has ended by himself. */
TEST_F(autokill, only_kills_who_has_it_and_lives)
{
	struct ar_leash *leash = &self->leash;

	ASSERT_EQ(0, ar_leash_start(leash, AR_AUTOKILL & ~CLONE_PIDFD_AUTOKILL));
	ASSERT_EQ(0, close(leash->pidfd));
	ASSERT_TRUE(ar_leash_lives(leash));
	ASSERT_EQ(0, syscall(__NR_pidfd_send_signal, leash->watch, SIGTERM, NULL, 0));
	ASSERT_EQ(POLLHUP, ar_poll_gone(leash->watch));

	leash->pid = ar_fork(AR_AUTOKILL, 0, &leash->pidfd);
	ASSERT_LE(0, leash->pid);
	if (!leash->pid)
		_exit(AR_CHILD_CODE);
	ASSERT_EQ(POLLHUP, ar_poll_gone(leash->pidfd));
	EXPECT_EQ(AR_EXITED(AR_CHILD_CODE), ar_status(leash->pidfd));
	EXPECT_EQ(0, close(leash->pidfd));
}

int main(int argc, char **argv)
{
	if (argc == 3 && !strcmp(argv[1], "stay")) {
		ar_tell(atoi(argv[2]), AR_CHILD_CODE);
		for (;;)
			pause();
	}
	return test_harness_run(argc, argv);
}
