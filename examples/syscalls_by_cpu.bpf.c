// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * syscalls_by_cpu: counts system calls in a value of each CPU, which needs no atomic operation.
 */
#include "../toolkit/kernel/base/prelude.h"

const volatile u32 target_pid = 0; /* 0: every process */

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, u64);
} calls SEC(".maps");

SEC("raw_tracepoint/sys_enter")
int on_call(void *ctx)
{
	u32 zero = 0;
	u64 *count;

	if (target_pid && bpf_get_current_pid_tgid() >> 32 != target_pid)
		return 0;
	count = bpf_map_lookup_elem(&calls, &zero);
	if (count)
		*count += 1;
	return 0;
}
