// SPDX-License-Identifier: GPL-2.0
/*
 * Pidfds that are made while the process ends. Whoever asks for one gets the error
 * that he has always got for a process that is gone, or a pidfd that has the status.
 */
#define _GNU_SOURCE
#include <sys/fanotify.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "../kselftest_harness.h"
#include "clone3_autoreap.h"
#include "clone3_autoreap_info.h"

#ifndef FAN_REPORT_PIDFD
#define FAN_REPORT_PIDFD 0x80
#define FAN_NOPIDFD -1
#define FAN_EPIDFD -2
#endif

#define FILES 16

/* What the child leaves before it exits, and where a pidfd of it is had from. */
struct place {
	struct sockaddr_un name;
	socklen_t name_len;
	char dir[32];
	int files;
	int listener;
	int peer;
	int sock[2];
	int events;
	int report[2];
	pid_t asked;
	int clone;
};

FIXTURE(opener)
{
	struct place place;
	struct ar_gate gate;
};

FIXTURE_VARIANT(opener)
{
	/* Before the children are made: 0, or the errno of what is missing. */
	int (*prepare)(struct place *place);
	void (*child)(struct place *place);
	int (*open)(struct place *place, pid_t pid);
	void (*finish)(struct place *place);
	/* What a process that is gone is told as, and what it rarely was on 6.12. */
	int gone;
	int rarely;
};

static int no_preparation(struct place *place)
{
	(void)place;
	return 0;
}

static void nothing(struct place *place)
{
	(void)place;
}

static int open_number(struct place *place, pid_t pid)
{
	int fd = ar_pidfd_open(pid, 0);

	(void)place;
	return fd < 0 ? -errno : fd;
}

static int open_once(struct place *place, pid_t pid)
{
	int fd = place->clone;

	(void)pid;
	place->clone = AR_NOTHING_LEFT;
	return fd;
}

static int listen_for_peers(struct place *place)
{
	int fd = -1;
	socklen_t len = sizeof(fd);

	place->name.sun_family = AF_UNIX;
	place->name_len = sizeof(place->name);
	place->listener = socket(AF_UNIX, SOCK_STREAM, 0);
	/* No peer as yet is ENODATA; kernels before 6.5 say ENOPROTOOPT. */
	if (getsockopt(place->listener, SOL_SOCKET, SO_PEERPIDFD, &fd, &len) &&
	    errno == ENOPROTOOPT)
		return errno;
	/* An address of no more than the family: the kernel chooses a name. */
	if (bind(place->listener, (void *)&place->name, sizeof(sa_family_t)) ||
	    getsockname(place->listener, (void *)&place->name, &place->name_len) ||
	    listen(place->listener, 1))
		return errno;
	return 0;
}

static void connect_as_peer(struct place *place)
{
	int sock = socket(AF_UNIX, SOCK_STREAM, 0);

	if (connect(sock, (void *)&place->name, place->name_len))
		_exit(255);
}

static int open_peer(struct place *place, pid_t pid)
{
	socklen_t len = sizeof(int);
	int fd = -1;

	(void)pid;
	if (place->peer < 0)
		place->peer = accept(place->listener, NULL, NULL);
	return getsockopt(place->peer, SOL_SOCKET, SO_PEERPIDFD, &fd, &len) ? -errno : fd;
}

static void drop_peer(struct place *place)
{
	close(place->peer);
	place->peer = -1;
}

static int ask_for_senders(struct place *place)
{
	int on = 1;

	return socketpair(AF_UNIX, SOCK_DGRAM, 0, place->sock) ||
	       setsockopt(place->sock[0], SOL_SOCKET, SO_PASSPIDFD, &on, sizeof(on)) ? errno : 0;
}

static void send_as_sender(struct place *place)
{
	if (send(place->sock[1], "", 1, 0) != 1)
		_exit(255);
}

/* The message stays where it is, and each look at it makes a pidfd. */
static int open_sender(struct place *place, pid_t pid)
{
	(void)pid;
	return ar_receive_file(place->sock[0], SCM_PIDFD, MSG_PEEK);
}

static void drop_message(struct place *place)
{
	char byte;

	if (recv(place->sock[0], &byte, 1, 0) != 1)
		abort();
}

static void file_name(struct place *place, int i, char *path, size_t size)
{
	snprintf(path, size, "%s/%d", place->dir, i);
}

static int watch_files(struct place *place)
{
	char path[64];

	place->events = fanotify_init(FAN_CLASS_NOTIF | FAN_REPORT_PIDFD | FAN_NONBLOCK |
				      FAN_CLOEXEC, O_RDONLY);
	if (place->events < 0)
		return errno;
	snprintf(place->dir, sizeof(place->dir), "/tmp/clone3_autoreap.XXXXXX");
	if (pipe(place->report) || !mkdtemp(place->dir))
		return errno;
	for (place->files = 0; place->files < FILES; place->files++) {
		file_name(place, place->files, path, sizeof(path));
		close(open(path, O_CREAT | O_RDWR, 0600));
		if (fanotify_mark(place->events, FAN_MARK_ADD, FAN_OPEN, AT_FDCWD, path))
			return errno;
	}
	return 0;
}

static void open_files(struct place *place)
{
	char path[64];
	int i;

	for (i = 0; i < FILES; i++) {
		file_name(place, i, path, sizeof(path));
		if (open(path, O_RDONLY) < 0)
			_exit(255);
	}
	ar_tell(place->report[1], 0);
}

/* Each file has left one event, and each is read by itself. */
static int open_event(struct place *place, pid_t pid)
{
	struct {
		struct fanotify_event_metadata meta;
		struct fanotify_event_info_pidfd info;
	} event;

	/* Not before the last one is there: the child is about to exit. */
	if (pid != place->asked) {
		place->asked = pid;
		ar_hear(place->report[0]);
	}
	if (read(place->events, &event, sizeof(event)) != sizeof(event))
		return AR_NOTHING_LEFT;
	close(event.meta.fd);
	return event.meta.pid == pid ? event.info.pidfd : -EPROTO;
}

static void drop_events(struct place *place)
{
	int fd;

	while ((fd = open_event(place, place->asked)) != AR_NOTHING_LEFT) {
		if (fd >= 0)
			close(fd);
	}
}

FIXTURE_VARIANT_ADD(opener, by_clone) { no_preparation, nothing, open_once, nothing, 0, 0 };
FIXTURE_VARIANT_ADD(opener, by_number) { no_preparation, nothing, open_number, nothing,
	-ESRCH, -EINVAL };
FIXTURE_VARIANT_ADD(opener, of_a_peer) { listen_for_peers, connect_as_peer, open_peer,
	drop_peer, -EINVAL, 0 };
FIXTURE_VARIANT_ADD(opener, of_a_sender) { ask_for_senders, send_as_sender, open_sender,
	drop_message, -EINVAL, 0 };
FIXTURE_VARIANT_ADD(opener, of_an_event) { watch_files, open_files, open_event,
	drop_events, FAN_NOPIDFD, FAN_EPIDFD };

FIXTURE_SETUP(opener)
{
	int error;

	if (!ar_require(_metadata))
		return;
	self->place.peer = -1;
	ASSERT_EQ(0, pipe(self->gate.fd));
	error = variant->prepare(&self->place);
	if (error == EPERM || error == ENOSYS || error == EINVAL || error == ENOPROTOOPT ||
	    error == EAFNOSUPPORT)
		SKIP(return, "pidfds cannot be had in this way: %s", strerror(error));
	ASSERT_EQ(0, error);
}

FIXTURE_TEARDOWN(opener)
{
	char path[64];

	while (self->place.files--) {
		file_name(&self->place, self->place.files, path, sizeof(path));
		unlink(path);
	}
	if (self->place.dir[0])
		rmdir(self->place.dir);
}

/*
 * A child that lives has a pidfd, and then the questions go on until it is gone. No
 * other pidfd keeps the status: each one is closed before the next is made. And
 * who has never heard of the flag is told nothing new, and not sooner than before.
 */
TEST_F_TIMEOUT(opener, is_told_as_ever_or_finds_the_status, AR_LONG_RUN)
{
	int missed = 0, wrong = 0, rare = 0, too_soon = 0, rounds = ar_rounds() * 4;
	int i, fd, end, next;
	pid_t pid;

	next = ar_next_fd();
	for (i = 0; i < rounds; i++) {
		fd = AR_NOTHING_LEFT;
		pid = ar_fork(CLONE_AUTOREAP, 0,
			      variant->open == open_once ? &self->place.clone : NULL);
		ASSERT_LE(0, pid);
		if (!pid) {
			variant->child(&self->place);
			ar_gate_pass(&self->gate);
			_exit(AR_CHILD_CODE);
		}
		if (variant->open != open_once) {
			fd = variant->open(&self->place, pid);
			ASSERT_LE(0, fd);
			EXPECT_EQ(0, ar_poll(fd));
			close(fd);
		}
		ASSERT_EQ(0, ar_gate_open(&self->gate));
		for (end = 0; !(end & POLLHUP); close(fd)) {
			fd = variant->open(&self->place, pid);
			if (fd < 0)
				break;
			end = variant->open == open_once ? ar_poll_exited(fd) : ar_poll(fd);
			if (end) {
				ASSERT_EQ(POLLHUP, ar_poll_gone(fd));
				missed += ar_status(fd) != AR_EXITED(AR_CHILD_CODE);
			}
		}
		/* Kernels that know no such EINVAL say ESRCH when the end has begun. */
		too_soon += fd == -EINVAL && fd == variant->gone && !kill(pid, 0);
		variant->finish(&self->place);
		/* If nothing is left to ask with, it may still be on its way. */
		EXPECT_EQ(-1, waitpid(pid, NULL, __WALL));
		if (variant->rarely && fd == variant->rarely)
			rare++;
		else
			wrong += fd < 0 && fd != AR_NOTHING_LEFT && fd != variant->gone;
	}
	EXPECT_EQ(0, missed);
	EXPECT_EQ(0, wrong);
	EXPECT_EQ(0, too_soon);
	EXPECT_GE(rounds / 4, rare)
		TH_LOG("%d of %d", rare, rounds);
	EXPECT_EQ(next, ar_next_fd());
}

TEST_HARNESS_MAIN
