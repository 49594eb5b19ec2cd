// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * llcstat: references to the last level cache and misses, sampled by CPU counters.
 */
#include "../../toolkit/kernel/base/maps.h"
#include "../../toolkit/kernel/task/filter.h"

const volatile bool by_thread = false;

struct key {
	u32 cpu;
	u32 pid;
	u32 tid; /* 0 unless by_thread */
	char comm[TASK_COMM_LEN];
};

struct sums {
	u64 references; /* samples; each stands for the sample period in events */
	u64 misses;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__type(key, struct key);
	__type(value, struct sums);
} caches SEC(".maps");

u64 dropped;

static __always_inline int sampled(bool is_miss)
{
	u64 ids = current_ids();
	struct sums zero = {};
	struct key key = {
		.cpu = bpf_get_smp_processor_id(),
		.pid = ids >> 32,
		.tid = by_thread ? ids : 0,
	};

	if (!is_wanted())
		return 0;
	bpf_get_current_comm(key.comm, sizeof(key.comm));

	struct sums *sums = lookup_or_insert(&caches, &key, &zero);

	if (!sums)
		__sync_fetch_and_add(&dropped, 1);
	else
		__sync_fetch_and_add(is_miss ? &sums->misses : &sums->references, 1);
	return 0;
}

/* The tool attaches both programs to hardware counters (perf events) on each CPU. */
SEC("perf_event")
int referenced(void *ctx)
{
	return sampled(false);
}

SEC("perf_event")
int missed(void *ctx)
{
	return sampled(true);
}
