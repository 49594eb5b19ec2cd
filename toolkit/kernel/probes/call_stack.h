/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * A stack of calls for each thread, identified by function: calls left without a return (longjmp,
 * an exception) are removed when an outer function returns. In a stack deeper than `levels`, the
 * innermost calls are kept.
 */
#pragma once

#include "../base/maps.h"
#include "../task/task.h"

#ifndef LEVELS
#define LEVELS 64
#endif
/* Members that a program adds to each call, if any. */
#ifndef CALL_MEMBERS
#define CALL_MEMBERS
#endif

const volatile u32 levels = LEVELS;

struct call {
	u64 start; /* ns since boot */
	u32 function;
	u32 depth;
	CALL_MEMBERS
};

struct calls {
	u32 depth; /* of the next call */
	u32 unused;
	struct call calls[LEVELS]; /* each at its depth modulo `levels` */
};

/*
 * Threads that are in a call; callers count those for which there is no room. Preallocated: the allocator's
 * functions may be the traced ones.
 */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 10240);
	__type(key, u32);
	__type(value, struct calls);
} threads SEC(".maps");

/* Initial value: a thread with one call, which is filled in later. */
static const struct calls one_call = { .depth = 1 };
u64 too_deep; /* calls overwritten by others */

/* The idle threads of all CPUs have thread id 0. */
static __always_inline u32 thread_number(void)
{
	u32 tid = bpf_get_current_pid_tgid();

	return tid ? tid : 1 << 31 | bpf_get_smp_processor_id();
}

static __always_inline struct call *call_at(struct calls *calls, u32 depth)
{
	return &calls->calls[depth % levels & (LEVELS - 1)];
}

/* Pushes a call on the current thread's stack; NULL when there is no room. */
static __always_inline struct call *push_call(u32 function)
{
	u32 thread = thread_number();
	struct calls *calls = bpf_map_lookup_elem(&threads, &thread);
	u32 depth = 0;

	if (calls) {
		depth = calls->depth;
		/* An interrupt after this pushes its calls above, and does not pop this one. */
		*(volatile u32 *)&calls->depth = depth + 1;
	} else {
		bpf_map_update_elem(&threads, &thread, &one_call, BPF_NOEXIST);
		calls = bpf_map_lookup_elem(&threads, &thread);
		if (!calls)
			return NULL;
	}

	struct call *call = call_at(calls, depth);

	call->function = function;
	call->depth = depth;
	call->start = bpf_ktime_get_ns();
	return call;
}

/* Sets the depth of the current thread's stack. */
static __always_inline void set_depth(struct calls *calls, u32 depth)
{
	u32 thread = thread_number();

	calls->depth = depth;
	if (!depth)
		bpf_map_delete_elem(&threads, &thread);
}

/* Pops the innermost call of a function from the current thread's stack; false if there is none. */
static __noinline bool take_call(u32 function, struct call *taken)
{
	u32 thread = thread_number();
	struct calls *calls = bpf_map_lookup_elem(&threads, &thread);

	if (!calls || !taken)
		return false;

	u32 depth = calls->depth;

	for (u32 i = 0; i < LEVELS && i < levels && depth > 0; i++) {
		struct call *call = call_at(calls, --depth);

		if (call->depth != depth) {
			/* Deeper calls have overwritten it. */
			if (i > 0)
				return false;
			set_depth(calls, depth);
			__sync_fetch_and_add(&too_deep, 1);
			return false;
		}
		if (call->function == function) {
			*taken = *call;
			/* From here on an interrupt may overwrite it. */
			set_depth(calls, depth);
			return true;
		}
	}
	return false; /* it was called before tracing began */
}

/* The same; returns when the call began, or 0. */
static __always_inline u64 pop_call(u32 function)
{
	struct call taken;

	return take_call(function, &taken) ? taken.start : 0;
}

/* A thread that ends inside a call, such as do_exit() or one cut short by a signal, never returns from it. */
SEC("raw_tp/sched_process_exit")
int thread_ended(u64 *arguments)
{
	u32 tid = bpf_get_current_pid_tgid();

	bpf_map_delete_elem(&threads, &tid);
	return 0;
}

/*
 * The same for calls that the thread made after that, on its way out. Not instead: on Linux 6.18 this
 * tracepoint was not hit for 3 of 600 processes that were killed while the machine was busy.
 */
SEC("raw_tp/sched_process_free")
int thread_freed(u64 *arguments)
{
	struct task_struct *task = (void *)arguments[0];
	u32 tid = BPF_CORE_READ(task, pid);

	bpf_map_delete_elem(&threads, &tid);
	return 0;
}
