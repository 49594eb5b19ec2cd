// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * funclatency: latency of functions.
 */
#include "../../toolkit/kernel/probes/call_stack.h"
#include "../../toolkit/kernel/task/filter.h"
#include "../../toolkit/kernel/base/log2.h"
#include "../../toolkit/kernel/probes/pattern_programs.h"

const volatile u32 unit_ns = 1;
const volatile bool by_function = false;
const volatile bool by_process = false;

struct key {
	u32 function;
	u32 pid;
	u32 slot;
};

struct sums {
	u64 count;
	u64 time; /* ns */
};

/* Totals since the start. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(max_entries, 10240); /* set by the tool */
	__type(key, struct key);
	__type(value, struct sums);
} times SEC(".maps");

u64 dropped;

static __always_inline int enter(void *ctx)
{
	if (is_wanted() && !push_call(bpf_get_attach_cookie(ctx)))
		__sync_fetch_and_add(&dropped, 1);
	return 0;
}

static __always_inline int leave(void *ctx)
{
	u64 now = bpf_ktime_get_ns();
	u32 function = bpf_get_attach_cookie(ctx);
	struct key key = {};
	struct sums zero = {};
	struct sums *sums;
	u64 start, time;

	if (!is_wanted())
		return 0;
	start = pop_call(function);
	if (!start)
		return 0;
	time = (s64)(now - start) > 0 ? now - start : 0; /* the clocks of two CPUs may differ slightly */
	key.function = by_function ? function : 0;
	key.pid = by_process ? current_ids() >> 32 : 0;
	key.slot = log2_slot(time / unit_ns);
	sums = lookup_or_insert(&times, &key, &zero);
	if (!sums) {
		__sync_fetch_and_add(&dropped, 1);
		return 0;
	}
	/* Atomic although per CPU: programs of uprobes can be preempted. */
	__sync_fetch_and_add(&sums->count, 1);
	__sync_fetch_and_add(&sums->time, time);
	return 0;
}

ON_FUNCTIONS(enter, enter)
ON_FUNCTIONS(leave, leave)
