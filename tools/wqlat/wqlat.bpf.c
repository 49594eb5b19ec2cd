// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * wqlat: how long work items of kernel workqueues wait until they run.
 */
#include "../../toolkit/kernel/base/log2.h"
#include "../../toolkit/kernel/base/maps.h"

KERNEL_STRUCTS

struct workqueue_struct {
	char name[24]; /* 32 since Linux 6.9; up to NAME_LENGTH bytes are read */
};

struct pool_workqueue {
	struct workqueue_struct *wq;
};

KERNEL_STRUCTS_END

#define NAME_LENGTH 32

const volatile u32 unit_ns = 1000;

struct key {
	char name[NAME_LENGTH];
	u32 slot;
};

struct queued {
	u64 time; /* ns since boot */
	char name[NAME_LENGTH];
};

/* Totals since the start. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 40960);
	__type(key, struct key);
	__type(value, u64);
} latencies SEC(".maps");

/* Queued work, by the address of the work item. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, u64);
	__type(value, struct queued);
} waiting SEC(".maps");

u64 dropped;

SEC("raw_tp/workqueue_queue_work")
int queue(u64 *arguments)
{
	struct pool_workqueue *pool = (void *)arguments[1];
	struct workqueue_struct *queue = BPF_CORE_READ(pool, wq);
	struct queued queued = { .time = bpf_ktime_get_ns() };
	u64 work = arguments[2];

	bpf_probe_read_kernel_str(queued.name, sizeof(queued.name),
				  (void *)queue + bpf_core_field_offset(struct workqueue_struct, name));
	if (bpf_map_update_elem(&waiting, &work, &queued, BPF_ANY))
		__sync_fetch_and_add(&dropped, 1);
	return 0;
}

SEC("raw_tp/workqueue_execute_start")
int start(u64 *arguments)
{
	u64 work = arguments[0];
	struct queued *queued = bpf_map_lookup_elem(&waiting, &work);
	struct key key = {};
	u64 zero = 0;

	if (!queued)
		return 0;
	key.slot = log2_slot((bpf_ktime_get_ns() - queued->time) / unit_ns);
	__builtin_memcpy(key.name, queued->name, sizeof(key.name));
	bpf_map_delete_elem(&waiting, &work);

	u64 *count = lookup_or_insert(&latencies, &key, &zero);

	__sync_fetch_and_add(count ? count : &dropped, 1);
	return 0;
}
