// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * funccount: how often functions, tracepoints and USDT probes are passed.
 */
#include "../../toolkit/kernel/task/filter.h"
#include "../../toolkit/kernel/probes/pattern_programs.h"

const volatile s32 target_cpu = -1; /* -1: any */

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1); /* set by the tool: one for each match */
	__type(key, u32);
	__type(value, u64);
} counts SEC(".maps");

static __always_inline int count(void *ctx)
{
	u32 index = bpf_get_attach_cookie(ctx);
	u64 *calls;

	if (target_cpu >= 0 && target_cpu != bpf_get_smp_processor_id())
		return 0;
	if (!is_wanted())
		return 0;
	calls = bpf_map_lookup_elem(&counts, &index);
	/* Who calls a user function may be preempted right here. */
	if (calls)
		__sync_fetch_and_add(calls, 1);
	return 0;
}

ON_FUNCTIONS(on, count)
ON_TRACEPOINTS(on, count)
