// SPDX-License-Identifier: GPL-2.0
/*
 * group PROGRAM [ARGUMENT]...: starts the program as the page says for a process group,
 * and ends the group once the program has written something. Ends with 0 when nobody has its
 * standard output any more; is killed by SIGALRM if that takes too long.
 */
#define _GNU_SOURCE
#include "helper.h"
#include "group.h"

#ifndef PIDFD_SIGNAL_PROCESS_GROUP
#define PIDFD_SIGNAL_PROCESS_GROUP	(1UL << 2)
#endif

int main(int argc, char *argv[])
{
	struct helper_args args = { .argv = argv + 1, .nfds = 1 };
	struct helper_fd output = { .to = 1 };
	struct helper helper;
	char text[100];
	int out[2];

	if (argc < 2 || pipe2(out, O_CLOEXEC))
		return 1;
	args.path = argv[1];
	args.fds = &output;
	output.from = out[1];
	IN_ARGS
	if (helper_start(&helper, &args))
		return 1;
	close(out[1]);
	if (read(out[0], text, sizeof(text)) <= 0)
		return 1;
	alarm(10);
	IN_OWNER
	while (read(out[0], text, sizeof(text)) > 0)
		;
	return 0;
}
