// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * funcinterval: time between one call of the functions and the next.
 */
#include "../../toolkit/kernel/base/log2.h"
#include "../../toolkit/kernel/task/filter.h"
#include "../../toolkit/kernel/probes/pattern_programs.h"

#define SLOTS 65

const volatile u32 unit_ns = 1;

/* Totals since the start, by slot. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, SLOTS);
	__type(key, u32);
	__type(value, u64);
} intervals SEC(".maps");

u64 last_call; /* ns since boot; 0: none yet */

static __always_inline int passed(void *ctx)
{
	u64 now, before, *count;
	u32 slot;

	if (!is_wanted())
		return 0;
	now = bpf_ktime_get_ns();
	before = __sync_lock_test_and_set(&last_call, now);
	if (!before)
		return 0;
	/* Two CPUs may get here in another order than they read the clock. */
	slot = log2_slot(((s64)(now - before) > 0 ? now - before : 0) / unit_ns);
	count = bpf_map_lookup_elem(&intervals, &slot);
	if (count)
		__sync_fetch_and_add(count, 1);
	return 0;
}

ON_FUNCTIONS(on, passed)
ON_TRACEPOINTS(on, passed)
