// SPDX-License-Identifier: MIT OR GPL-2.0-only
/* Programs that the verifier refuses; the logs beside are what it says of them, in the named Linux. */
#include "base/prelude.h"
#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, u64);
} numbers SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} events SEC(".maps");

struct table {
	u32 length;
	u32 cells[16];
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct table);
} tables SEC(".maps");

SEC("tracepoint/syscalls/sys_enter_getppid")
int null_pointer(void *ctx)
{
	u32 zero = 0;
	u64 *number = bpf_map_lookup_elem(&numbers, &zero);

	return *number;
}

SEC("tracepoint/syscalls/sys_enter_getppid")
int out_of_bounds(void *ctx)
{
	u32 zero = 0;
	struct table *table = bpf_map_lookup_elem(&tables, &zero);

	if (!table)
		return 0;
	return table->cells[table->length];
}

SEC("tracepoint/syscalls/sys_enter_getppid")
int endless(void *ctx)
{
	u64 sum = 0;

	for (u64 i = bpf_ktime_get_ns(); i != 1; i = i & 1 ? 3 * i + 1 : i / 2)
		sum += i;
	return sum;
}

SEC("tracepoint/syscalls/sys_enter_getppid")
int leak(void *ctx)
{
	u64 *event = bpf_ringbuf_reserve(&events, 8, 0);

	if (!event)
		return 0;
	*event = 1;
	if (bpf_get_prandom_u32() & 1)
		bpf_ringbuf_submit(event, 0);
	return 0;
}

SEC("tracepoint/syscalls/sys_enter_getppid")
int wrong_helper(void *ctx)
{
	return bpf_xdp_adjust_head(ctx, 4);
}

SEC("tracepoint/syscalls/sys_enter_getppid")
int uninitialized(void *ctx)
{
	char name[16];

	bpf_map_update_elem(&tables, &name, &name, BPF_ANY);
	return 0;
}

SEC("tracepoint/syscalls/sys_enter_getppid")
int kernel_pointer(u64 *ctx)
{
	u32 *address = (u32 *)ctx[2];

	return *address;
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";
