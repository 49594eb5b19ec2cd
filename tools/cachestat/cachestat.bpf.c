// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * cachestat: how often folios of the page cache are accessed, added and dirtied.
 */
#include "../../toolkit/kernel/mm/page_cache.h"

/* Totals since the start. The reader computes differences: clearing the map would lose counts. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, COUNTERS);
	__type(key, u32);
	__type(value, u64);
} counters SEC(".maps");

static void count_folios(u32 counter, u64 times)
{
	u64 *value = bpf_map_lookup_elem(&counters, &counter);

	if (value)
		__sync_fetch_and_add(value, times); /* an interrupt may count at the same time */
}
