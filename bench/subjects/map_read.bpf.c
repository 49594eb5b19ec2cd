// SPDX-License-Identifier: MIT OR GPL-2.0-only
/* Fills a hash, or one per CPU, for Deno, Bun and C. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

typedef __u32 u32;
typedef __u64 u64;

#include "entries.h"

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1000000);
	__type(key, struct entry_key);
	__type(value, struct entry_value);
} entries SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(max_entries, 1000000);
	__type(key, struct entry_key);
	__type(value, struct entry_value);
} per_cpu SEC(".maps");

SEC("raw_tp")
int fill(struct bpf_raw_tracepoint_args *ctx)
{
	for (u32 i = 0; i < ENTRIES_PER_RUN; i++) {
		u32 number = ctx->args[0] + i;
		struct entry_key key = { .pid = number, .id = 7 };
		struct entry_value value = { .count = number, .bytes = 4096 };

		bpf_map_update_elem(&entries, &key, &value, BPF_ANY);
	}
	return 0;
}

SEC("raw_tp")
int fill_per_cpu(struct bpf_raw_tracepoint_args *ctx)
{
	for (u32 i = 0; i < ENTRIES_PER_RUN; i++) {
		u32 number = ctx->args[0] + i;
		struct entry_key key = { .pid = number, .id = 7 };
		struct entry_value value = { .count = number, .bytes = 4096 };

		bpf_map_update_elem(&per_cpu, &key, &value, BPF_ANY);
	}
	return 0;
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";
