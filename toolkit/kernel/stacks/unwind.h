/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * User stacks of programs without frame pointers, unwound by the call frame information that compilers
 * write for C++ exceptions and debuggers. Include this before kept_stacks.h, which then prefers it to
 * the kernel's own walk by frame pointers.
 *
 * Needs bpf_task_pt_regs, Linux 5.15. x86-64 only.
 */
#pragma once

#include "stack.h"
#include "unwind_frame.h"

KERNEL_STRUCTS

struct pt_regs___user {
	unsigned long bp;
	unsigned long ip;
	unsigned long cs;
	unsigned long sp;
};

struct mm_struct___user {
	unsigned long start_stack;
};

struct task_struct___user {
	unsigned int flags;
	int tgid;
	struct mm_struct___user *mm;
	struct task_struct___user *real_parent;
};

KERNEL_STRUCTS_END

#define PF_KTHREAD 0x00200000
#define USER_CS_64 0x33 /* the code segment of 64 bit programs */

#define CAN_UNWIND
const volatile bool unwinding = false;

/* Processes whose tables are missing or outdated; each is reported at most once in ASK_NS. */
#define ASK_NS 50000000
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, u32);
	__type(value, u64);
} unwind_asked SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 65536);
	__type(value, u32);
} unwind_wanted SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, UNWIND_ENDS);
	__type(key, u32);
	__type(value, u64);
} unwind_ends SEC(".maps");

static __always_inline void count_end(u32 reason)
{
	u64 *count = bpf_map_lookup_elem(&unwind_ends, &reason);

	if (count)
		(*count)++;
}

static __always_inline void ask_for(u32 pid)
{
	u64 now = bpf_ktime_get_ns(), *last = bpf_map_lookup_elem(&unwind_asked, &pid);

	if (last && now - *last < ASK_NS)
		return;
	bpf_map_update_elem(&unwind_asked, &pid, &now, BPF_ANY);
	bpf_ringbuf_output(&unwind_wanted, &pid, sizeof(pid), 0);
}

/* The ranges of the current process; those of its parent if it was just forked. */
static __always_inline struct unwind_process *process_of(struct task_struct___user *task, u32 pid)
{
	u64 stack = task->mm->start_stack;
	struct unwind_process *process = bpf_map_lookup_elem(&unwind_processes, &pid);

	if (process && process->stack == stack)
		return process;
	pid = task->real_parent->tgid;
	process = bpf_map_lookup_elem(&unwind_processes, &pid);
	return process && process->stack == stack ? process : NULL;
}

/*
 * Collects the current thread's user stack, innermost first, then zeros. Returns its size in bytes, or 0 if
 * the caller should use the kernel's own walk. A global function: the verifier checks it once, by itself,
 * and does not follow the callers for each of 127 results.
 */
__noinline long walk_user_stack(struct stack *stack, struct unwind_state *state)
{
	/* Its fields are read directly, without helpers: a null pointer on the way gives 0. */
	struct task_struct___user *task = (void *)bpf_get_current_task_btf();
	u32 pid = bpf_get_current_pid_tgid() >> 32;
	struct unwind_process *process;
	struct pt_regs___user *regs;
	int end = WALK_ON;

	if (!stack || !state)
		return 0;
	/* A read through NULL gives zeros; memset() would be as many instructions as words, which are seldom in a cache. */
	bpf_probe_read_kernel(state, sizeof(*state), NULL);
	if (task->flags & PF_KTHREAD)
		return 0;
	regs = (void *)bpf_task_pt_regs((void *)task);
	if (regs->cs != USER_CS_64)
		return 0;
	process = process_of(task, pid);
	if (process) {
		state->first = process->first;
		state->count = process->count;
		state->uprobes = process->uprobes;
	} else if (!can_find_mapped()) {
		ask_for(pid);
		count_end(END_NO_TABLES);
		return 0;
	}
	if (!state->uprobes)
		state->uprobes = uprobes_of((void *)task);
	state->ip = regs->ip;
	state->sp = regs->sp;
	state->bp = regs->bp;
	bpf_probe_read_kernel(stack, sizeof(*stack), NULL);
	/* In this form, because the verifier before Linux 6.2 rejects loops that are entered in the middle. */
	u32 i = 0;
	do {
		end = walk_one(state);
		stack->frames[i] = state->entry;
		i++;
	} while (!end && i < STACK_DEPTH);
	/* Decided by `end`, not by i: the verifier would follow each value of i. */
	if (!end)
		end = END_DEEP;
	if (end == END_NO_RANGE || state->is_new)
		ask_for(pid);
	count_end(end);
	return state->depth * sizeof(u64);
}
