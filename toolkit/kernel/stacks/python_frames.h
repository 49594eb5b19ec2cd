/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Functions of Python between the native frames of a stack: the interpreter's own frames, each with a
 * code object, of which name, file and lines are copied when it is seen first (python_names.ts).
 */
#pragma once

#include "unwind_tables.h"

KERNEL_STRUCTS

struct thread_struct___python {
	unsigned long fsbase;
};

struct task_struct___python {
	struct thread_struct___python thread;
};

KERNEL_STRUCTS_END

/* One build of the interpreter: addresses of the file, and offsets in its structures (python.ts). */
struct unwind_python {
	u32 eval_from; /* the function that runs code: _PyEval_EvalFrameDefault */
	u32 eval_to;
	u32 runtime; /* _PyRuntime */
	u32 interpreters; /* in _PyRuntimeState */
	u32 threads; /* in PyInterpreterState */
	u32 thread_next; /* in PyThreadState */
	u32 thread_id;
	u32 thread_cframe;
	u32 current_frame; /* in _PyCFrame */
	u32 frame_code; /* in _PyInterpreterFrame */
	u32 frame_previous;
	u32 frame_instruction;
	u32 frame_is_entry;
	u32 frame_owner; /* used in place of is_entry since 3.12; 0: older */
	u32 code_line; /* in PyCodeObject */
	u32 code_file;
	u32 code_name;
	u32 code_lines;
	u32 code_start;
	u32 text_ascii; /* offset of an ASCII text: after PyASCIIObject */
	u32 text_compact; /* of any other: after PyCompactUnicodeObject */
};

/* By the interpreter's number, which ranges and files hold; 0 is none, so entry 0 is not used. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 16);
	__type(key, u32);
	__type(value, struct unwind_python);
} unwind_pythons SEC(".maps");

/* struct PyASCIIObject and PyCompactUnicodeObject of Include/cpython/unicodeobject.h */
#define TEXT_LENGTH 16
#define TEXT_STATE 32
#define STATE_ASCII (1 << 6)
/* PyBytesObject */
#define BYTES_LENGTH 16
#define BYTES_TEXT 32

#define NAME_BYTES 128
#define FILE_BYTES 256
#define LINES_BYTES 1024

struct python_text {
	u32 state; /* the encoding: bits 2 to 4 are the bytes of a character */
	u32 length; /* bytes in the interpreter; the copy is truncated to its buffer */
};

struct python_code {
	u32 line; /* its first */
	u32 lines_length;
	struct python_text name;
	struct python_text file;
	u8 name_text[NAME_BYTES];
	u8 file_text[FILE_BYTES];
	u8 lines[LINES_BYTES];
};

struct python_key {
	u64 code;
	u64 pid;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1); /* set by the tool */
	__type(key, struct python_key);
	__type(value, struct python_code);
} python_codes SEC(".maps");

/* Zeros, the initial value of entries of python_codes: too large for the BPF stack. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct python_code);
} python_no_code SEC(".maps");

/* Marks a stack entry that is not an address: it holds a code object, and the instruction's index in it. */
#define PYTHON_ENTRY (1ULL << 63)
#define CODE_BITS 47

#define MAX_THREADS 64

struct python_state {
	u64 frame; /* the next one to report; 0: none */
	u32 python; /* the interpreter's number while its frames are reported; 0: native ones are */
	u32 is_begun;
};

static __always_inline u64 python_word(u64 address)
{
	u64 word = 0;

	bpf_probe_read_user(&word, sizeof(word), (void *)address);
	return word;
}

#define OWNED_BY_CSTACK 3 /* enum _frameowner of Include/internal/pycore_frame.h, 3.13 */

/* Whether a frame only marks a call of the interpreter by native code (3.12 and later). */
static __always_inline bool is_entry_frame(struct unwind_python *python, u64 frame)
{
	return frame && (python_word(frame + python->frame_owner) & 0xff) == OWNED_BY_CSTACK;
}

static __always_inline u64 behind_entry(struct unwind_python *python, u64 frame)
{
	return is_entry_frame(python, frame) ? python_word(frame + python->frame_previous) : frame;
}

/* The innermost frame of the current thread. */
static __always_inline u64 first_frame(struct unwind_python *python, u64 runtime)
{
	struct task_struct___python *task = (void *)bpf_get_current_task();
	u64 id = BPF_CORE_READ(task, thread.fsbase); /* what pthread_self(3) returns */
	u64 interpreter = python_word(runtime + python->interpreters);
	u64 thread = python_word(interpreter + python->threads);

	for (u32 i = 0; i < MAX_THREADS; i++) {
		if (!thread || python_word(thread + python->thread_id) == id)
			break;
		thread = python_word(thread + python->thread_next);
	}
	if (!thread || python_word(thread + python->thread_id) != id)
		return 0;
	if (!python->frame_owner)
		return python_word(python_word(thread + python->thread_cframe) + python->current_frame);
	return behind_entry(python, python_word(thread + python->current_frame));
}

/* Called for each native frame in an interpreter's file: if it runs Python code, those frames come next. */
__noinline int enter_python(struct python_state *state, struct unwind_range *code, u64 address)
{
	struct unwind_python *python;
	u32 number;

	if (!state || !code)
		return 0;
	number = code->python;
	address -= code->bias;
	python = bpf_map_lookup_elem(&unwind_pythons, &number);
	if (!python || address < python->eval_from || address >= python->eval_to)
		return 0;
	if (!state->is_begun)
		state->frame = first_frame(python, code->bias + python->runtime);
	state->is_begun = 1;
	state->python = state->frame ? number : 0;
	return 0;
}

/* The smaller of two numbers, in one register, so that the verifier knows its bounds. */
static __always_inline u64 at_most(u64 value, u64 most)
{
	asm volatile("" : "+r"(value));
	if (value > most)
		value = most;
	asm volatile("" : "+r"(value));
	return value;
}

static __always_inline void copy_text(struct unwind_python *python, struct python_text *about, u8 *text, u64 size,
				      u64 object)
{
	u32 state = python_word(object + TEXT_STATE);
	u64 bytes = python_word(object + TEXT_LENGTH) * (state >> 2 & 7);

	about->state = state;
	about->length = bytes;
	bpf_probe_read_user(text, at_most(bytes, size),
			    (void *)(object + (state & STATE_ASCII ? python->text_ascii : python->text_compact)));
}

/* Copies name, file and lines of a code object into python_codes, once. */
static __always_inline void keep_code(struct unwind_python *python, u64 object)
{
	struct python_key key = { object, bpf_get_current_pid_tgid() >> 32 };
	struct python_code *code;
	u32 zero = 0;
	u64 lines, length;

	if (bpf_map_lookup_elem(&python_codes, &key))
		return;
	code = bpf_map_lookup_elem(&python_no_code, &zero);
	if (!code || bpf_map_update_elem(&python_codes, &key, code, BPF_NOEXIST))
		return;
	code = bpf_map_lookup_elem(&python_codes, &key);
	if (!code)
		return;
	copy_text(python, &code->name, code->name_text, NAME_BYTES,
		  python_word(object + python->code_name));
	copy_text(python, &code->file, code->file_text, FILE_BYTES,
		  python_word(object + python->code_file));
	code->line = python_word(object + python->code_line);
	lines = python_word(object + python->code_lines);
	length = python_word(lines + BYTES_LENGTH);
	code->lines_length = length;
	bpf_probe_read_user(code->lines, at_most(length, LINES_BYTES),
			    (void *)(lines + BYTES_TEXT));
}

/* The stack entry of the next Python frame. */
__noinline u64 next_python(struct python_state *state)
{
	struct unwind_python *python;
	u64 frame, code, at;
	u32 number;

	if (!state)
		return PYTHON_ENTRY;
	number = state->python;
	python = bpf_map_lookup_elem(&unwind_pythons, &number);
	state->python = 0;
	if (!python)
		return PYTHON_ENTRY;
	frame = state->frame;
	code = python_word(frame + python->frame_code);
	at = python_word(frame + python->frame_instruction) - code - python->code_start;
	state->frame = python_word(frame + python->frame_previous);
	/* If no native call is between this frame and its caller's, the caller's is reported next. */
	if (python->frame_owner) {
		if (state->frame && !is_entry_frame(python, state->frame))
			state->python = number;
		state->frame = behind_entry(python, state->frame);
	} else if (!(python_word(frame + python->frame_is_entry) & 0xff) && state->frame) {
		state->python = number;
	}
	keep_code(python, code);
	/* An instruction has two bytes; before the first one has run, the offset is negative. */
	at = (s64)at < 0 ? 0 : at / 2;
	return PYTHON_ENTRY | (at & 0xffff) << CODE_BITS | (code & ((1ULL << CODE_BITS) - 1));
}
