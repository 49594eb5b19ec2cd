// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * runqlen: how many threads wait for a CPU when its clock ticks.
 */
#include "../../toolkit/kernel/sched/run_queue_length.h"
#include "../../toolkit/kernel/base/maps.h"

const volatile bool by_cpu = false;

struct key {
	u32 cpu; /* 0 unless by_cpu */
	u32 length;
};

/* What was counted since the start. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__type(key, struct key);
	__type(value, u64);
} lengths SEC(".maps");

u64 dropped;

/* The tool attaches it to a clock on each CPU. */
SEC("perf_event")
int sample(void *ctx)
{
	u32 running = runnable_threads();
	u64 zero = 0;
	struct key key = {
		.cpu = by_cpu ? bpf_get_smp_processor_id() : 0,
		.length = running ? running - 1 : 0, /* one of them runs */
	};
	u64 *count = lookup_or_insert(&lengths, &key, &zero);

	__sync_fetch_and_add(count ? count : &dropped, 1);
	return 0;
}
