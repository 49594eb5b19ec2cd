/*
 * Transfers one block of 4096 bytes at a time by the system calls of Linux AIO and io_uring, without
 * libraries.
 */
#pragma once

#include <linux/aio_abi.h>
#include <linux/io_uring.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Submits one transfer and waits for it; returns the number of bytes, or -errno. */
static long aio(int fd, int is_write, void *buffer, size_t size, off_t at)
{
	static aio_context_t context;
	struct iocb iocb = {
		.aio_lio_opcode = is_write ? IOCB_CMD_PWRITE : IOCB_CMD_PREAD,
		.aio_fildes = fd,
		.aio_buf = (uintptr_t)buffer,
		.aio_nbytes = size,
		.aio_offset = at,
	};
	struct iocb *iocbs[] = { &iocb };
	struct io_event event;

	if (!context && syscall(SYS_io_setup, 1, &context) < 0)
		return -1;
	if (syscall(SYS_io_submit, context, 1, iocbs) != 1)
		return -1;
	if (syscall(SYS_io_getevents, context, 1, 1, &event, NULL) != 1)
		return -1;
	return event.res;
}

static void *mapped(int ring, size_t size, off_t at)
{
	return mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, ring, at);
}

static long uring(int fd, int is_write, void *buffer, size_t size, off_t at)
{
	static struct io_uring_params params;
	static int ring = -1;
	static struct io_uring_sqe *entries;
	static char *submission, *completion;

	if (ring < 0) {
		ring = syscall(SYS_io_uring_setup, 1, &params);
		if (ring < 0)
			return -1;
		submission = mapped(ring, params.sq_off.array + params.sq_entries * 4, IORING_OFF_SQ_RING);
		completion = mapped(ring, params.cq_off.cqes + params.cq_entries * sizeof(struct io_uring_cqe),
				    IORING_OFF_CQ_RING);
		entries = mapped(ring, params.sq_entries * sizeof(*entries), IORING_OFF_SQES);
		if (submission == MAP_FAILED || completion == MAP_FAILED || entries == MAP_FAILED)
			return -1;
	}

	uint32_t *tail = (void *)(submission + params.sq_off.tail);
	uint32_t *head = (void *)(completion + params.cq_off.head);

	*entries = (struct io_uring_sqe){
		.opcode = is_write ? IORING_OP_WRITE : IORING_OP_READ,
		.fd = fd,
		.addr = (uintptr_t)buffer,
		.len = size,
		.off = at,
	};
	((uint32_t *)(submission + params.sq_off.array))[0] = 0;
	__atomic_store_n(tail, *tail + 1, __ATOMIC_RELEASE);
	if (syscall(SYS_io_uring_enter, ring, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0) != 1)
		return -1;

	struct io_uring_cqe *results = (void *)(completion + params.cq_off.cqes);
	uint32_t mask = *(uint32_t *)(completion + params.cq_off.ring_mask);
	long result = results[*head & mask].res;

	__atomic_store_n(head, *head + 1, __ATOMIC_RELEASE);
	return result;
}
