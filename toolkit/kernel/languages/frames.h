/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Method calls in language runtimes, kept on a stack for each thread: a return probe without
 * arguments pops the top; one that names its method also pops frames above it, which an exception
 * left.
 */
#pragma once

#include "../base/ring_buffer.h"
#include "../task/filter.h"
#include "../base/maps.h"
#include "../probes/probe_point.h"
#include "perl.h"

#define METHOD_TEXT 80 /* bytes for the name of a class, and of a method, as in bcc */
#define UNWOUND_MAX 16 /* most calls that one exception unwinds */

/* The action at a probe point; languages.ts has the same numbers. */
enum {
	ENTER, /* operands: class, its length, method, its length */
	LEAVE, /* the same */
	LEAVE_LAST, /* no operands: leaves the last method entered */
	ENTER_PERL, /* the interpreter */
	PUSH_FRAME, /* Tcl: a frame; ENTER_FRAME follows if it is a procedure's, and names it */
	ENTER_FRAME,
};

enum { IS_METHOD = 1, IS_NATIVE = 2, IS_SHOWN = 4 };

struct method {
	char class[METHOD_TEXT];
	char name[METHOD_TEXT];
};

struct frame_key {
	u32 tid;
	u32 depth;
};

struct frame {
	u64 start; /* ns since boot */
	u64 id; /* of the method */
	u32 kind;
	u32 depth; /* as shown */
	struct method method;
};

/* The stack of a thread. */
struct thread {
	u32 frames;
	u32 depth; /* number of shown frames */
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 65536);
	__type(key, struct frame_key);
	__type(value, struct frame);
} runtime_frames SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 10240);
	__type(key, u32);
	__type(value, struct thread);
} runtime_threads SEC(".maps");

PER_CPU(frame_scratches, struct frame);

const volatile bool follow = true; /* false: count entries only */

static __always_inline u64 id_of_method(struct method *method)
{
	u64 *words = (u64 *)method;
	u64 id = 14695981039346656037ULL;

	for (u32 i = 0; i < sizeof(*method) / sizeof(u64); i++)
		id = (id ^ words[i]) * 1099511628211ULL ^ id >> 29;
	return id;
}

/* Pushes a frame on the current thread's stack; false if a map is full. */
static __always_inline bool push_frame(struct frame *frame)
{
	struct frame_key key = { .tid = bpf_get_current_pid_tgid() };
	struct thread none = {}, *thread = lookup_or_insert(&runtime_threads, &key.tid, &none);

	if (!thread)
		return false;
	key.depth = thread->frames;
	if (frame->kind & IS_SHOWN)
		thread->depth++;
	frame->depth = thread->depth;
	frame->start = bpf_ktime_get_ns();
	if (bpf_map_update_elem(&runtime_frames, &key, frame, BPF_ANY)) {
		if (frame->kind & IS_SHOWN)
			thread->depth--;
		return false;
	}
	thread->frames++;
	return true;
}

/* The frame at that depth below the top; NULL if there is none. */
static __always_inline struct frame *frame_below(u32 below)
{
	struct frame_key key = { .tid = bpf_get_current_pid_tgid() };
	struct thread *thread = bpf_map_lookup_elem(&runtime_threads, &key.tid);

	if (!thread || thread->frames <= below)
		return NULL;
	key.depth = thread->frames - 1 - below;
	return bpf_map_lookup_elem(&runtime_frames, &key);
}

static __always_inline void pop_frame(void)
{
	struct frame_key key = { .tid = bpf_get_current_pid_tgid() };
	struct thread *thread = bpf_map_lookup_elem(&runtime_threads, &key.tid);
	struct frame *top = frame_below(0);

	if (!thread || !top)
		return;
	if (top->kind & IS_SHOWN && thread->depth > 0)
		thread->depth--;
	thread->frames--;
	key.depth = thread->frames;
	bpf_map_delete_elem(&runtime_frames, &key);
}

/* Pops the frames above a method; NULL if it is not among those that an exception may have left. */
static __always_inline struct frame *unwind_to(u64 id)
{
	u32 below;

	for (below = 0; below < UNWOUND_MAX; below++) {
		struct frame *frame = frame_below(below);

		if (!frame)
			return NULL;
		if (frame->id == id)
			break;
	}
	if (below == UNWOUND_MAX)
		return NULL;
	for (u32 i = 0; i < UNWOUND_MAX; i++) {
		if (i >= below)
			break;
		pop_frame();
	}
	return frame_below(0);
}
