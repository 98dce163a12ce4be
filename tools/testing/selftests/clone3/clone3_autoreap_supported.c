// SPDX-License-Identifier: GPL-2.0
/*
 * PIDFD_GET_INFO with the struct of 7.1: it tells what this kernel can fill in, where
 * the caller looks for it.
 */
#define _GNU_SOURCE
#include "../kselftest_harness.h"
#include "clone3_autoreap.h"
#include "clone3_autoreap_info.h"

#ifndef PIDFD_INFO_SUPPORTED_MASK
#define PIDFD_INFO_SUPPORTED_MASK 0x20
#endif

#ifndef PIDFD_INFO_COREDUMP
#define PIDFD_INFO_COREDUMP 0x10
#endif

#ifndef PIDFD_INFO_COREDUMP_SIGNAL
#define PIDFD_INFO_COREDUMP_SIGNAL 0x40
#endif

#ifndef PIDFD_INFO_COREDUMP_CODE
#define PIDFD_INFO_COREDUMP_CODE 0x80
#endif

/* All bits about core dumps. */
#define COREDUMP (PIDFD_INFO_COREDUMP | PIDFD_INFO_COREDUMP_SIGNAL | PIDFD_INFO_COREDUMP_CODE)

/* struct pidfd_info of 7.1, and of 6.19, which had the mask at the end as well. */
struct info_88 {
	struct ar_info info;
	__u32 coredump[4];
	__u64 supported_mask;
};

struct info_80 {
	struct ar_info info;
	__u32 coredump[2];
	__u64 supported_mask;
};

_Static_assert(sizeof(struct info_88) == 88, "struct pidfd_info of 7.1");
_Static_assert(sizeof(struct info_80) == 80, "struct pidfd_info of 6.19");

/* Each byte is to be overwritten. */
static int ask(int pidfd, struct ar_info *info, size_t size, __u64 mask)
{
	memset(info, 0xff, size);
	info->mask = mask;
	return ioctl(pidfd, AR_INFO_CMD(AR_INFO_RW, size), info) ? errno : 0;
}

#define CORE_PATTERN "/proc/sys/kernel/core_pattern"

/*
 * A process that has dumped core. Kernels that keep something about that do so for a
 * program that gets the dump together with a pidfd. That is a setting of the whole
 * system: @is_kept tells whether it could be had for the moment.
 */
static int dumped_pidfd(bool *is_kept)
{
	struct rlimit no_file = {};
	char pattern[256] = "";
	int pidfd = -1, fd = open(CORE_PATTERN, O_RDONLY | O_CLOEXEC);
	bool is_gone;
	pid_t pid;

	*is_kept = read(fd, pattern, sizeof(pattern) - 1) > 0 &&
		   !ar_write_file(CORE_PATTERN, "|/bin/true %F");
	close(fd);
	pid = ar_fork(CLONE_AUTOREAP, 0, &pidfd);
	if (!pid) {
		setrlimit(RLIMIT_CORE, &no_file);
		/* Not by kill(), whose code is 0. */
		syscall(__NR_tgkill, getpid(), getpid(), SIGQUIT);
		_exit(255);
	}
	is_gone = pid > 0 && ar_ended(pidfd);
	if (*is_kept && ar_write_file(CORE_PATTERN, pattern))
		return -1;
	return is_gone ? pidfd : -1;
}

/* Of a process that lives, of one that is gone, and of one that has dumped core. */
enum { LIVES, IS_GONE, HAS_DUMPED, PIDFDS };

FIXTURE(supported)
{
	int pidfd[PIDFDS];
	bool is_kept;
};

FIXTURE_SETUP(supported)
{
	struct info_88 now;
	struct ar_gate gate;

	if (!ar_require(_metadata))
		return;
	ASSERT_EQ(0, pipe2(gate.fd, O_CLOEXEC));
	self->pidfd[LIVES] = ar_pidfd_open(getpid(), 0);
	self->pidfd[IS_GONE] = ar_reaped_pidfd(&gate);
	self->pidfd[HAS_DUMPED] = dumped_pidfd(&self->is_kept);
	ASSERT_LE(0, self->pidfd[HAS_DUMPED]);
	ASSERT_EQ(0, ask(self->pidfd[LIVES], &now.info, sizeof(now), PIDFD_INFO_SUPPORTED_MASK));
	if (!(now.info.mask & PIDFD_INFO_SUPPORTED_MASK))
		SKIP(return, "this kernel does not tell what it supports");
}

FIXTURE_TEARDOWN(supported)
{
}

/* Nothing is filled in that is not told. */
TEST_F(supported, tells_all_that_it_can_tell)
{
	const __u64 always = PIDFD_INFO_PID | PIDFD_INFO_CREDS | PIDFD_INFO_EXIT |
			     PIDFD_INFO_SUPPORTED_MASK | ar_cgroup_bit();
	struct info_88 all;
	int i;

	for (i = 0; i < PIDFDS; i++) {
		ASSERT_EQ(0, ask(self->pidfd[i], &all.info, sizeof(all), -1ULL));
		EXPECT_TRUE(all.info.mask & PIDFD_INFO_SUPPORTED_MASK);
		EXPECT_EQ(always, all.supported_mask & always);
		EXPECT_EQ(0, all.supported_mask & ~(always | COREDUMP));
		EXPECT_EQ(0, all.info.mask & ~all.supported_mask);
		/* Who tells of core dumps tells of a task that lives how it would dump core. */
		if (i == LIVES) {
			EXPECT_EQ(all.info.mask & PIDFD_INFO_COREDUMP,
				  all.supported_mask & PIDFD_INFO_COREDUMP);
		}
	}
	/* Who does not ask is not told. */
	ASSERT_EQ(0, ask(self->pidfd[IS_GONE], &all.info, sizeof(all), PIDFD_INFO_EXIT));
	EXPECT_EQ(0, all.info.mask & PIDFD_INFO_SUPPORTED_MASK);
	EXPECT_EQ(0, all.supported_mask);
}

/* The mask is the last member of 88 bytes, and was that of 80. */
TEST_F(supported, has_its_place_in_each_size)
{
	struct info_88 now;
	struct info_80 then;

	ASSERT_EQ(0, ask(self->pidfd[LIVES], &now.info, sizeof(now), PIDFD_INFO_SUPPORTED_MASK));
	EXPECT_EQ(0, now.coredump[2]);
	EXPECT_EQ(0, now.coredump[3]);
	ASSERT_EQ(0, ask(self->pidfd[LIVES], &then.info, sizeof(then), PIDFD_INFO_SUPPORTED_MASK));
	EXPECT_TRUE(then.info.mask & PIDFD_INFO_SUPPORTED_MASK);
	EXPECT_EQ(now.supported_mask, then.supported_mask);
	EXPECT_EQ(0, then.coredump[0]);
	EXPECT_EQ(0, then.coredump[1]);
}

/* No bit is set for a member that the caller's struct has no room for. */
TEST_F(supported, is_told_only_where_there_is_room)
{
	static const struct {
		size_t size;
		__u64 beyond;
	} sizes[] = {
		{ 64, PIDFD_INFO_SUPPORTED_MASK | COREDUMP },
		{ 72, PIDFD_INFO_SUPPORTED_MASK | PIDFD_INFO_COREDUMP_CODE },
		{ 80, PIDFD_INFO_COREDUMP_CODE },
		{ 88, 0 },
	};
	struct info_88 all;
	struct info_80 then;
	unsigned int i, whose;

	for (i = 0; i < ARRAY_SIZE(sizes) * PIDFDS; i++) {
		whose = i % PIDFDS;
		ASSERT_EQ(0, ask(self->pidfd[whose], &all.info, sizes[i / PIDFDS].size, -1ULL));
		EXPECT_EQ(0, all.info.mask & sizes[i / PIDFDS].beyond);
		EXPECT_EQ(whose == LIVES ? 0 : PIDFD_INFO_EXIT, all.info.mask & PIDFD_INFO_EXIT);
	}
	/* The control: the last had room for all that there is to tell of a core dump. */
	if (self->is_kept)
		EXPECT_EQ(all.supported_mask & COREDUMP, all.info.mask & COREDUMP);

	/* Who does not ask for the mask does not get anything else in its place. */
	ASSERT_EQ(0, ask(self->pidfd[HAS_DUMPED], &then.info, sizeof(then),
			 PIDFD_INFO_EXIT | COREDUMP));
	EXPECT_EQ(0, then.supported_mask);
}

TEST_HARNESS_MAIN
