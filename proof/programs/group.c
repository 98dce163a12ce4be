// SPDX-License-Identifier: GPL-2.0
/*
 * group PROGRAM [ARGUMENT]...: starts the program as the page says for a process group,
 * and ends the group once the program has written something. Ends with 0 when nobody has its
 * standard output any more; is killed by SIGALRM if that takes too long.
 */
#include "sample.c"
#include "group.h"

int main(int argc, char *argv[])
{
	int pidfd, out[2];
	struct clone_args args = {
		.flags = CLONE_AUTOREAP | CLONE_PIDFD | CLONE_NNP | CLONE_PIDFD_AUTOKILL,
		.pidfd = (uintptr_t)&pidfd,
	};
	char text[100];
	pid_t pid;

	if (argc < 2 || pipe(out))
		return 1;
	pid = syscall(SYS_clone3, &args, sizeof(args));
	if (pid < 0)
		err(1, "clone3");
	if (!pid) {
		IN_CHILD
		dup2(out[1], 1);
		close(out[0]);
		close(out[1]);
		execv(argv[1], argv + 1);
		err(127, "%s", argv[1]);
	}
	close(out[1]);
	if (read(out[0], text, sizeof(text)) <= 0)
		return 1;
	IN_OWNER
	alarm(10);
	while (read(out[0], text, sizeof(text)) > 0)
		;
	return 0;
}
