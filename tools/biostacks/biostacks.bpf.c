// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * biostacks: latency of block I/O requests by the kernel stack that issued them.
 */
#define IO_STACKS
#include "../../toolkit/kernel/block/block.h"
#include "../../toolkit/kernel/base/log2.h"
#include "../../toolkit/kernel/base/maps.h"

const volatile u32 unit_ns = 1000;

struct key {
	u64 stack;
	u32 device;
	u32 pid;
	char comm[TASK_COMM_LEN];
	u32 slot;
	u32 unused;
};

/* Totals since the start. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 40960);
	__type(key, struct key);
	__type(value, u64);
} latencies SEC(".maps");

u64 dropped;

static __always_inline void io_dropped(void)
{
	__sync_fetch_and_add(&dropped, 1);
}

static __always_inline void io_done(struct io *io, u64 now)
{
	u64 zero = 0;
	struct key key = {
		.stack = io->stack,
		.device = io->device,
		.pid = io->who.pid,
		.slot = log2_slot((now - io->queued) / unit_ns),
	};

	__builtin_memcpy(key.comm, io->who.comm, sizeof(key.comm));

	u64 *count = lookup_or_insert(&latencies, &key, &zero);

	__sync_fetch_and_add(count ? count : &dropped, 1);
}
