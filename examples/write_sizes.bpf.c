// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * write_sizes: how many bytes write(2) wrote, by powers of two.
 */
#include "../toolkit/kernel/base/prelude.h"
#include "../toolkit/kernel/base/log2.h"

#define SLOTS 65

const volatile u32 target_pid = 0; /* 0: every process */

/* One row of counters for each CPU, summed by the reader: no two CPUs write to one place. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, SLOTS);
	__type(key, u32);
	__type(value, u64);
} sizes SEC(".maps");

static __always_inline int record(s64 size)
{
	u32 slot = log2_slot(size);
	u64 *count;

	if (size < 0 || (target_pid && bpf_get_current_pid_tgid() >> 32 != target_pid))
		return 0;
	count = bpf_map_lookup_elem(&sizes, &slot);
	if (count)
		*count += 1;
	return 0;
}

AT_EXIT(write, record(ctx->ret))
