/* SPDX-License-Identifier: GPL-2.0 */
/* io_uring for the CLONE_AUTOREAP tests: a ring that takes and gives one entry. */
#ifndef CLONE3_AUTOREAP_RING_H
#define CLONE3_AUTOREAP_RING_H

#include <errno.h>
#include <linux/io_uring.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

/* IORING_OP_WAITID, an enumerator that older headers lack. */
#define AR_OP_WAITID 50

struct ar_ring {
	struct io_uring_params p;
	struct io_uring_sqe *sqe;
	struct io_uring_cqe *cqe;
	char *sq, *cq;
	int fd;
};

static inline void *ar_ring_map(const struct ar_ring *ring, size_t size, off_t offset)
{
	return mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, ring->fd, offset);
}

/* Returns 0, or -1 with errno. */
static inline int ar_ring_open(struct ar_ring *ring)
{
	struct io_uring_params *p = &ring->p;

	*p = (struct io_uring_params){};
	ring->fd = syscall(__NR_io_uring_setup, 1, p);
	if (ring->fd < 0)
		return -1;
	ring->sq = ar_ring_map(ring, p->sq_off.array + sizeof(__u32), IORING_OFF_SQ_RING);
	ring->cq = ar_ring_map(ring, p->cq_off.cqes + p->cq_entries * sizeof(*ring->cqe),
			       IORING_OFF_CQ_RING);
	ring->sqe = ar_ring_map(ring, sizeof(*ring->sqe), IORING_OFF_SQES);
	if (ring->sq == MAP_FAILED || ring->cq == MAP_FAILED || ring->sqe == MAP_FAILED)
		return -1;
	ring->cqe = (void *)(ring->cq + p->cq_off.cqes);
	return 0;
}

/* Hand in @sqe and wait for @wait results, none or one. Returns 0, or -1 with errno. */
static inline int ar_ring_submit(struct ar_ring *ring, struct io_uring_sqe sqe, int wait)
{
	*ring->sqe = sqe;
	__atomic_fetch_add((__u32 *)(ring->sq + ring->p.sq_off.tail), 1, __ATOMIC_RELEASE);
	return syscall(__NR_io_uring_enter, ring->fd, 1, wait,
		       wait ? IORING_ENTER_GETEVENTS : 0, NULL, 0) == 1 ? 0 : -1;
}

/* Whether there is a result. */
static inline int ar_ring_ready(const struct ar_ring *ring)
{
	return __atomic_load_n((__u32 *)(ring->cq + ring->p.cq_off.tail), __ATOMIC_ACQUIRE) !=
	       __atomic_load_n((__u32 *)(ring->cq + ring->p.cq_off.head), __ATOMIC_RELAXED);
}

/* Wait for what was handed in. Returns what came of it: a value or a negative errno. */
static inline int ar_ring_result(struct ar_ring *ring)
{
	__u32 head;

	if (syscall(__NR_io_uring_enter, ring->fd, 0, 1, IORING_ENTER_GETEVENTS, NULL, 0) < 0)
		return -errno;
	head = __atomic_fetch_add((__u32 *)(ring->cq + ring->p.cq_off.head), 1,
				  __ATOMIC_ACQ_REL);
	return ring->cqe[head % ring->p.cq_entries].res;
}

/* What asks to be told of the exit that a pidfd reports. */
static inline struct io_uring_sqe ar_ring_poll(int pidfd)
{
	return (struct io_uring_sqe){
		.opcode = IORING_OP_POLL_ADD, .fd = pidfd, .poll_events = POLLIN,
	};
}

/* Hand in @sqe. Returns what came of it: a value or a negative errno. */
static inline int ar_ring_call(struct ar_ring *ring, struct io_uring_sqe sqe)
{
	return ar_ring_submit(ring, sqe, 0) ? -errno : ar_ring_result(ring);
}

#endif /* CLONE3_AUTOREAP_RING_H */
