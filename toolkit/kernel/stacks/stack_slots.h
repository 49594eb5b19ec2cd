/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Keeping stacks in programs that can be interrupted by others of their kind: those on user functions are
 * preempted, those on kernel functions run again in interrupts.
 */
#pragma once

#include "../base/slot.h"
#include "kept_stacks.h"

/* The most stacks that are being collected at a time on a CPU; for more, MISSED_STACK is returned. */
#define STACK_SLOTS 8

struct stack_slot {
	u64 taken;
	struct stack_room room;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, STACK_SLOTS);
	__type(key, u32);
	__type(value, struct stack_slot);
} stack_slots SEC(".maps");

/* Keeps the current thread's stack; returns its id. */
static __noinline u64 keep_stack_in_slot(void *ctx, u64 flags)
{
	struct stack_slot *slot = NULL;

	/* Unrolled, or the verifier loses track of the pointer. */
#pragma unroll
	for (u32 i = 0; i < STACK_SLOTS; i++) {
		u32 key = i;

		slot = bpf_map_lookup_elem(&stack_slots, &key);
		if (slot && take_slot(&slot->taken))
			break;
		slot = NULL;
	}
	if (!slot)
		return MISSED_STACK;

	u64 id = keep_stack_in(&slot->room, ctx, flags);

	give_slot(&slot->taken);
	return id;
}
