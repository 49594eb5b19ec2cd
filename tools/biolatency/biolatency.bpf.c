// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * biolatency: latency of block I/O requests as a log2 histogram.
 */
#include "../../toolkit/kernel/block/block.h"
#include "../../toolkit/kernel/base/log2.h"
#include "../../toolkit/kernel/base/maps.h"

const volatile bool from_queued = false;
const volatile bool by_disk = false;
const volatile bool by_flags = false;
const volatile u32 unit_ns = 1000;

struct key {
	u32 device; /* 0 unless by_disk */
	u32 flags; /* 0 unless by_flags */
	u32 slot;
};

struct sums {
	u64 count;
	u64 time; /* ns */
};

/* Totals since the start. The reader computes differences: clearing the map would lose counts. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 10240);
	__type(key, struct key);
	__type(value, struct sums);
} latencies SEC(".maps");

u64 dropped;

static __always_inline void io_dropped(void)
{
	__sync_fetch_and_add(&dropped, 1);
}

static __always_inline void io_done(struct io *io, u64 now)
{
	u64 start = from_queued ? io->queued : io->issued;
	u64 time = now - start;
	struct sums zero = {};
	struct key key = {
		.device = by_disk ? io->device : 0,
		.flags = by_flags ? io->flags : 0,
		.slot = log2_slot(time / unit_ns),
	};

	if (!start)
		return; /* a flush without data: the block layer issues a request of its own for it */

	struct sums *sums = lookup_or_insert(&latencies, &key, &zero);

	if (!sums) {
		io_dropped();
		return;
	}
	__sync_fetch_and_add(&sums->count, 1);
	__sync_fetch_and_add(&sums->time, time);
}
