/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Outstanding allocations by address (report.ts reads them).
 */
#pragma once

#include "../../toolkit/kernel/base/ring_buffer.h"
#include "../../toolkit/kernel/stacks/unwind.h"
#include "../../toolkit/kernel/stacks/stack_slots.h"
#include "../../toolkit/kernel/stacks/stacks.h"
#include "../../toolkit/kernel/task/who.h"

const volatile u64 least_size = 0;
const volatile u64 most_size = -1;
const volatile u64 sample_rate = 1; /* one of this many allocations is recorded */
const volatile bool combined = false; /* also keeps sums by stack */
const volatile bool traced = false; /* sends events, and keeps no stacks */

struct allocation {
	u64 size;
	u64 time; /* ns since boot */
	u64 stack; /* its id in `stacks` */
	u64 image; /* value of `image` at the time */
};

enum memory_event {
	ALLOC_ENTERED,
	ALLOC_EXITED,
	FREE_ENTERED,
};

struct event {
	struct who who;
	u64 time;
	u64 address;
	u64 size;
	u64 kind; /* enum memory_event */
};

EVENTS(events, struct event);

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1000000); /* set by the tool */
	__type(key, u64);
	__type(value, struct allocation);
} allocations SEC(".maps");

u64 allocations_seen;
u32 traced_pid; /* as `pidns` has it; 0: the kernel's memory is traced */
/* Incremented at exec, which frees all older allocations. 0: nothing is traced before the first exec. */
u32 image = 1;

static __always_inline bool is_size_wanted(u64 size)
{
	if (size < least_size || size > most_size)
		return false;
	return sample_rate == 1 || !(__sync_fetch_and_add(&allocations_seen, 1) % sample_rate);
}

static __always_inline void tell(u64 kind, u64 address, u64 size)
{
	struct event event = {
		.time = bpf_ktime_get_ns(), .address = address, .size = size, .kind = kind,
	};

	if (!traced)
		return;
	set_who(&event.who);
	send(events, &event, sizeof(event));
}

/* Keeps the allocating stack, user or kernel; returns its id. */
static __always_inline u64 keep_allocating_stack(void *ctx)
{
	return keep_stack_in_slot(ctx, user_stacks ? BPF_F_USER_STACK : 0);
}

/* Adds an allocation to the sums of its stack (`count` is 1) or subtracts it (-1). */
static __always_inline void change_sum(struct allocation *allocation, s64 count)
{
	struct stack_key key = { .process = allocation->image };
	struct stack_sum *sum;

	if (!combined)
		return;
	if (user_stacks)
		key.user = allocation->stack;
	else
		key.kernel = allocation->stack;
	if (count > 0) {
		add_to_stack(&key, allocation->size, allocation->time);
		return;
	}
	sum = bpf_map_lookup_elem(&sums, &key);
	if (!sum)
		return;
	__sync_fetch_and_add(&sum->sum, -allocation->size);
	__sync_fetch_and_add(&sum->count, -1);
}

static __always_inline void keep_allocation(u64 address, struct allocation *allocation)
{
	if (bpf_map_update_elem(&allocations, &address, allocation, BPF_ANY))
		__sync_fetch_and_add(&dropped, 1);
	else
		change_sum(allocation, 1);
}

/* Removes the allocation at an address; false when there is none. */
static __always_inline bool forget_allocation(u64 address, struct allocation *was)
{
	struct allocation *found = bpf_map_lookup_elem(&allocations, &address);

	if (!found)
		return false;
	*was = *found;
	if (bpf_map_delete_elem(&allocations, &address))
		return false; /* another CPU was faster */
	change_sum(was, -1);
	return true;
}

/* Records an allocation. An older one at the address must have been freed unseen. */
static __always_inline void take_memory(void *ctx, u64 address, u64 size)
{
	struct allocation was, allocation = {
		.size = size, .time = bpf_ktime_get_ns(), .image = image,
	};

	tell(ALLOC_EXITED, address, size);
	if (!traced)
		allocation.stack = keep_allocating_stack(ctx);
	forget_allocation(address, &was);
	keep_allocation(address, &allocation);
}

/* Removes a freed allocation and sends its event; false if it was not recorded. */
static __always_inline bool give_memory(u64 address, struct allocation *was)
{
	if (!forget_allocation(address, was))
		return false;
	tell(FREE_ENTERED, address, was->size);
	return true;
}
