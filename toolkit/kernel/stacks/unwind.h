/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * User stacks of programs without frame pointers, walked by what compilers write of each function for
 * C++ exceptions and debuggers. User space makes tables of it (unwind_tables.ts): for each process its
 * ranges of code, for each file rows by address. Include this in front of kept_stacks.h.
 *
 * Needs bpf_task_pt_regs, Linux 5.15. x86-64 only.
 */
#pragma once

#include "../base/prelude.h"

KERNEL_STRUCTS

struct pt_regs___user {
	unsigned long bp;
	unsigned long ip;
	unsigned long cs;
	unsigned long sp;
};

struct return_instance___user {
	unsigned long stack;
	unsigned long orig_ret_vaddr;
	struct return_instance___user *next;
};

struct uprobe_task___user {
	struct return_instance___user *return_instances;
};

struct mm_struct___user {
	unsigned long start_stack;
};

struct task_struct___user {
	unsigned int flags;
	int tgid;
	struct mm_struct___user *mm;
	struct task_struct___user *real_parent;
	struct uprobe_task___user *utask;
};

KERNEL_STRUCTS_END

#define BPF_MAP_TYPE_ARRAY_OF_MAPS 12
#define PF_KTHREAD 0x00200000
#define USER_CS_64 0x33 /* the code segment of 64 bit programs */

const volatile bool unwinding = false;

/* What a row says, as frame_rule.ts makes it. */
enum frame_rule {
	RULE_NONE,
	RULE_RSP,
	RULE_RBP,
	RULE_STUB,
	RULE_SIGNAL,
	RULE_END,
	RULE_UNSUPPORTED,
	RULE_REALIGNED,
};
#define RBP_LOST 127

/* It holds from here to the next row. */
struct unwind_row {
	u32 address; /* in the file */
	u8 rule;
	s8 rbp; /* words from the CFA to the caller's rbp; 0: it has not changed */
	s16 number;
};

/* A map's value is searched with one lookup; the rows of many files, or a part of one's. */
#define CHUNK_ROWS 65536
#define CHUNK_STEPS 17
struct unwind_chunk {
	struct unwind_row rows[CHUNK_ROWS];
};

struct unwind_chunk_map {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	/* Not __type: clang 14 writes no definition of a type that only an inner map names. */
	__uint(value_size, sizeof(struct unwind_chunk));
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 1); /* set by the tool */
	__type(key, u32);
	__array(values, struct unwind_chunk_map);
} unwind_chunks SEC(".maps");

/* How stacks go on in a range of code. */
#define BY_ROWS 0
#define BY_FRAME_POINTER 1 /* compiled while running, or without rows */

struct unwind_range {
	u64 start;
	u64 end;
	u64 bias; /* of addresses in memory from those in the file */
	u32 chunk;
	u32 first; /* row */
	u32 count;
	u32 kind;
};

/* The ranges of all processes, each process's one after the other and in the order of addresses. */
#define RANGE_STEPS 14 /* 16,383 ranges in a process */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1); /* set by the tool */
	__type(key, u32);
	__type(value, struct unwind_range);
} unwind_ranges SEC(".maps");

struct unwind_process {
	u32 first; /* range */
	u32 count;
	u64 stack; /* where its stack began: at another place since it calls exec */
	u64 uprobes; /* where the kernel has put the code of traced functions' returns; 0: nowhere */
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1); /* set by the tool */
	__type(key, u32);
	__type(value, struct unwind_process);
} unwind_processes SEC(".maps");

/* Processes whose tables are missing or old, asked for once in a while. */
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

/* Why walks ended. */
enum unwind_end {
	WALK_ON,
	END_OUTERMOST, /* as it should be */
	END_NO_TABLES, /* the kernel followed frame pointers instead */
	END_NO_RANGE,
	END_NO_RULE,
	END_UNSUPPORTED,
	END_UNREADABLE,
	END_BROKEN,
	END_DEEP,
	UNWIND_ENDS,
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, UNWIND_ENDS);
	__type(key, u32);
	__type(value, u64);
} unwind_ends SEC(".maps");

struct unwind_state {
	u64 ip;
	u64 sp;
	u64 bp;
	u64 uprobes;
	u32 first; /* range */
	u32 count;
	u32 is_call; /* ip is a return address */
	u32 depth;
	u32 range; /* that of the frame before: mostly this one's as well */
};

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

/*
 * Halves a search for the last place that lies at or in front of an address: low places do, high and
 * what comes after do not. Without branches, of which the verifier would follow each.
 */
static __always_inline void halve(s64 *low, s64 *high, s64 middle, u64 at, u64 address)
{
	s64 is_open = (u64)(*low - *high) >> 63;
	s64 is_low = is_open & (at - address - 1) >> 63;

	*low += is_low * (middle + 1 - *low);
	*high -= (is_open - is_low) * (*high - middle);
}

/* The range that an address lies in, counted from 1; 0 for none. */
__noinline u32 find_range(u32 first, u32 count, u64 address)
{
	s64 low = 0, high = count;

	for (u32 i = 0; i < RANGE_STEPS; i++) {
		u64 middle = (u64)(low + high) >> 1;
		u32 at = first + middle;
		struct unwind_range *range = bpf_map_lookup_elem(&unwind_ranges, &at);

		if (!range)
			break; /* behind the last of all */
		halve(&low, &high, middle, range->start, address);
	}
	return low ? first + low : 0;
}

/* Whether an address lies in a range. */
static __always_inline bool is_code(u32 first, u32 count, u64 address)
{
	u32 at = find_range(first, count, address) - 1;
	struct unwind_range *range = bpf_map_lookup_elem(&unwind_ranges, &at);

	return range && address >= range->start && address < range->end;
}

/* The row that holds at an address of the file, as one number; 0, RULE_NONE, when there is none. */
__noinline u64 find_row(u32 chunk, u32 first, u32 count, u32 address)
{
	void *map = bpf_map_lookup_elem(&unwind_chunks, &chunk);
	s64 low = 0, high = count;
	struct unwind_chunk *table;
	u32 zero = 0;

	if (!map)
		return 0;
	table = bpf_map_lookup_elem(map, &zero);
	if (!table)
		return 0;
	for (u32 i = 0; i < CHUNK_STEPS; i++) {
		u64 middle = (u64)(low + high) >> 1;

		halve(&low, &high, middle, table->rows[(first + middle) & (CHUNK_ROWS - 1)].address,
		      address);
	}
	/* In front of the first one lies none. */
	return low ? *(u64 *)&table->rows[(first + low - 1) & (CHUNK_ROWS - 1)] >> 32 : 0;
}

static __always_inline bool read_word(u64 *value, u64 address)
{
	return !bpf_probe_read_user(value, sizeof(*value), (void *)address);
}

/* Where a function really returns to whose return is traced: the kernel put an address of its own in
 * the place on the stack. */
__noinline u64 traced_return(u64 place)
{
	struct task_struct___user *task = (void *)bpf_get_current_task();
	struct return_instance___user *at = BPF_CORE_READ(task, utask, return_instances);
	u64 address = 0;

	/* Of what is not there zeros are read. */
#pragma unroll
	for (u32 i = 0; i < 8; i++) {
		/* Of several on one function the last has the real one. */
		if (BPF_CORE_READ(at, stack) == place)
			address = BPF_CORE_READ(at, orig_ret_vaddr);
		at = BPF_CORE_READ(at, next);
	}
	return address;
}

/* Goes to the caller; why it cannot. */
__noinline int walk_one(struct unwind_state *state)
{
	u64 cfa, ip, bp, row = 0, address;
	struct unwind_range *range;
	u32 at, kind;
	bool is_guess;

	if (!state)
		return END_BROKEN;
	state->depth++;
	address = state->ip - (state->is_call ? 1 : 0);
	bp = state->bp;
	at = state->range;
	range = bpf_map_lookup_elem(&unwind_ranges, &at);
	if (!range || address < range->start || address >= range->end) {
		at = find_range(state->first, state->count, address);
		if (!at)
			return END_NO_RANGE;
		at--;
		range = bpf_map_lookup_elem(&unwind_ranges, &at);
		if (!range || address < range->start || address >= range->end)
			return END_NO_RANGE;
		state->range = at;
	}
	kind = range->kind;
	if (kind == BY_ROWS)
		row = find_row(range->chunk, range->first, range->count, address - range->bias);
	/* Assembly of which nobody told anything may well have a frame pointer. */
	is_guess = kind == BY_ROWS && (row & 0xff) == RULE_NONE;

	bool by_pointer = kind == BY_FRAME_POINTER || is_guess;
	u32 rule = by_pointer ? RULE_RBP : row & 0xff;
	s64 rbp = by_pointer ? -2 : (s8)(row >> 8);
	s64 number = by_pointer ? 2 : (s16)(row >> 16);

	switch (rule) {
	case RULE_RSP:
		cfa = state->sp + number * 8;
		break;
	case RULE_RBP:
		if (!bp)
			return is_guess ? END_NO_RULE : END_OUTERMOST;
		cfa = bp + number * 8;
		break;
	case RULE_STUB:
		cfa = state->sp + 8 + ((address & 15) >= number ? 8 : 0);
		break;
	case RULE_SIGNAL: /* struct ucontext and in it struct sigcontext of arch/x86/include/uapi/asm */
		if (!read_word(&bp, state->sp + 120) || !read_word(&ip, state->sp + 168) ||
		    !read_word(&cfa, state->sp + 160))
			return END_UNREADABLE;
		/* On a stack of its own a handler may lie above what it interrupted. */
		state->ip = ip;
		state->sp = cfa;
		state->bp = bp;
		state->is_call = 0;
		return WALK_ON;
	case RULE_END:
		return END_OUTERMOST;
	case RULE_REALIGNED:
		if (!read_word(&cfa, bp + number * 8) || !read_word(&bp, bp))
			return END_UNREADABLE;
		break;
	default:
		return END_UNSUPPORTED;
	}
	if (cfa <= state->sp)
		return is_guess ? END_NO_RULE : END_BROKEN;
	if (!read_word(&ip, cfa - 8))
		return is_guess ? END_NO_RULE : END_UNREADABLE;
	if (rule != RULE_REALIGNED) {
		if (rbp == RBP_LOST)
			bp = 0;
		else if (rbp && !read_word(&bp, cfa + rbp * 8))
			return END_UNREADABLE;
	}
	if (is_guess && !is_code(state->first, state->count, ip))
		return END_NO_RULE;
	if (state->uprobes && ip - state->uprobes < 4096)
		ip = traced_return(cfa - 8);
	if (!ip)
		return END_OUTERMOST;
	state->ip = ip;
	state->sp = cfa;
	state->bp = bp;
	state->is_call = 1;
	return WALK_ON;
}

/* As struct stack of kept_stacks.h, whose depth it is. */
#define UNWIND_DEPTH 127
struct walked_stack {
	u64 frames[UNWIND_DEPTH];
};

/* The ranges of the current process: of one that was forked just now, those of its parent. */
static __always_inline struct unwind_process *process_of(struct task_struct___user *task, u32 pid)
{
	u64 stack = BPF_CORE_READ(task, mm, start_stack);
	struct unwind_process *process = bpf_map_lookup_elem(&unwind_processes, &pid);

	if (process && process->stack == stack)
		return process;
	pid = BPF_CORE_READ(task, real_parent, tgid);
	process = bpf_map_lookup_elem(&unwind_processes, &pid);
	return process && process->stack == stack ? process : NULL;
}

/*
 * The current thread's addresses in user space, innermost first, then zeros: their bytes; 0 where the
 * kernel is to look for itself. A global function: the verifier looks at it once, and does not follow
 * what callers do with each of 127 results.
 */
__noinline long walk_user_stack(struct walked_stack *stack)
{
	struct task_struct___user *task = (void *)bpf_get_current_task();
	u32 pid = bpf_get_current_pid_tgid() >> 32;
	struct unwind_process *process;
	struct unwind_state state = {};
	struct pt_regs___user *regs;
	int end = WALK_ON;

	if (!stack)
		return 0;
	if (BPF_CORE_READ(task, flags) & PF_KTHREAD)
		return 0;
	regs = (void *)bpf_task_pt_regs(bpf_get_current_task_btf());
	if (BPF_CORE_READ(regs, cs) != USER_CS_64)
		return 0;
	process = process_of(task, pid);
	if (!process) {
		ask_for(pid);
		count_end(END_NO_TABLES);
		return 0;
	}
	state.first = state.range = process->first;
	state.count = process->count;
	state.uprobes = process->uprobes;
	state.ip = BPF_CORE_READ(regs, ip);
	state.sp = BPF_CORE_READ(regs, sp);
	state.bp = BPF_CORE_READ(regs, bp);
	__builtin_memset(stack, 0, sizeof(*stack));
	/* In this form, because before Linux 6.2 the verifier refuses loops that are entered in their middle. */
	u32 i = 0;
	do {
		stack->frames[i] = state.ip;
		end = walk_one(&state);
		i++;
	} while (!end && i < UNWIND_DEPTH);
	/* Of i the verifier would follow every value. */
	if (!end)
		end = END_DEEP;
	if (end == END_NO_RANGE)
		ask_for(pid);
	count_end(end);
	return state.depth * sizeof(u64);
}
