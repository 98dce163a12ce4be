// SPDX-License-Identifier: GPL-2.0
/*
 * Prints what a receiver is given as SCM_PIDFD of a sender that has gone by then, of one
 * that was waited for and of one that reaps itself: `pidfd`, or the error in its place.
 */
#define _GNU_SOURCE
#include <err.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <linux/sched.h>

#ifndef SO_PASSPIDFD
#define SO_PASSPIDFD	76
#endif
#ifndef SCM_PIDFD
#define SCM_PIDFD	0x04
#endif

static int received(int is_autoreap)
{
	/* No events: POLLHUP, which comes when it is gone; wait() may be told a moment before. */
	struct pollfd sender = { .fd = -1 };
	struct clone_args args = {
		.flags = CLONE_PIDFD | (is_autoreap ? CLONE_AUTOREAP : 0),
		.pidfd = (uintptr_t)&sender.fd,
		.exit_signal = is_autoreap ? 0 : SIGCHLD,
	};
	char byte = 0, control[CMSG_SPACE(sizeof(int))];
	struct iovec iov = { .iov_base = &byte, .iov_len = 1 };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control, .msg_controllen = sizeof(control),
	};
	int sockets[2], pidfd, on = 1;
	struct cmsghdr *cmsg;
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_DGRAM, 0, sockets) ||
	    setsockopt(sockets[0], SOL_SOCKET, SO_PASSPIDFD, &on, sizeof(on)))
		err(1, "socket");
	pid = syscall(SYS_clone3, &args, sizeof(args));
	if (!pid)
		_exit(write(sockets[1], &byte, 1) != 1);
	if (pid < 0)
		err(1, "clone3");
	if (!is_autoreap && waitpid(pid, NULL, 0) != pid)
		err(1, "waitpid");
	if (poll(&sender, 1, -1) != 1)
		err(1, "poll");
	close(sender.fd);
	if (recvmsg(sockets[0], &msg, 0) != 1)
		err(1, "recvmsg");
	cmsg = CMSG_FIRSTHDR(&msg);
	if (!cmsg || cmsg->cmsg_type != SCM_PIDFD)
		errx(1, "no SCM_PIDFD");
	memcpy(&pidfd, CMSG_DATA(cmsg), sizeof(pidfd));
	return pidfd;
}

static const char *name(int pidfd)
{
	return pidfd < 0 ? strerrorname_np(-pidfd) : "pidfd";
}

int main(void)
{
	printf("waited for: %s, ", name(received(0)));
	printf("reaps itself: %s\n", name(received(1)));
	return 0;
}
