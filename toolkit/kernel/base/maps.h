/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Maps as most tools need them.
 */
#pragma once

#include "prelude.h"

/* Declares one value for each CPU: where what is too large for the stack is put together. */
#define PER_CPU(name, value_type)                                                                      \
	struct {                                                                                   \
		__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);                                           \
		__uint(max_entries, 1);                                                            \
		__type(key, u32);                                                                  \
		__type(value, value_type);                                                         \
	} name SEC(".maps")

/* This CPU's value; never NULL, but the verifier wants to see it asked. */
static __always_inline void *of_this_cpu(void *values)
{
	u32 zero = 0;

	return bpf_map_lookup_elem(values, &zero);
}

/* Declares calls in flight, by thread: what is kept from their entry to their exit. */
#define CALLS(name, call_type)                                                                         \
	struct {                                                                                   \
		__uint(type, BPF_MAP_TYPE_HASH);                                                   \
		__uint(max_entries, 10240);                                                        \
		__type(key, u32);                                                                  \
		__type(value, call_type);                                                          \
	} name SEC(".maps")

/* Keeps the current thread's call; false when there is no room. */
static __always_inline bool keep_call(void *calls, const void *call)
{
	u32 tid = bpf_get_current_pid_tgid();

	return !bpf_map_update_elem(calls, &tid, call, BPF_ANY);
}

/* The current thread's call; NULL if none was kept. */
static __always_inline void *kept_call(void *calls)
{
	u32 tid = bpf_get_current_pid_tgid();

	return bpf_map_lookup_elem(calls, &tid);
}

/* Lets go of it. */
static __always_inline void forget_call(void *calls)
{
	u32 tid = bpf_get_current_pid_tgid();

	bpf_map_delete_elem(calls, &tid);
}

/* The value of a key, which begins as `zero`; NULL when there is no room. */
static __always_inline void *value_of(void *map, const void *key, const void *zero)
{
	void *value = bpf_map_lookup_elem(map, key);

	if (value)
		return value;
	bpf_map_update_elem(map, key, zero, BPF_NOEXIST);
	return bpf_map_lookup_elem(map, key);
}
