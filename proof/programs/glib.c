// SPDX-License-Identifier: GPL-2.0
/*
 * An application that watches a helper by its number, with GLib. Prints the status that
 * GLib tells of a helper which ends with 4, or `none` if it has told nothing in 5 s.
 */
#define _GNU_SOURCE
#include "helper.h"

#include <stdio.h>

/* GLib's, and so that its headers need not be installed. */
typedef struct _GMainLoop GMainLoop;
GMainLoop *g_main_loop_new(void *context, int is_running);
void g_main_loop_run(GMainLoop *loop);
void g_main_loop_quit(GMainLoop *loop);
unsigned int g_child_watch_add(int pid, void (*function)(int, int, void *), void *data);
unsigned int g_timeout_add(unsigned int ms, int (*function)(void *), void *data);

static int status = -1;

static void has_ended(int pid, int wait_status, void *loop)
{
	(void)pid;
	status = wait_status;
	g_main_loop_quit(loop);
}

static int too_late(void *loop)
{
	g_main_loop_quit(loop);
	return 0;
}

int main(void)
{
	char *const argv[] = { "/bin/sh", "-c", "sleep 1; exit 4", NULL };
	struct helper_args args = { .path = argv[0], .argv = argv };
	GMainLoop *loop = g_main_loop_new(NULL, 0);
	struct helper helper;
	int known;

	if (helper_start(&helper, &args))
		return 1;
	g_child_watch_add(helper.pid, has_ended, loop);
	g_timeout_add(5000, too_late, loop);
	g_main_loop_run(loop);
	if (status < 0)
		printf("none");
	else
		printf("%d", WEXITSTATUS(status));
	known = !helper_wait(&helper, &status);
	printf(" %d\n", known ? WEXITSTATUS(status) : -errno);
	return 0;
}
