// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * uobjnew: new objects in language runtimes by type, or blocks of malloc() by size.
 */
#include "../../toolkit/kernel/base/dropped.h"
#include "../../toolkit/kernel/base/maps.h"
#include "../../toolkit/kernel/task/filter.h"
#include "../../toolkit/kernel/probes/probe_point.h"

#define TYPE_TEXT 80

const volatile bool by_size = false;

struct object {
	u64 size; /* if objects are counted by size */
	u32 kind;
	u32 unused;
	char type[TYPE_TEXT];
};

struct sums {
	u64 count;
	u64 bytes;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 40960);
	__type(key, struct object);
	__type(value, struct sums);
} objects SEC(".maps");

/* Operands: the type, its length, the size. */
SEC("uprobe")
int at_new(u64 *ctx)
{
	struct probe_point *point = this_probe_point(ctx);
	struct sums zero = {}, *sums;
	struct object object = {};
	u64 bytes;

	if (!point || !is_wanted())
		return 0;
	object.kind = point->kind;
	bytes = operand_value(ctx, &point->operands[2]);
	if (by_size)
		object.size = bytes;
	read_point_text(ctx, point, 0, 1, object.type, TYPE_TEXT);
	sums = lookup_or_insert(&objects, &object, &zero);
	if (!sums) {
		__sync_fetch_and_add(&dropped, 1);
		return 0;
	}
	__sync_fetch_and_add(&sums->count, 1);
	__sync_fetch_and_add(&sums->bytes, bytes);
	return 0;
}
