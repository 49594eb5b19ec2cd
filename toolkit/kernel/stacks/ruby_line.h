/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Reading what Ruby keeps of its code: lines of instructions, and texts. The structures are those of
 * toolkit/languages/ruby_layout.ts.
 */
#pragma once

#include "../base/prelude.h"

#define RUBY_TYPE_MASK 0x1f
#define RUBY_T_STRING 5
#define RUBY_T_ARRAY 7
#define RUBY_NOEMBED (1 << 13)
#define RUBY_ARRAY_EMBEDDED (1 << 13) /* RARRAY_EMBED_FLAG */
#define RUBY_EMBED_LENGTH(flags) ((flags) >> 14 & 0x1f)

/* In rb_iseq_t, in its body (struct rb_iseq_constant_body), in an Array. */
#define RUBY_BODY 16
#define RUBY_ENCODED 8
#define RUBY_PATH 64
#define RUBY_LABEL 80
#define RUBY_ELEMENTS 16
#define RUBY_ELEMENTS_OUTSIDE 32

#define RUBY_CFRAME 0x80 /* VM_FRAME_FLAG_CFRAME, in the word that a frame's ep points to */
#define RUBY_FINISH 0x20 /* VM_FRAME_FLAG_FINISH */

/* The beginning of rb_execution_context_t, up to its thread. */
struct ruby_context {
	u64 stack;
	u64 words;
	u64 frame;
	u64 unused[3];
	u64 thread;
};

/* rb_control_frame_t. A caller's frame has a higher address than its callee's. */
struct ruby_frame {
	u64 pc;
	u64 sp;
	u64 iseq;
	u64 self;
	u64 ep;
};

/* insns_info of an iseq's body. */
struct ruby_lines {
	u64 entries;
	u64 positions;
	u64 count;
	u64 index;
};

static __always_inline u64 ruby_word(u64 object, u32 offset)
{
	u64 value = 0;

	bpf_probe_read_user(&value, sizeof(value), (void *)(object + offset));
	return value;
}

/* How many line entries begin at or before a position, from struct succ_index_table of iseq.c: at
 * first each word has the counts of 9 positions, then each block has bits for 512. */
static __always_inline u32 ruby_rank(u64 index, u64 position)
{
	u64 block, small, bits, ranks;

	if (position < 54)
		return ruby_word(index, position / 9 * 8) >> position % 9 * 7 & 0x7f;
	position -= 54;
	block = index + 48 + position / 512 * 80;
	small = position % 512 / 64;
	ranks = ruby_word(block, 8);
	bits = ruby_word(block, 16 + small * 8) << (63 - position % 64);
	return (u32)ruby_word(block, 0) + (small ? ranks >> (small - 1) * 9 & 0x1ff : 0) +
		__builtin_popcountll(bits);
}

/* The line of what runs at pc; `lines_at` is the offset of insns_info in a body. 0: not known. */
static __always_inline u32 ruby_line(u64 body, u64 pc, u32 lines_at)
{
	u64 position = (pc - ruby_word(body, RUBY_ENCODED)) / 8;
	struct ruby_lines lines = {};
	u32 at;

	bpf_probe_read_user(&lines, sizeof(lines), (void *)(body + lines_at));
	if (!pc || !(u32)lines.count)
		return 0;
	/* While an instruction runs, pc points to the next one. */
	at = (u32)lines.count == 1 ? 1 : ruby_rank(lines.index, position ? position - 1 : 0);
	/* Entries have a line, a node's id and events. */
	return ruby_word(lines.entries + (at - 1) * 12, 0);
}

/* The String with the name of the file that an iseq's body is from. */
static __always_inline u64 ruby_path(u64 body)
{
	u64 path = ruby_word(body, RUBY_PATH);
	u64 flags = ruby_word(path, 0);

	if ((flags & RUBY_TYPE_MASK) != RUBY_T_ARRAY)
		return path;
	/* The second element is the real path. */
	return flags & RUBY_ARRAY_EMBEDDED ? ruby_word(path, RUBY_ELEMENTS) :
		ruby_word(ruby_word(path, RUBY_ELEMENTS_OUTSIDE), 0);
}

/* Where the text of a String is; 0 when it is none, or cannot be read. */
static __always_inline u64 ruby_text(u64 object, u32 embedded_at, bool length_in_flags, u64 *length)
{
	u64 flags = ruby_word(object, 0);

	if ((flags & RUBY_TYPE_MASK) != RUBY_T_STRING)
		return 0;
	*length = flags & RUBY_NOEMBED || !length_in_flags ? ruby_word(object, 16) :
		RUBY_EMBED_LENGTH(flags);
	return flags & RUBY_NOEMBED ? ruby_word(object, 24) : object + embedded_at;
}
