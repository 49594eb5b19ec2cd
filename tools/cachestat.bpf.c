// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * cachestat: how often folios of the page cache are accessed, added and dirtied.
 */
#include "frame/kernel.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include "frame/filter.h"

/* Folios that one look-up for a read gives at most: PAGEVEC_SIZE of include/linux/pagevec.h. */
#define BATCH 31

enum counter {
	ACCESSED,
	ADDED,
	DIRTIED,
	BUFFERS_DIRTIED,
	COUNTERS,
};

/* Since the start: nothing is taken away, so nothing is lost between reports. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, COUNTERS);
	__type(key, u32);
	__type(value, u64);
} counters SEC(".maps");

static __always_inline int count(u32 counter, u64 times)
{
	u64 *value = is_wanted() ? bpf_map_lookup_elem(&counters, &counter) : NULL;

	if (value)
		__sync_fetch_and_add(value, times); /* an interrupt may count as well */
	return 0;
}

SEC("fentry/folio_mark_accessed")
int folio_accessed(u64 *arguments)
{
	return count(ACCESSED, 1);
}

SEC("fentry/mark_page_accessed")
int page_accessed(u64 *arguments)
{
	return count(ACCESSED, 1);
}

/* Pages from the first to the last are wanted; what is beyond a batch is asked for again. */
SEC("raw_tp/mm_filemap_get_pages")
int get_pages(u64 *arguments)
{
	u64 pages = arguments[2] - arguments[1] + 1;

	return count(ACCESSED, pages < BATCH ? pages : BATCH);
}

SEC("raw_tp/block_touch_buffer")
int buffer_touched(u64 *arguments)
{
	return count(ACCESSED, 1);
}

SEC("raw_tp/mm_filemap_add_to_page_cache")
int folio_added(u64 *arguments)
{
	return count(ADDED, 1);
}

SEC("raw_tp/writeback_dirty_folio")
int folio_dirtied(u64 *arguments)
{
	return count(DIRTIED, 1);
}

SEC("raw_tp/writeback_dirty_page")
int page_dirtied(u64 *arguments)
{
	return count(DIRTIED, 1);
}

SEC("raw_tp/block_dirty_buffer")
int buffer_dirtied(u64 *arguments)
{
	return count(BUFFERS_DIRTIED, 1);
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";
