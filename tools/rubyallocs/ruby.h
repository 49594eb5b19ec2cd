/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Reads the name of a Ruby class in BPF when the class is first seen: the process or the class may be
 * gone before userspace reads it. Offsets in Ruby's structures come from ruby_layout.ts.
 */
#pragma once

#include "../../toolkit/kernel/stacks/ruby_line.h"

#define NAME_MAX 252
#define VARIABLES 32
#define T_MASK RUBY_TYPE_MASK
#define T_CLASS 2
#define SINGLETON (1 << 12)

/* Offsets and IDs from ruby_layout.ts; set before programs are attached. */
struct layout {
	u64 path_id;
	u64 temporary_path_id;
	u32 known;
	u32 ext;
	u32 ext_is_pointer;
	u32 path;
	u32 variables;
	u32 text;
	u32 length_in_flags;
	u32 thread_context;
	u32 frame;
	u32 lines;
	u32 leaf_at_pc;
} layout;

struct name {
	u32 length; /* 0: a class without a name */
	char text[NAME_MAX];
};

struct variable {
	u64 hash;
	u64 id;
	u64 value;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, u64);
	__type(value, struct name);
} names SEC(".maps");

static __always_inline u64 word(u64 object, u32 offset)
{
	return ruby_word(object, offset);
}

/* The class path among the instance variables, an st_table. */
static __always_inline u64 path_variable(u64 table)
{
	u64 entries = word(table, 48) + word(table, 32) * sizeof(struct variable);
	u64 count = word(table, 40) - word(table, 32);
	u64 temporary = 0;

	for (u32 i = 0; i < VARIABLES && i < count; i++) {
		struct variable variable = {};

		bpf_probe_read_user(&variable, sizeof(variable), (void *)(entries + i * sizeof(variable)));
		if (variable.id == layout.path_id)
			return variable.value;
		if (variable.id == layout.temporary_path_id)
			temporary = variable.value;
	}
	return temporary;
}

/* The address of a String's text; 0 if the object is no String, or cannot be read. */
static __always_inline u64 text_of(u64 object, u64 *length)
{
	return ruby_text(object, layout.text, layout.length_in_flags, length);
}

/* Reads a String, of a long one its last NAME_MAX bytes; false if it cannot be read. */
static __always_inline bool read_text(struct name *name, u64 object)
{
	u64 length = 0, text = text_of(object, &length);

	name->length = length > NAME_MAX ? NAME_MAX : length;
	text += length - name->length;
	return !bpf_probe_read_user(name->text, name->length, (void *)text);
}

static __noinline void keep_name(u64 klass)
{
	struct name name = {};
	u64 ext, path;

	if (!layout.known || (word(klass, 0) & (T_MASK | SINGLETON)) != T_CLASS)
		return;
	ext = layout.ext_is_pointer ? word(klass, layout.ext) : klass + layout.ext;
	path = layout.path ? word(ext, layout.path) : path_variable(word(ext, layout.variables));
	if (read_text(&name, path))
		bpf_map_update_elem(&names, &klass, &name, BPF_ANY);
}
