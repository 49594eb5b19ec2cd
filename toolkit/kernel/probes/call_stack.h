/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The calls that each thread is in, told apart by their functions: what was left without a return
 * (longjmp, an exception) goes when an outer function returns. At a depth of more than `levels` calls
 * the innermost ones are kept.
 */
#pragma once

#include "../base/maps.h"

#define LEVELS 64

const volatile u32 levels = LEVELS;

struct call {
	u64 start; /* ns since boot */
	u32 function;
	u32 depth;
};

struct calls {
	u32 depth; /* of the next call */
	u32 unused;
	struct call calls[LEVELS]; /* each at its depth modulo `levels` */
};

/*
 * Of threads; the kernel forgets those that call nothing any more when there is no room. All of it is
 * allocated beforehand: the functions that allocate may be the ones that are traced. The tool sets
 * the size, which depends on the number of CPUs.
 */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 8192);
	__type(key, u32);
	__type(value, struct calls);
} threads SEC(".maps");

static struct calls no_calls;
u64 too_deep; /* calls whose place others took */

/* The idle threads of all CPUs have the number 0. */
static __always_inline u32 thread_number(void)
{
	u32 tid = bpf_get_current_pid_tgid();

	return tid ? tid : 1 << 31 | bpf_get_smp_processor_id();
}

static __always_inline struct call *call_at(struct calls *calls, u32 depth)
{
	return &calls->calls[depth % levels & (LEVELS - 1)];
}

/* Puts a call on the current thread's stack; false when there is no room. */
static __always_inline bool push_call(u32 function)
{
	u32 thread = thread_number();
	struct calls *calls = value_of(&threads, &thread, &no_calls);

	if (!calls)
		return false;

	u32 depth = calls->depth;
	struct call *call = call_at(calls, depth);

	/* An interrupt right behind this has its calls above. */
	*(volatile u32 *)&calls->depth = depth + 1;
	call->function = function;
	call->depth = depth;
	call->start = bpf_ktime_get_ns();
	return true;
}

/* Takes the innermost call of a function off the current thread's stack: when it began, or 0. */
static __noinline u64 pop_call(u32 function)
{
	u32 thread = thread_number();
	struct calls *calls = bpf_map_lookup_elem(&threads, &thread);

	if (!calls)
		return 0;

	u32 depth = calls->depth;

	for (u32 i = 0; i < LEVELS && i < levels && depth > 0; i++) {
		struct call *call = call_at(calls, --depth);

		if (call->depth != depth) {
			/* Calls inside it have taken its place. */
			if (i > 0)
				return 0;
			calls->depth = depth;
			__sync_fetch_and_add(&too_deep, 1);
			return 0;
		}
		if (call->function == function) {
			u64 start = call->start;

			calls->depth = depth;
			return start;
		}
	}
	return 0; /* it was called before tracing began */
}
