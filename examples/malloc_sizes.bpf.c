// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * malloc_sizes: sums what one process asks malloc() for, by size.
 */
#include "../toolkit/kernel/base/prelude.h"
#include "../toolkit/kernel/base/maps.h"
#include "../toolkit/kernel/base/registers.h"

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 10240);
	__type(key, u64);
	__type(value, u64);
} sizes SEC(".maps");

SEC("uprobe")
int on_malloc(void *ctx)
{
	u64 size = argument(ctx, 0), zero = 0; /* argument 0 of malloc(size) */
	u64 *count = lookup_or_insert(&sizes, &size, &zero);

	if (count)
		__sync_fetch_and_add(count, 1);
	return 0;
}
