// SPDX-License-Identifier: MIT OR GPL-2.0-only
/* Fills a hash, or one per CPU, for Python bcc. */
#include "entries.h"

BPF_HASH(entries, struct entry_key, struct entry_value, 1000000);

BPF_PERCPU_HASH(per_cpu, struct entry_key, struct entry_value, 1000000);

int fill(struct bpf_raw_tracepoint_args *ctx)
{
	for (u32 i = 0; i < ENTRIES_PER_RUN; i++) {
		u32 number = ctx->args[0] + i;
		struct entry_key key = { .pid = number, .id = 7 };
		struct entry_value value = { .count = number, .bytes = 4096 };

		entries.update(&key, &value);
	}
	return 0;
}

int fill_per_cpu(struct bpf_raw_tracepoint_args *ctx)
{
	for (u32 i = 0; i < ENTRIES_PER_RUN; i++) {
		u32 number = ctx->args[0] + i;
		struct entry_key key = { .pid = number, .id = 7 };
		struct entry_value value = { .count = number, .bytes = 4096 };

		per_cpu.update(&key, &value);
	}
	return 0;
}
