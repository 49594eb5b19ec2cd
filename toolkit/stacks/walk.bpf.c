// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * The walk of user stacks for programs that are compiled when a tool starts: they call
 * walk_into_event(), whose instructions are appended to theirs (borrowed_walk.ts).
 */
#include "../kernel/base/slot.h"
#include "../kernel/stacks/unwind.h"

/* Walks at a time per CPU: programs on user functions are preempted, those on kernel functions interrupted. */
#define WALK_SLOTS 8
#define EBUSY 16

struct walk_slot {
	u64 taken;
	struct unwind_state state;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, WALK_SLOTS);
	__type(key, u32);
	__type(value, struct walk_slot);
} walk_slots SEC(".maps");

/* Like walk_user_stack(); -EBUSY if all slots of this CPU are taken. */
__noinline long walk_into_event(struct stack *stack)
{
	struct walk_slot *slot = NULL;
	long size;

	if (!stack)
		return 0;
	/* Unrolled, or the verifier loses track of the pointer. */
#pragma unroll
	for (u32 i = 0; i < WALK_SLOTS; i++) {
		u32 key = i;

		slot = bpf_map_lookup_elem(&walk_slots, &key);
		if (slot && take_slot(&slot->taken))
			break;
		slot = NULL;
	}
	if (!slot)
		return -EBUSY;
	size = walk_user_stack(stack, &slot->state);
	give_slot(&slot->taken);
	return size;
}

/* The buffer of walk(), which is loaded for the functions it calls, and never attached; nothing reads it. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct stack);
} walk_nowhere SEC(".maps");

SEC("kprobe")
int walk(void *ctx)
{
	u32 zero = 0;
	struct stack *stack = bpf_map_lookup_elem(&walk_nowhere, &zero);

	return stack ? walk_into_event(stack) : 0;
}
