/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Stacks, each kept once, by a hash of its frames (kept_stacks.ts reads them).
 *
 * They are in a hash map, not in one of type STACK_TRACE: that has one bucket for each hash, and rejects
 * the second of two stacks that collide, however much room is left.
 */
#pragma once

#include "stack.h"

#define BPF_F_USER_STACK (1 << 8)

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384); /* set by the tool */
	__type(key, u64);
	__type(value, struct stack);
} stacks SEC(".maps");

/* Buffer in which a stack is collected: too large for the BPF stack. */
struct stack_room {
	struct stack stack;
#ifdef CAN_UNWIND
	struct unwind_state unwind;
#endif
};

/* Keeps the current thread's stack, collected in `room`; returns its id. */
static __always_inline u64 keep_stack_in(struct stack_room *room, void *ctx, u64 flags)
{
	struct stack *stack = &room->stack;
	u64 id = 0;
	long size = 0;

#ifdef CAN_UNWIND /* unwind.h */
	if (unwinding && flags & BPF_F_USER_STACK)
		size = walk_user_stack(stack, &room->unwind);
#endif
	if (!size)
		size = bpf_get_stack(ctx, stack, sizeof(*stack), flags);
	if (size <= 0)
		return NO_STACK; /* kernel threads have no user stack, user code has no kernel stack */
	for (u32 i = 0; i < STACK_DEPTH && i < size / sizeof(u64); i++) {
		id = (id ^ stack->frames[i]) * 0x9e3779b97f4a7c15;
		id ^= id >> 32;
	}
	id |= 2; /* neither NO_STACK nor MISSED_STACK */
	if (!bpf_map_lookup_elem(&stacks, &id) &&
	    bpf_map_update_elem(&stacks, &id, stack, BPF_NOEXIST) &&
	    !bpf_map_lookup_elem(&stacks, &id))
		return MISSED_STACK;
	return id;
}
