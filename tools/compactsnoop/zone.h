/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The state of a memory zone when its compaction begins.
 */
#pragma once

#include "../../toolkit/kernel/base/prelude.h"

KERNEL_STRUCTS

typedef struct {
	s64 counter;
} atomic64_t;

struct free_area {
	unsigned long nr_free;
};

struct zone {
	const char *name;
	int node; /* with CONFIG_NUMA */
	unsigned long _watermark[3]; /* min, low, high: enum zone_watermarks */
	unsigned long watermark_boost;
	atomic64_t vm_stat[1]; /* free pages are the first: enum zone_stat_item */
	struct free_area free_area[1]; /* by the order of the blocks */
};

struct compact_control {
	struct zone *zone;
	int order;
};

KERNEL_STRUCTS_END

#define ZONE_NAME_LENGTH 16
#define ORDERS 11 /* MAX_PAGE_ORDER + 1 of include/linux/mmzone.h unless configured otherwise */
#define IS_SUITABLE -1000 /* a free block of that order exists, or no order is requested */

struct memory {
	char name[ZONE_NAME_LENGTH];
	s32 node;
	s32 fragmentation_index; /* thousandths */
	u64 min;
	u64 low;
	u64 high;
	u64 free;
};

/* As the kernel computes it: near 0 an allocation of this order fails for lack of memory, near 1000 for
 * fragmentation (fragmentation_index() of mm/vmstat.c). */
static __always_inline s32 fragmentation_of(struct zone *zone, s32 order)
{
	struct free_area *areas = (void *)zone + bpf_core_field_offset(struct zone, free_area);
	u64 blocks = 0;
	u64 pages = 0;

	if (order < 0)
		return IS_SUITABLE;
	for (s32 i = 0; i < ORDERS; i++) {
		struct free_area *area = (void *)areas + i * bpf_core_type_size(struct free_area);
		u64 count = BPF_CORE_READ(area, nr_free);

		if (count && i >= order)
			return IS_SUITABLE;
		blocks += count;
		pages += count << i;
	}
	return blocks ? 1000 - (1000 + (pages * 1000 >> order)) / blocks : 0;
}

static __always_inline void read_memory(struct memory *memory, struct zone *zone, s32 order)
{
	u64 boost = BPF_CORE_READ(zone, watermark_boost);
	u64 marks[3] = {};

	bpf_probe_read_kernel_str(memory->name, sizeof(memory->name), BPF_CORE_READ(zone, name));
	if (bpf_core_field_exists(zone->node))
		memory->node = BPF_CORE_READ(zone, node);
	bpf_probe_read_kernel(marks, sizeof(marks),
			      (void *)zone + bpf_core_field_offset(struct zone, _watermark));
	memory->min = marks[0] + boost;
	memory->low = marks[1] + boost;
	memory->high = marks[2] + boost;
	bpf_probe_read_kernel(&memory->free, sizeof(memory->free),
			      (void *)zone + bpf_core_field_offset(struct zone, vm_stat));
	memory->fragmentation_index = fragmentation_of(zone, order);
}
