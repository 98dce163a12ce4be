// SPDX-License-Identifier: GPL-2.0
/*
 * Clients of the system bus that connect and end
 *
 * Usage: clients NUMBER
 *
 * Each is a process of its own. It connects, says who it is, asks for its name on the
 * bus, and ends: every second one at once, so that the bus may find it gone, the others
 * when they have the answer. The bus asks the kernel for a pidfd of each, and that is
 * what is tried here. With CLONE_AUTOREAP every third child is one that nobody waits for.
 *
 * Exit status: 0; 1 if the bus does not answer.
 */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <linux/types.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define CLONE_AUTOREAP (1ULL << 34)

/* org.freedesktop.DBus.Hello() to org.freedesktop.DBus, in little endian */
static const char hello[] =
	"l\1\0\1\0\0\0\0\1\0\0\0n\0\0\0"
	"\1\1o\0\25\0\0\0/org/freedesktop/DBus\0\0\0"
	"\6\1s\0\24\0\0\0org.freedesktop.DBus\0\0\0\0"
	"\2\1s\0\24\0\0\0org.freedesktop.DBus\0\0\0\0"
	"\3\1s\0\5\0\0\0Hello\0\0";

static void say(int bus, const void *text, size_t size)
{
	if (send(bus, text, size, MSG_NOSIGNAL) != (ssize_t)size)
		err(1, "send to the bus");
}

static void client(bool waits)
{
	static const struct sockaddr_un address = {
		.sun_family = AF_UNIX, .sun_path = "/run/dbus/system_bus_socket",
	};
	int bus = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	char answer[512], uid[16], auth[64], *c;

	if (bus < 0 || connect(bus, (const struct sockaddr *)&address, sizeof(address)))
		err(1, "connect to the bus");
	snprintf(uid, sizeof(uid), "%u", getuid());
	strcpy(auth + 1, "AUTH EXTERNAL ");
	auth[0] = 0;
	for (c = uid; *c; c++)
		sprintf(auth + 1 + strlen(auth + 1), "%x", *c);
	strcat(auth + 1, "\r\n");
	say(bus, auth, 1 + strlen(auth + 1));
	if (!waits)
		_exit(0);
	if (recv(bus, answer, sizeof(answer), 0) < 2 || memcmp(answer, "OK", 2))
		errx(1, "the bus does not let this process in");
	say(bus, "BEGIN\r\n", 7);
	say(bus, hello, sizeof(hello));
	if (recv(bus, answer, sizeof(answer), 0) < 16 || answer[1] != 2)
		errx(1, "the bus gives no name");
	_exit(0);
}

int main(int argc, char **argv)
{
	struct { __u64 flags, pidfd, child_tid, parent_tid, exit_signal, stack, size, tls; } args;
	int n, number = argc == 2 ? atoi(argv[1]) : 0, unwaited = 0, status;
	pid_t pid;

	if (number < 1)
		errx(1, "usage: clients NUMBER");
	for (n = 0; n < number; n++) {
		memset(&args, 0, sizeof(args));
		pid = -1;
		if (n % 3 == 2) {
			args.flags = CLONE_AUTOREAP;
			pid = syscall(SYS_clone3, &args, sizeof(args));
		}
		if (pid > 0)
			unwaited++;
		if (pid < 0)
			pid = fork();
		if (pid < 0)
			err(1, "fork");
		if (!pid)
			client(n % 2);
		/* The others are waited for, whoever of them it is. */
		while (n % 3 == 1 && waitpid(-1, &status, 0) > 0) {
			if (status)
				errx(1, "a client has failed");
		}
	}
	while (waitpid(-1, &status, 0) > 0) {
		if (status)
			errx(1, "a client has failed");
	}
	printf("%d of %d by CLONE_AUTOREAP\n", unwaited, number);
	return 0;
}
