/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * One step of a user stack walk: from a frame to its caller's, by the table row for the address of the
 * frame.
 */
#pragma once

#include "mapped_code.h"
#include "ruby_frames.h"

KERNEL_STRUCTS

struct return_instance___user {
	unsigned long stack;
	unsigned long orig_ret_vaddr;
	struct return_instance___user *next;
};

struct uprobe_task___user {
	struct return_instance___user *return_instances;
};

struct task_struct___uprobes {
	struct uprobe_task___user *utask;
};

KERNEL_STRUCTS_END

/* Why walks ended. */
enum unwind_end {
	WALK_ON,
	END_OUTERMOST, /* complete */
	END_NO_TABLES, /* the kernel followed frame pointers instead */
	END_NO_RANGE,
	END_NO_RULE,
	END_UNSUPPORTED,
	END_UNREADABLE,
	END_BROKEN,
	END_DEEP,
	UNWIND_ENDS,
};

/*
 * The stack is read in windows, not word by word: a call of the helper costs as much as the rest of a step. A window
 * begins where most functions save rbp, and reaches into callers' frames.
 */
#define WINDOW_WORDS 32
#define WINDOW_BELOW 64

struct unwind_state {
	u64 ip;
	u64 sp;
	u64 bp;
	u64 uprobes;
	u64 entry; /* the value to report for the frame */
	u32 first; /* index of the process's first range */
	u32 count;
	u32 is_call; /* ip is a return address */
	u32 depth;
	u32 is_new; /* the walk reached code of a file that is not known yet */
	struct python_state python;
	struct ruby_state ruby;
	struct held_row row; /* that of the frame before, and mostly of this one too in code with frame pointers */
	struct unwind_range code; /* likewise */
	u64 window_at;
	u64 window[WINDOW_WORDS]; /* of the stack, from there on */
};

static __always_inline bool read_word(u64 *value, u64 address)
{
	return !bpf_probe_read_user(value, sizeof(*value), (void *)address);
}

/* Has a window around a frame's return address, unless the window before covers it. */
static __always_inline void move_window(struct unwind_state *state, u64 cfa)
{
	if (cfa - 8 - state->window_at < sizeof(state->window) - 7)
		return;
	state->window_at = cfa - WINDOW_BELOW;
	/* At an end of the stack words are read one by one. */
	if (bpf_probe_read_user(state->window, sizeof(state->window), (void *)state->window_at))
		state->window_at = 0;
}

static __always_inline bool read_near(struct unwind_state *state, u64 *value, u64 address)
{
	u64 distance = address - state->window_at;

	if (distance < sizeof(state->window) - 7 && !(distance & 7)) {
		*value = state->window[distance / 8 & (WINDOW_WORDS - 1)];
		return true;
	}
	return read_word(value, address);
}

/* The real return address of a function with a uretprobe: its slot on the stack holds the address of the
 * kernel's trampoline. */
__noinline u64 traced_return(u64 place)
{
	struct task_struct___uprobes *task = (void *)bpf_get_current_task();
	struct return_instance___user *at = BPF_CORE_READ(task, utask, return_instances);
	u64 address = 0;

	/* Reads through NULL give zeros. */
#pragma unroll
	for (u32 i = 0; i < 8; i++) {
		/* With several uretprobes on one function the last entry has the real address. */
		if (BPF_CORE_READ(at, stack) == place)
			address = BPF_CORE_READ(at, orig_ret_vaddr);
		at = BPF_CORE_READ(at, next);
	}
	return address;
}

/* Finds how to unwind at an address; returns WALK_ON, or the reason why the walk ends. */
static __always_inline int find_code(struct unwind_state *state, u64 address)
{
	u32 at = state->count ? find_range(state->first, state->count, address) : 0;
	struct unwind_range *range = NULL;

	if (at) {
		at--;
		range = bpf_map_lookup_elem(&unwind_ranges, &at);
	}
	state->row.size = 0;
	if (range && address >= range->start && address < range->end) {
		state->code = *range;
		return WALK_ON;
	}
	if (!can_find_mapped())
		return END_NO_RANGE;
	return find_mapped(&state->code, address) ? WALK_ON : END_BROKEN;
}

/* Whether an address is in code. */
static __always_inline bool is_code(struct unwind_state *state, u64 address)
{
	u32 at = state->count ? find_range(state->first, state->count, address) - 1 : -1;
	struct unwind_range *range = bpf_map_lookup_elem(&unwind_ranges, &at);

	if (range && address >= range->start && address < range->end)
		return true;
	return can_find_mapped() && is_mapped_code(address);
}

/* For a native frame of an interpreter: if it runs code, the frames of that code come next. */
static __always_inline void enter_interpreter(struct unwind_state *state, u64 address)
{
	if (state->code.python < RUBIES)
		enter_python(&state->python, &state->code, address);
	else
		enter_ruby(&state->ruby, &state->code, address);
}

/* Unwinds a native frame, or reports one of Python or Ruby; returns WALK_ON, or why it is the last one. */
__noinline int walk_one(struct unwind_state *state)
{
	u64 cfa, ip, bp, row = 0, address;
	int is_unknown, no_rule;
	u32 kind;
	bool is_guess, is_known;

	if (!state)
		return END_BROKEN;
	state->depth++;
	if (state->python.python) {
		state->entry = next_python(&state->python);
		return WALK_ON;
	}
	if (state->ruby.ruby) {
		u32 number = state->ruby.ruby - RUBIES;

		state->entry = next_ruby(&state->ruby);
		if (state->entry) {
			keep_ruby_code(number, state->ruby.body);
			return WALK_ON;
		}
	}
	state->entry = state->ip;
	address = state->ip - (state->is_call ? 1 : 0);
	bp = state->bp;
	if (state->is_call)
		is_known = address >= state->code.low && address < state->code.high;
	else
		is_known = address >= state->code.start && address < state->code.end;
	if (!is_known) {
		is_unknown = find_code(state, address);
		/* What was taken for a return address is not one: it is not reported. */
		if (is_unknown == END_BROKEN && state->is_call) {
			state->entry = 0;
			state->depth--;
		}
		if (is_unknown)
			return is_unknown;
	}
	kind = state->code.kind;
	if (kind == BY_ROWS) {
		u32 in_file = address - state->code.bias;

		if (!state->is_call)
			find_row(&state->row, state->code.chunk, state->code.first,
				 state->code.count, in_file);
		else if (in_file - state->row.low >= state->row.size)
			find_row(&state->row, state->code.calls_chunk, state->code.calls_first,
				 state->code.calls, in_file);
		row = state->row.rule;
	}
	if (kind == BY_GUESS)
		state->is_new = 1;
	if (state->code.python)
		enter_interpreter(state, address);
	no_rule = kind == BY_GUESS ? END_NO_RANGE : END_NO_RULE;
	/* Assembly without call frame information may well have a frame pointer. */
	is_guess = kind == BY_GUESS || (kind == BY_ROWS && (row & 0xff) == RULE_NONE);

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
			return is_guess ? no_rule : END_OUTERMOST;
		cfa = bp + number * 8;
		break;
	case RULE_STUB:
		cfa = state->sp + 8 + ((address & 15) >= number ? 8 : 0);
		break;
	case RULE_SIGNAL: /* struct ucontext and in it struct sigcontext of arch/x86/include/uapi/asm */
		if (!read_word(&bp, state->sp + 120) || !read_word(&ip, state->sp + 168) ||
		    !read_word(&cfa, state->sp + 160))
			return END_UNREADABLE;
		/* With a stack of its own a handler may be at a higher address than the code it interrupted. */
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
		return is_guess ? no_rule : END_BROKEN;
	move_window(state, cfa);
	if (!read_near(state, &ip, cfa - 8))
		return is_guess ? no_rule : END_UNREADABLE;
	if (rule != RULE_REALIGNED) {
		if (rbp == RBP_LOST)
			bp = 0;
		else if (rbp && !read_near(state, &bp, cfa + rbp * 8))
			return is_guess ? no_rule : END_UNREADABLE;
	}
	if (is_guess && !is_code(state, ip))
		return no_rule;
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
