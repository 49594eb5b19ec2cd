/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Calls of a thread in flight, the innermost last: a read may perform a handshake first, and TLS within
 * TLS (a proxy) reads from one connection to read from another one.
 *
 * A call is identified by its stack pointer. Stacks grow downwards: kept calls at or below the stack
 * pointer of a new one ended unseen, by longjmp or as calls of an older thread with the same thread id.
 */
#pragma once

#include "../../toolkit/kernel/base/prelude.h"

#define NESTED_MAX 4

struct nested_call {
	u64 stack; /* the stack pointer at entry */
	u64 time; /* ns since boot */
	u64 data;
	u64 done; /* address where the call stores its byte count; 0: it returns the count */
};

struct nested_calls {
	u64 count;
	struct nested_call calls[NESTED_MAX];
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 10240);
	__type(key, u32); /* thread */
	__type(value, struct nested_calls);
} nested SEC(".maps");

/* Keeps a call at entry, and drops those that ended unseen; false when there is no room. */
static __always_inline bool push_call(const struct nested_call *call)
{
	u32 tid = bpf_get_current_pid_tgid();
	struct nested_calls *calls = bpf_map_lookup_elem(&nested, &tid);

	if (!calls) {
		struct nested_calls first = { .count = 1 };

		first.calls[0] = *call;
		return !bpf_map_update_elem(&nested, &tid, &first, BPF_ANY);
	}
	for (u32 i = NESTED_MAX; i > 0; i--) {
		if (i <= calls->count && calls->calls[i - 1].stack <= call->stack)
			calls->count = i - 1;
	}
	if (calls->count >= NESTED_MAX)
		return false;
	calls->calls[calls->count & (NESTED_MAX - 1)] = *call;
	calls->count++;
	return true;
}

/* Takes the call that returns, and those nested in it; false if its entry was not kept. */
static __always_inline bool pop_call(u64 stack, struct nested_call *call)
{
	u32 tid = bpf_get_current_pid_tgid();
	struct nested_calls *calls = bpf_map_lookup_elem(&nested, &tid);

	for (u32 i = NESTED_MAX; calls && i > 0; i--) {
		if (i > calls->count || calls->calls[i - 1].stack != stack)
			continue;
		*call = calls->calls[i - 1];
		calls->count = i - 1;
		if (!calls->count)
			bpf_map_delete_elem(&nested, &tid);
		return true;
	}
	return false;
}
