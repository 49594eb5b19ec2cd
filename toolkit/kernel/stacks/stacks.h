/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Sums by kernel and user stack (stacks.ts reads them).
 */
#pragma once

#include "kept_stacks.h"
#include "../base/dropped.h"
#include "../task/filter.h"

const volatile bool in_pidns = false; /* the tool is in the pid namespace whose pids it shows */
const volatile bool kernel_stacks = true;
const volatile bool user_stacks = true;
/* Which ids `targets` holds; 0: none, any thread passes. */
#define BY_PID 1
#define BY_TID 2
const volatile u32 target_kind = 0;

/* Events with the same key are counted together. */
struct stack_key {
	u64 user; /* id in `stacks` */
	u64 kernel;
	u32 pid;
	u32 tid; /* 0 in tools that do not distinguish threads */
	u32 process; /* the pid in the tool's own pid namespace */
	u32 image; /* current_image(), in tools that read user stacks of many processes */
	char comm[TASK_COMM_LEN];
};

struct stack_sum {
	u64 sum;
	u64 count;
	u64 first; /* ns since boot */
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 40960); /* set by the tool */
	__type(key, struct stack_key);
	__type(value, struct stack_sum);
} sums SEC(".maps");

/* The ids given by -p and the like. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1); /* set by the tool */
	__type(key, u32);
	__type(value, u8);
} targets SEC(".maps");

/* Whether a thread is among the requested ones; see ids_of(). */
static __always_inline bool is_target(u64 ids)
{
	u32 id = target_kind == BY_PID ? ids >> 32 : ids;

	return !target_kind || bpf_map_lookup_elem(&targets, &id);
}

/* The buffer in which a CPU collects a stack. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct stack_room);
} stack_scratch SEC(".maps");

/* Keeps the current thread's stack, collected in the CPU's scratch: for programs that no other one of their
 * kind can interrupt. */
static __noinline u64 keep_stack(void *ctx, u64 flags)
{
	u32 zero = 0;
	struct stack_room *room = bpf_map_lookup_elem(&stack_scratch, &zero);

	return room ? keep_stack_in(room, ctx, flags) : MISSED_STACK;
}

/* Fills in everything about the current thread except the ids to show. */
static __always_inline void set_stacks(struct stack_key *key, void *ctx)
{
	key->process = in_pidns ? key->pid : bpf_get_current_pid_tgid() >> 32;
	key->user = user_stacks ? keep_stack(ctx, BPF_F_USER_STACK) : NO_STACK;
	key->kernel = kernel_stacks ? keep_stack(ctx, 0) : NO_STACK;
	bpf_get_current_comm(key->comm, sizeof(key->comm));
}

/* Adds an event to the sums of its key. */
static __always_inline void add_to_stack(struct stack_key *key, u64 amount, u64 time)
{
	struct stack_sum zero = { .first = time };
	struct stack_sum *sum = bpf_map_lookup_elem(&sums, key);

	if (!sum) {
		bpf_map_update_elem(&sums, key, &zero, BPF_NOEXIST);
		sum = bpf_map_lookup_elem(&sums, key);
	}
	if (!sum) {
		__sync_fetch_and_add(&dropped, 1);
		return;
	}
	__sync_fetch_and_add(&sum->sum, amount);
	__sync_fetch_and_add(&sum->count, 1);
}
