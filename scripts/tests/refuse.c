// SPDX-License-Identifier: GPL-2.0
/*
 * refuse CALL=ERRNO[,CALL=ERRNO]... PROGRAM [ARGUMENT]...
 *
 * Runs the program under a seccomp filter that makes these calls fail, as that of a
 * container does. CALL is clone3, pidfd (clone() with CLONE_PIDFD), pidfd_open, waitid or
 * ioctl; ERRNO is ENOSYS, EPERM or EINVAL.
 */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <linux/filter.h>
#include <linux/sched.h>
#include <linux/seccomp.h>

/* The lower half of the first argument. */
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
#define FIRST	(offsetof(struct seccomp_data, args) + 4)
#else
#define FIRST	offsetof(struct seccomp_data, args)
#endif

static const struct {
	const char *name;
	unsigned int number, flag;
} calls[] = {
	{ "clone3", __NR_clone3, 0 },
	{ "pidfd", __NR_clone, CLONE_PIDFD },
	{ "pidfd_open", __NR_pidfd_open, 0 },
	{ "waitid", __NR_waitid, 0 },
	{ "ioctl", __NR_ioctl, 0 },
};

static const struct {
	const char *name;
	unsigned int number;
} errors[] = { { "ENOSYS", ENOSYS }, { "EPERM", EPERM }, { "EINVAL", EINVAL } };

#define SIZE(array) (sizeof(array) / sizeof((array)[0]))

static void refuse(const char *call, const char *error)
{
	unsigned int c = 0, e = 0;

	while (c < SIZE(calls) && strcmp(calls[c].name, call))
		c++;
	while (e < SIZE(errors) && (!error || strcmp(errors[e].name, error)))
		e++;
	if (c == SIZE(calls) || e == SIZE(errors))
		errx(2, "%s=%s?", call, error);

	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, calls[c].number, 0, 4),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, FIRST),
		BPF_STMT(BPF_ALU | BPF_AND | BPF_K, calls[c].flag),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, calls[c].flag, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | errors[e].number),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog prog = { .len = SIZE(code), .filter = code };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog))
		err(2, "seccomp");
}

int main(int argc, char *argv[])
{
	char *one;

	if (argc < 3)
		errx(2, "usage: refuse CALL=ERRNO[,CALL=ERRNO]... PROGRAM [ARGUMENT]...");
	for (one = strtok(argv[1], ","); one; one = strtok(NULL, ",")) {
		char *error = strchr(one, '=');

		if (error)
			*error++ = 0;
		refuse(one, error);
	}
	execv(argv[2], argv + 2);
	err(2, "%s", argv[2]);
}
