// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * dcstat: counts look-ups in the directory entry cache by outcome.
 */
#include "../../toolkit/kernel/base/ring_buffer.h"
#include "../../toolkit/kernel/fs/dcache.h"

/* By enum lookup: totals since the start. The reader computes differences: clearing would lose counts. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, MISSED + 1);
	__type(key, u32);
	__type(value, u64);
} counters SEC(".maps");

static void looked_up(u32 kind, struct qstr___lookup *name)
{
	u64 *value = bpf_map_lookup_elem(&counters, &kind);

	if (value)
		__sync_fetch_and_add(value, 1);
}

static void lookup_dropped(void)
{
	count_in_flight_dropped();
}
