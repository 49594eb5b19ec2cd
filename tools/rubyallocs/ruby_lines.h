/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Finds the Ruby source line that the current thread runs, from the interpreter's frames. Offsets in
 * Ruby's structures come from ruby_layout.ts.
 */
#pragma once

#include <bpf/bpf_core_read.h>
#include "ruby.h"

#define T_ARRAY RUBY_T_ARRAY
#define T_HASH 8
#define FRAMES 32
#define SEARCHES 16
#define STORAGE 1024

/* The thread pointer in task_struct.thread, whose layout depends on the architecture. */
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

/* A source line. */
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

/* Offset of ruby_current_ec in thread-local storage from the thread pointer; 0: not found yet. Equal in
 * all threads if libruby was loaded when the program started (static TLS). */
s64 context_at;
u32 searches;

/* Global, so that the verifier checks it once, and not in every iteration of the loop below. */
__noinline int is_context(u64 address)
{
	struct ruby_context context = {};

	return address && !bpf_probe_read_user(&context, sizeof(context), (void *)address) &&
		context.frame > context.stack &&
		context.frame <= context.stack + context.words * 8 &&
		word(context.thread, layout.thread_context) == address;
}

/* The execution context of the current thread; 0 if not found. The variable that holds it has no
 * symbol in a stripped file (Ruby 3.3): the storage is searched for a pointer to a valid context. */
static __always_inline u64 current_context(void)
{
	struct task_struct___x86 *x86 = (void *)bpf_get_current_task();
	struct task_struct___arm64 *arm64 = (void *)x86;
	/* On x86-64 thread-local storage ends at the thread pointer, on arm64 it begins there. */
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

/* Whether the instruction at pc has an Array or a Hash as operand, to copy: duparray, duphash. */
static __always_inline bool duplicates(u64 pc)
{
	u32 type = word(word(pc, 8), 0) & T_MASK;

	return type == T_ARRAY || type == T_HASH;
}

/*
 * Finds the innermost line of the program's own code; none before that runs.
 *
 * In Ruby 3.1 pc is at the current instruction, not at the next one, if it calls no method
 * (insns.def, "leaf"). Four of those allocate: duparray, duphash, and putstring and newarray, whose
 * allocation function takes the execution context as argument (`literal`).
 */
static __noinline void find_site(struct site *site, bool literal)
{
	u64 address = layout.frame ? current_context() : 0;
	struct ruby_context context = {};

	bpf_probe_read_user(&context, sizeof(context), (void *)address);
	for (u32 i = 0; i < FRAMES; i++) {
		struct ruby_frame frame = {};
		u64 body, path;

		if (context.frame >= context.stack + context.words * 8)
			return;
		bpf_probe_read_user(&frame, sizeof(frame), (void *)context.frame);
		context.frame += layout.frame;
		if (!frame.iseq || word(frame.ep, 0) & RUBY_CFRAME)
			continue;
		if (layout.leaf_at_pc && i == 0 && (literal || duplicates(frame.pc)))
			frame.pc += 8;
		body = word(frame.iseq, RUBY_BODY);
		path = ruby_path(body);
		if (is_internal(path))
			continue;
		site->path = path;
		site->line = ruby_line(body, frame.pc, layout.lines);
		return;
	}
}
