/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Methods and blocks of Ruby between the native frames of a stack: the interpreter's own frames, each
 * with a body of code, of which name and file are copied when it is seen first (ruby_names.ts).
 */
#pragma once

#include "python_frames.h"
#include "ruby_line.h"

/* Interpreters with this number and above are Rubies. */
#define RUBIES 16

/* One build of the interpreter: addresses of the file, and offsets in its structures (rubies.ts). */
struct unwind_ruby {
	u32 exec_from; /* the function that runs code: rb_vm_exec */
	u32 exec_to;
	u32 thread_context; /* in rb_thread_t */
	u32 frame; /* the size of rb_control_frame_t */
	u32 lines; /* in rb_iseq_constant_body */
	u32 text; /* in RString, of an embedded one */
	u32 length_in_flags;
	u32 reserved;
};

/* By the number less RUBIES. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, RUBIES);
	__type(key, u32);
	__type(value, struct unwind_ruby);
} unwind_rubies SEC(".maps");

#define RUBY_TEXT_BYTES 256

struct ruby_code {
	u32 label_length; /* bytes in `label`, at most RUBY_TEXT_BYTES */
	u32 path_length;
	u8 label[RUBY_TEXT_BYTES];
	u8 path[RUBY_TEXT_BYTES];
};

/* By the address of a body, and the process. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1); /* set by the tool */
	__type(key, struct python_key);
	__type(value, struct ruby_code);
} ruby_codes SEC(".maps");

/* Zeros, the initial value of entries of ruby_codes: too large for the BPF stack. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct ruby_code);
} ruby_no_code SEC(".maps");

/* Where a thread's storage points to its context: words below fsbase, as many in all threads of a process. */
#define RUBY_SEARCHES 16
#define RUBY_STORAGE 1024
struct ruby_place {
	u32 words; /* 0: not found yet */
	u32 searches;
};

/* By process. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1024);
	__type(key, u32);
	__type(value, struct ruby_place);
} ruby_places SEC(".maps");

struct ruby_state {
	u64 frame; /* the next one to report */
	u64 end; /* address after the outermost frame */
	u32 ruby; /* the interpreter's number while its frames are reported; 0: native ones are */
	u32 is_begun;
	u64 body; /* of the last frame that was reported */
};

/* Whether an execution context lies at an address, by what it points to. */
__noinline int is_ruby_context(u64 address, u32 thread_context)
{
	u64 stack = ruby_word(address, 0), words = ruby_word(address, 8);
	u64 frame = ruby_word(address, 16), thread = ruby_word(address, 48);

	return address && frame > stack && frame <= stack + words * 8 &&
		ruby_word(thread, thread_context) == address;
}

/* The execution context of the current thread; 0 if it is not found. The variable that holds it has
 * no symbol in a stripped file (Ruby 3.3). */
__noinline u64 ruby_context_of(u32 thread_context)
{
	struct task_struct___python *task = (void *)bpf_get_current_task();
	u64 storage = BPF_CORE_READ(task, thread.fsbase); /* storage lies in front of it */
	u32 pid = bpf_get_current_pid_tgid() >> 32, found = 0;
	struct ruby_place *place = bpf_map_lookup_elem(&ruby_places, &pid), zero = {};
	u64 context;

	if (!place) {
		bpf_map_update_elem(&ruby_places, &pid, &zero, BPF_NOEXIST);
		place = bpf_map_lookup_elem(&ruby_places, &pid);
	}
	if (!place)
		return 0;
	if (!place->words && place->searches < RUBY_SEARCHES) {
		place->searches++;
		for (u32 i = 1; i < RUBY_STORAGE; i++) {
			if (!is_ruby_context(ruby_word(storage - 8 * i, 0), thread_context))
				continue;
			found = i;
			break;
		}
		place->words = found;
	}
	if (!place->words)
		return 0;
	context = ruby_word(storage - 8 * place->words, 0);
	/* The pid may be another process's by now; a thread that runs no Ruby has no context. */
	if (is_ruby_context(context, thread_context))
		return context;
	if (context)
		place->words = 0;
	return 0;
}

/* Called for each native frame in an interpreter's file: if it runs Ruby code, those frames come next. */
__noinline int enter_ruby(struct ruby_state *state, struct unwind_range *code, u64 address)
{
	struct unwind_ruby *ruby;
	u64 context;
	u32 number;

	if (!state || !code)
		return 0;
	number = code->python - RUBIES;
	address -= code->bias;
	ruby = bpf_map_lookup_elem(&unwind_rubies, &number);
	if (!ruby || address < ruby->exec_from || address >= ruby->exec_to)
		return 0;
	if (!state->is_begun) {
		context = ruby_context_of(ruby->thread_context);
		state->frame = context ? ruby_word(context, 16) : 0;
		state->end = context ? ruby_word(context, 0) + 8 * ruby_word(context, 8) : 0;
	}
	state->is_begun = 1;
	state->ruby = state->frame < state->end ? number + RUBIES : 0;
	return 0;
}

static __always_inline u32 copy_ruby_text(struct unwind_ruby *ruby, u8 *to, u64 object)
{
	u64 length = 0, text = ruby_text(object, ruby->text, ruby->length_in_flags, &length);

	/* The end of a long text is kept: that of a path names the file. */
	if (length > RUBY_TEXT_BYTES) {
		text += length - RUBY_TEXT_BYTES;
		length = RUBY_TEXT_BYTES;
	}
	bpf_probe_read_user(to, at_most(length, RUBY_TEXT_BYTES), (void *)text);
	return length;
}

/* Copies label and path of a body into ruby_codes, once. Not called by next_ruby(): in memleak's programs that
 * would take more than 512 bytes of BPF stack; before Linux 6.8 each function's is rounded up to 32. */
__noinline int keep_ruby_code(u32 number, u64 body)
{
	struct python_key key = { body, bpf_get_current_pid_tgid() >> 32 };
	struct unwind_ruby *ruby = bpf_map_lookup_elem(&unwind_rubies, &number);
	struct ruby_code *code;
	u32 zero = 0;

	if (!ruby || bpf_map_lookup_elem(&ruby_codes, &key))
		return 0;
	code = bpf_map_lookup_elem(&ruby_no_code, &zero);
	if (!code || bpf_map_update_elem(&ruby_codes, &key, code, BPF_NOEXIST))
		return 0;
	code = bpf_map_lookup_elem(&ruby_codes, &key);
	if (!code)
		return 0;
	code->label_length = copy_ruby_text(ruby, code->label, ruby_word(body, RUBY_LABEL));
	code->path_length = copy_ruby_text(ruby, code->path, ruby_path(body));
	return 0;
}

/* The most frames of C functions that are skipped between two of Ruby; a call of one has one. */
#define RUBY_SKIPS 8

/* The stack entry of the next Ruby frame: like Python's, but with line and body; 0 if there is none. */
__noinline u64 next_ruby(struct ruby_state *state)
{
	struct unwind_ruby *ruby;
	u64 iseq = 0, flags = 0, body, line, pc = 0;
	u32 number;

	if (!state)
		return 0;
	number = state->ruby - RUBIES;
	ruby = bpf_map_lookup_elem(&unwind_rubies, &number);
	state->ruby = 0;
	if (!ruby)
		return 0;
	/* The functions of frames without Ruby's code have native frames of their own. */
	for (u32 i = 0; i < RUBY_SKIPS; i++) {
		if (state->frame >= state->end)
			return 0;
		pc = ruby_word(state->frame, 0);
		iseq = ruby_word(state->frame, 16);
		flags = ruby_word(ruby_word(state->frame, 32), 0);
		state->frame += ruby->frame;
		if (iseq && !(flags & RUBY_CFRAME))
			break;
		iseq = 0;
	}
	if (!iseq)
		return 0;
	/* Without FINISH the caller runs in the same call of rb_vm_exec: its frame is reported next. */
	if (!(flags & RUBY_FINISH))
		state->ruby = number + RUBIES;
	body = ruby_word(iseq, RUBY_BODY);
	line = ruby_line(body, pc, ruby->lines);
	state->body = body;
	return PYTHON_ENTRY | (line & 0xffff) << CODE_BITS | (body & ((1ULL << CODE_BITS) - 1));
}
