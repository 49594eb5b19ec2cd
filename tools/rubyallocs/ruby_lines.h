/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The line of Ruby that runs in the current thread, as its frames tell it. The structures are those
 * of layout.ts.
 */
#pragma once

#include <bpf/bpf_core_read.h>
#include "ruby.h"

#define T_ARRAY 7
#define T_HASH 8
#define EMBEDDED (1 << 13) /* RARRAY_EMBED_FLAG */
#define CFRAME 0x80 /* VM_FRAME_FLAG_CFRAME, in the word that a frame's ep points to */
#define FRAMES 32
#define SEARCHES 16
#define STORAGE 1024

/* In rb_iseq_t, in its body (struct rb_iseq_constant_body), in an Array. */
#define BODY 16
#define ENCODED 8
#define PATH 64
#define ELEMENTS 16
#define ELEMENTS_OUTSIDE 32

/* Of task_struct.thread, which each architecture lays out by itself. */
KERNEL_STRUCTS
struct thread_struct___x86 {
	unsigned long fsbase;
};

struct thread_struct___arm64 {
	struct {
		unsigned long tp_value;
	} uw;
};

struct task_struct___x86 {
	struct thread_struct___x86 thread;
};

struct task_struct___arm64 {
	struct thread_struct___arm64 thread;
};
KERNEL_STRUCTS_END

/* The beginning of rb_execution_context_t; its thread is further on. */
struct context {
	u64 stack;
	u64 words;
	u64 frame;
	u64 unused[3];
	u64 thread;
};

/* rb_control_frame_t. A caller's lies behind that of what it calls. */
struct frame {
	u64 pc;
	u64 sp;
	u64 iseq;
	u64 self;
	u64 ep;
};

/* insns_info of an iseq's body. */
struct lines {
	u64 entries;
	u64 positions;
	u64 count;
	u64 index;
};

struct line_entry {
	u32 line;
	u32 node_id;
	u32 events;
};

/* A line of a program. */
struct site {
	u64 path; /* the String with the file's name: a key of `paths` */
	u64 line;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8192);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, u64);
	__type(value, struct name);
} paths SEC(".maps");

/* Where in a thread's storage ruby_current_ec is, from its pointer on; 0: not found yet. The same in
 * all threads if libruby was there when the program began. */
s64 context_at;
u32 searches;

/* Not static, so that the verifier checks it once instead of at each turn of the loop below. */
__noinline int is_context(u64 address)
{
	struct context context = {};

	return address && !bpf_probe_read_user(&context, sizeof(context), (void *)address) &&
		context.frame > context.stack &&
		context.frame <= context.stack + context.words * 8 &&
		word(context.thread, layout.thread_context) == address;
}

/* The execution context of the current thread; 0 if it cannot be told. The variable that holds it
 * has no symbol in a stripped file (Ruby 3.3), so it is known by what it points to. */
static __always_inline u64 current_context(void)
{
	struct task_struct___x86 *x86 = (void *)bpf_get_current_task();
	struct task_struct___arm64 *arm64 = (void *)x86;
	/* On x86-64 the storage ends at the thread's pointer, on arm64 it begins there. */
	bool before = bpf_core_field_exists(x86->thread.fsbase);
	u64 storage = before ? BPF_CORE_READ(x86, thread.fsbase) :
		BPF_CORE_READ(arm64, thread.uw.tp_value);

	if (!context_at && searches < SEARCHES) {
		searches++;
		for (s32 i = 1; i < STORAGE && !context_at; i++) {
			s64 at = before ? -8 * i : 8 * i;

			if (is_context(word(storage + at, 0)))
				context_at = at;
		}
	}
	return context_at ? word(storage + context_at, 0) : 0;
}

/* How many entries of lines begin up to a position: struct succ_index_table of iseq.c has bits for
 * it, 9 positions in a word at first, then 512 in a block. */
static __always_inline u32 rank(u64 index, u64 position)
{
	u64 block, small, bits, ranks;

	if (position < 54)
		return word(index, position / 9 * 8) >> position % 9 * 7 & 0x7f;
	position -= 54;
	block = index + 48 + position / 512 * 80;
	small = position % 512 / 64;
	ranks = word(block, 8);
	bits = word(block, 16 + small * 8) << (63 - position % 64);
	return (u32)word(block, 0) + (small ? ranks >> (small - 1) * 9 & 0x1ff : 0) +
		__builtin_popcountll(bits);
}

static __always_inline u32 line_of(u64 body, u64 pc)
{
	u64 position = (pc - word(body, ENCODED)) / 8;
	struct line_entry entry = {};
	struct lines lines = {};
	u32 at;

	bpf_probe_read_user(&lines, sizeof(lines), (void *)(body + layout.lines));
	if (!pc || !(u32)lines.count)
		return 0;
	/* While an instruction runs, pc is behind it. */
	at = (u32)lines.count == 1 ? 1 : rank(lines.index, position ? position - 1 : 0);
	bpf_probe_read_user(&entry, sizeof(entry), (void *)(lines.entries + (at - 1) * sizeof(entry)));
	return entry.line;
}

/* The String with the name of the file that an iseq is from. */
static __always_inline u64 path_of(u64 body)
{
	u64 path = word(body, PATH);
	u64 flags = word(path, 0);

	if ((flags & T_MASK) != T_ARRAY)
		return path;
	/* The second element is the real path. */
	return flags & EMBEDDED ? word(path, ELEMENTS) : word(word(path, ELEMENTS_OUTSIDE), 0);
}

/* Whether a file's name is one that Ruby gives to its own methods written in Ruby. */
static __always_inline bool is_internal(u64 path)
{
	const char prefix[] = "<internal:";
	char text[sizeof(prefix) - 1] = {};
	bool same = true;
	u64 length;

	bpf_probe_read_user(text, sizeof(text), (void *)text_of(path, &length));
	for (u32 i = 0; i < sizeof(text); i++)
		same &= text[i] == prefix[i];
	return same;
}

static __noinline void keep_path(u64 path)
{
	struct name name = {};

	if (read_text(&name, path))
		bpf_map_update_elem(&paths, &path, &name, BPF_ANY);
}

/* Whether the instruction at pc makes an Array or a Hash like the one that is its operand. */
static __always_inline bool duplicates(u64 pc)
{
	u32 type = word(word(pc, 8), 0) & T_MASK;

	return type == T_ARRAY || type == T_HASH;
}

/*
 * The line that the program is at, in its own code; none before it begins.
 *
 * In Ruby 3.1 the interpreter has pc at the instruction itself for those that call no method
 * (insns.def, "leaf"). Four of them allocate: putstring and newarray, which tell the context
 * (`literal`), duparray and duphash.
 */
static __noinline void find_site(struct site *site, bool literal)
{
	u64 address = layout.frame ? current_context() : 0;
	struct context context = {};

	bpf_probe_read_user(&context, sizeof(context), (void *)address);
	for (u32 i = 0; i < FRAMES; i++) {
		struct frame frame = {};
		u64 body, path;

		if (context.frame >= context.stack + context.words * 8)
			return;
		bpf_probe_read_user(&frame, sizeof(frame), (void *)context.frame);
		context.frame += layout.frame;
		if (!frame.iseq || word(frame.ep, 0) & CFRAME)
			continue;
		if (layout.leaf_at_pc && i == 0 && (literal || duplicates(frame.pc)))
			frame.pc += 8;
		body = word(frame.iseq, BODY);
		path = path_of(body);
		if (is_internal(path))
			continue;
		site->path = path;
		site->line = line_of(body, frame.pc);
		return;
	}
}
