// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * biotop: number, bytes and latency of block I/O requests by process, disk and operation.
 */
#include "../../toolkit/kernel/block/block.h"
#include "../../toolkit/kernel/base/maps.h"

struct key {
	u32 pid;
	u32 device;
	u32 operation;
	char comm[TASK_COMM_LEN];
};

struct sums {
	u64 count;
	u64 bytes;
	u64 time; /* ns */
};

/* Totals since an entry was created; the reader deletes entries that no longer change. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 10240);
	__type(key, struct key);
	__type(value, struct sums);
} processes SEC(".maps");

u64 dropped;

static __always_inline void io_dropped(void)
{
	__sync_fetch_and_add(&dropped, 1);
}

static __always_inline void io_done(struct io *io, u64 now)
{
	struct sums zero = {};
	struct key key = {
		.pid = io->who.pid,
		.device = io->device,
		.operation = io->flags & REQ_OP_MASK,
	};

	if (!io->issued)
		return; /* a flush without data: the block layer issues a request of its own for it */
	__builtin_memcpy(key.comm, io->who.comm, sizeof(key.comm));

	struct sums *sums = lookup_or_insert(&processes, &key, &zero);

	if (!sums) {
		io_dropped();
		return;
	}
	__sync_fetch_and_add(&sums->count, 1);
	__sync_fetch_and_add(&sums->bytes, io->bytes);
	__sync_fetch_and_add(&sums->time, now - io->issued);
}
