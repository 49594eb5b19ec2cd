/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Maps that most tools need: per-CPU scratch values, calls in flight, counters.
 */
#pragma once

#include "prelude.h"

/* Declares one value per CPU: scratch space for what is too large for BPF's stack of 512 bytes. */
#define PER_CPU(name, value_type)                                                                  \
	struct {                                                                                   \
		__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);                                           \
		__uint(max_entries, 1);                                                            \
		__type(key, u32);                                                                  \
		__type(value, value_type);                                                         \
	} name SEC(".maps")

/* This CPU's value; never NULL, but the verifier requires a check. */
static __always_inline void *of_this_cpu(void *values)
{
	u32 zero = 0;

	return bpf_map_lookup_elem(values, &zero);
}

/* Declares a map of calls in flight, by thread: what is stored from entry to exit. */
#define CALLS(name, call_type)                                                                     \
	struct {                                                                                   \
		__uint(type, BPF_MAP_TYPE_HASH);                                                   \
		__uint(max_entries, 10240);                                                        \
		__type(key, u32);                                                                  \
		__type(value, call_type);                                                          \
	} name SEC(".maps")

/* Stores the current thread's call; false if the map is full. */
static __always_inline bool keep_call(void *calls, const void *call)
{
	u32 tid = bpf_get_current_pid_tgid();

	return !bpf_map_update_elem(calls, &tid, call, BPF_ANY);
}

/* The current thread's call; NULL if none was stored. */
static __always_inline void *kept_call(void *calls)
{
	u32 tid = bpf_get_current_pid_tgid();

	return bpf_map_lookup_elem(calls, &tid);
}

/* Removes the current thread's call. */
static __always_inline void forget_call(void *calls)
{
	u32 tid = bpf_get_current_pid_tgid();

	bpf_map_delete_elem(calls, &tid);
}

/* Looks up `key`, inserting `initial` if it is absent; NULL if the map is full. */
static __always_inline void *lookup_or_insert(void *map, const void *key, const void *initial)
{
	void *value = bpf_map_lookup_elem(map, key);

	if (value)
		return value;
	bpf_map_update_elem(map, key, initial, BPF_NOEXIST);
	return bpf_map_lookup_elem(map, key);
}
