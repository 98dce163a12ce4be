/* SPDX-License-Identifier: GPL-2.0 */
/* The kernel's objects of processes, counted. */
#ifndef CLONE3_AUTOREAP_OBJECTS_H
#define CLONE3_AUTOREAP_OBJECTS_H

#include "clone3_autoreap.h"

#include <linux/membarrier.h>

/* The objects that a process, its number and its pidfd consist of. */
static const char * const ar_objects[] = {
	"task_struct", "signal_cache", "sighand_cache", "pid", "pid_2", "cred", "cred_jar",
	"files_cache", "fs_cache", "mm_struct", "vm_area_struct", "nsproxy", "filp",
	"inode_cache", "user_namespace", "pid_namespace", "mnt_cache", "uts_namespace",
	"net_namespace", "pidfs_inode_cache",
	"pidfs_attr_cache", "pidfs_xattr_cache", "sigqueue",
};

#define AR_NR_OBJECTS ARRAY_SIZE(ar_objects)

/* Freed objects are given back by RCU, and with KASAN by its quarantine: not at once. */
static void ar_count_objects(long count[AR_NR_OBJECTS])
{
	char line[256], name[64], path[128];
	unsigned int i;
	FILE *info;
	long n;

	syscall(__NR_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0);
	for (i = 0; i < AR_NR_OBJECTS; i++) {
		count[i] = 0;
		snprintf(path, sizeof(path), "/sys/kernel/slab/%s/shrink", ar_objects[i]);
		ar_write_file(path, "1");
	}
	info = fopen("/proc/slabinfo", "re");
	while (info && fgets(line, sizeof(line), info))
		if (sscanf(line, "%63s %ld", name, &n) == 2)
			for (i = 0; i < AR_NR_OBJECTS; i++)
				if (!strcmp(name, ar_objects[i]))
					count[i] = n;
	if (info)
		fclose(info);
}

/*
 * Count what is there to stay: what is on its way to be freed would hide as much that is
 * left behind. It is over when the counts have been the same for half a second.
 */
static void ar_count_settled_objects(long count[AR_NR_OBJECTS])
{
	long last[AR_NR_OBJECTS];
	int tries, same = 0;

	ar_count_objects(last);
	for (tries = 0; tries < 50 && same < 5; tries++) {
		usleep(100000);
		ar_count_objects(count);
		same = memcmp(last, count, sizeof(last)) ? 0 : same + 1;
		memcpy(last, count, sizeof(last));
	}
}

/* Of a kernel with slab_debug only are the counts exact, if it has these objects at all. */
static bool ar_objects_are_counted(void)
{
	static const char * const needed[] = { "task_struct", "pid", "filp" };
	long count[AR_NR_OBJECTS];
	unsigned int i, j, n = 0;
	char text = 0;
	int fd = open("/sys/kernel/slab/pid/sanity_checks", O_RDONLY | O_CLOEXEC);
	bool exact = fd >= 0 && read(fd, &text, 1) == 1 && text == '1';

	close(fd);
	ar_count_objects(count);
	for (i = 0; i < AR_NR_OBJECTS; i++)
		for (j = 0; j < ARRAY_SIZE(needed); j++)
			n += count[i] && !strcmp(ar_objects[i], needed[j]);
	return exact && n == ARRAY_SIZE(needed);
}

/* Of which objects there are more than @before, for five seconds, or NULL. */
static const char *ar_more_objects(const long before[AR_NR_OBJECTS])
{
	long after[AR_NR_OBJECTS];
	const char *more;
	unsigned int i;
	int tries;

	if (!ar_objects_are_counted())
		return NULL;
	for (tries = 0; tries < 50; tries++) {
		ar_count_objects(after);
		more = NULL;
		for (i = 0; i < AR_NR_OBJECTS; i++)
			if (after[i] > before[i])
				more = ar_objects[i];
		if (!more)
			break;
		usleep(100000);
	}
	return more;
}

#endif /* CLONE3_AUTOREAP_OBJECTS_H */
