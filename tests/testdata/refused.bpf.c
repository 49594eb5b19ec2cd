// SPDX-License-Identifier: MIT OR GPL-2.0-only
/* A program that the verifier refuses: it follows a pointer that may be NULL. */
#include "base/prelude.h"
#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, u64);
} numbers SEC(".maps");

SEC("tracepoint/syscalls/sys_enter_getppid")
int careless(void *ctx)
{
	u32 zero = 0;
	u64 *number = bpf_map_lookup_elem(&numbers, &zero);

	return *number;
}
