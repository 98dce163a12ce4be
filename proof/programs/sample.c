// SPDX-License-Identifier: GPL-2.0
/* The sample's functions under the name of that of the page. */
#define main main_of_the_sample
#include "spawn-helper.c"
#undef main

int run_helper(char *const argv[]);

int run_helper(char *const argv[])
{
	struct helper helper;

	return start_helper(&helper, argv, false) ? -1 : finish_helper(&helper);
}
