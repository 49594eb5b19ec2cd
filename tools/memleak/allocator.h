/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Calls of allocation functions in flight, from entry to return (allocator.ts attaches the programs to
 * the functions).
 */
#pragma once

#include "mappings.h"
#include "../../toolkit/kernel/base/registers.h"

#define MAP_FAILED ((u64)-1)
#define MAP_FIXED 0x10
#define MREMAP_FIXED 2
#define MREMAP_DONTUNMAP 4

/* What an allocation function does. */
enum {
	RETURNS_MEMORY,
	RETURNS_MAPPING,
	MOVES_MAPPING, /* from its argument */
	STORES_MEMORY, /* where its argument points */
	MOVES_MEMORY, /* from its argument */
};

/* An allocation call in flight. */
struct call {
	u64 stack_pointer;
	u64 size;
	u64 argument;
	u64 length; /* old size of a mapping that is moved */
	u64 flags; /* of mmap() or mremap() */
	u64 time; /* ns since boot, at entry */
	u32 kind;
	bool is_wanted;
	bool has_moved;
	struct allocation moved; /* the allocation that realloc() frees */
};

/* By thread id. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, u32);
	__type(value, struct call);
} calls SEC(".maps");

/* Entry of an allocation function. `from`: the argument kept for its return. */
static __noinline int begin(u64 *registers, u32 kind, u64 size, u64 from)
{
	u32 tid = bpf_get_current_pid_tgid();
	struct call *outer = bpf_map_lookup_elem(&calls, &tid);
	struct call call = {
		.stack_pointer = stack_at_begin(registers),
		.size = size,
		.argument = from,
		.kind = kind,
		.length = argument(registers, 1),
		.flags = argument(registers, 3),
		.time = bpf_ktime_get_ns(),
	};

	/* Nested calls are not counted: malloc() calls mmap() for itself. A kept call whose stack
	 * pointer is not above this one never returned (longjmp); this call replaces it. */
	if (!image || (outer && outer->stack_pointer > call.stack_pointer))
		return 0;
	/* At entry, since another thread may get the address as soon as realloc() frees it. */
	if (kind == MOVES_MEMORY)
		call.has_moved = give_memory(from, &call.moved);
	call.is_wanted = is_wanted() && is_size_wanted(size);
	if (call.is_wanted)
		tell(ALLOC_ENTERED, 0, size);
	if (bpf_map_update_elem(&calls, &tid, &call, BPF_ANY))
		__sync_fetch_and_add(&dropped, 1);
	return 0;
}

/* The address that a call allocated; 0: none. */
static __always_inline u64 memory_of(struct call *call, u64 result)
{
	u64 stored = 0;

	if (call->kind == RETURNS_MAPPING || call->kind == MOVES_MAPPING)
		return result == MAP_FAILED ? 0 : result;
	if (call->kind != STORES_MEMORY)
		return result;
	if (!(u32)result) /* not an error */
		bpf_probe_read_user(&stored, sizeof(stored), (void *)call->argument);
	return stored;
}

/* Takes the current thread's call if it is the one that returns, not one nested in it. */
static __always_inline bool ends(u64 *registers, struct call *call)
{
	u32 tid = bpf_get_current_pid_tgid();
	struct call *found = bpf_map_lookup_elem(&calls, &tid);

	if (!found || found->stack_pointer != stack_at_end(registers))
		return false;
	*call = *found;
	bpf_map_delete_elem(&calls, &tid);
	return true;
}

/* Return of mmap() or mremap(). Another thread may have mapped a freed range since: see unmap(). */
static __always_inline int end_mapping(u64 *registers)
{
	struct call call;

	if (!ends(registers, &call))
		return 0;

	u64 start = memory_of(&call, result(registers));
	bool is_moved = call.kind == MOVES_MAPPING;

	if (!start)
		return 0;
	if (is_moved && !(call.flags & MREMAP_DONTUNMAP))
		unmap(call.argument, call.length, call.time);
	if (call.flags & (is_moved ? MREMAP_FIXED : MAP_FIXED))
		unmap(start, call.size, call.time);
	if (call.is_wanted)
		take_mapping(registers, start, call.size);
	return 0;
}

/* Return of an allocation function. */
static __always_inline int end(u64 *registers)
{
	struct call call;

	if (!ends(registers, &call))
		return 0;

	u64 memory = memory_of(&call, result(registers));

	if (memory && call.is_wanted)
		take_memory(registers, memory, call.size);
	else if (!memory && call.has_moved && call.size)
		keep_allocation(call.argument, &call.moved); /* it failed: all is as it was */
	return 0;
}
