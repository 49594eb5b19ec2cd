// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * cachetop: how often folios of the page cache are accessed, added and dirtied, by process.
 */
#include "../../toolkit/kernel/base/dropped.h"
#include "../../toolkit/kernel/base/maps.h"
#include "../../toolkit/kernel/mm/page_cache.h"

struct key {
	u32 pid;
	u32 uid;
	char comm[TASK_COMM_LEN];
};

struct counts {
	u64 accessed;
	u64 added;
	u64 dirtied;
	u64 buffers_dirtied;
};

/* Totals since an entry was created; the reader deletes entries that no longer change. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 10240);
	__type(key, struct key);
	__type(value, struct counts);
} processes SEC(".maps");

static void count_folios(u32 counter, u64 times)
{
	struct key key = {};
	struct counts zero = {};
	struct counts *counts;

	key.pid = current_ids() >> 32;
	key.uid = bpf_get_current_uid_gid();
	bpf_get_current_comm(key.comm, sizeof(key.comm));
	counts = lookup_or_insert(&processes, &key, &zero);
	if (!counts)
		__sync_fetch_and_add(&dropped, times);
	else if (counter == ACCESSED || counter == BUFFERS_TOUCHED)
		__sync_fetch_and_add(&counts->accessed, times);
	else if (counter == ADDED)
		__sync_fetch_and_add(&counts->added, times);
	else if (counter == DIRTIED)
		__sync_fetch_and_add(&counts->dirtied, times);
	else
		__sync_fetch_and_add(&counts->buffers_dirtied, times);
}
