// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * funccount: counts hits of functions, tracepoints and USDT probes.
 */
#include "../../toolkit/kernel/probes/call_counts.h"
#include "../../toolkit/kernel/task/compat_call.h"

KERNEL_STRUCTS

struct pt_regs___x86 {
	u64 orig_ax;
};

struct pt_regs___arm64 {
	s32 syscallno;
};

KERNEL_STRUCTS_END

#define CALLS_MAX 1024

const volatile s32 target_cpu = -1; /* -1: any */

/* Index of the counter, plus 1 (0: not counted), of a system call's entry, by system call number; from
 * CALLS_MAX on, of its exit. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 2 * CALLS_MAX);
	__type(key, u32);
	__type(value, u32);
} call_matches SEC(".maps");

static __always_inline bool is_cpu_wanted(void)
{
	return target_cpu < 0 || target_cpu == bpf_get_smp_processor_id();
}

static __always_inline int count(void *ctx)
{
	return is_cpu_wanted() ? count_match(ctx) : 0;
}

ON_FUNCTIONS(on, count)
ON_TRACEPOINTS(on, count)

/* Attached as a raw tracepoint because the kernel takes 0.1 s to release each perf event. */
SEC("raw_tp")
int on_raw_tracepoint(void *ctx)
{
	return stopped ? 0 : count(ctx);
}

/* Two tracepoints of the kernel, sys_enter and sys_exit, stand for those of all system calls. */
static __always_inline int count_call(u64 nr, u32 offset)
{
	u32 key = nr + offset;

	/* -1: no system call; those of 32 bit programs have other numbers, and no tracepoints. */
	if (stopped || nr >= CALLS_MAX || is_compat_call(bpf_get_current_task_btf()))
		return 0;

	u32 *match = bpf_map_lookup_elem(&call_matches, &key);

	return match && *match && is_cpu_wanted() ? count_index(*match - 1) : 0;
}

SEC("raw_tp/sys_enter")
int on_call(u64 *args)
{
	return count_call(args[1], 0);
}

SEC("raw_tp/sys_exit")
int on_call_return(u64 *args)
{
	struct pt_regs___x86 *x86 = (void *)args[0];
	struct pt_regs___arm64 *arm64 = (void *)args[0];
	s64 nr = -1;

	if (bpf_core_field_exists(x86->orig_ax))
		nr = BPF_CORE_READ(x86, orig_ax);
	else if (bpf_core_field_exists(arm64->syscallno))
		nr = BPF_CORE_READ(arm64, syscallno);
	return count_call(nr, CALLS_MAX);
}
