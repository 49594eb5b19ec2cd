/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The sub that Perl is about to call. Debian's Perl has no USDT probes, so this reads its structures: those
 * of Perl 5.22 and later (sv.h, gv.h, cv.h), built with threads (MULTIPLICITY) as in distributions.
 */
#pragma once

#include "../base/prelude.h"

#define SV_ANY 0
#define SV_FLAGS 12
#define SV_VALUE 16 /* target of a reference; struct gp of a glob */
#define SV_TYPE 0xff
#define SV_IS_REFERENCE 0x800 /* SVf_ROK */
#define TYPE_GLOB 9 /* SVt_PVGV */
#define TYPE_CODE 13 /* SVt_PVCV */
#define GP_CODE 16
#define CODE_NAME 56 /* a glob, or with CVf_NAMED a name */
#define CODE_FILE 64
#define CODE_FLAGS 92
#define CODE_IS_NATIVE 0x0008 /* CVf_ISXSUB: written in C */
#define CODE_IS_NAMED 0x8000 /* CVf_NAMED */
#define GLOB_NAME 32
#define NAME_TEXT 8 /* in struct hek, after hash and length */

static __always_inline u64 word_at(u64 address)
{
	u64 value = 0;

	bpf_probe_read_user(&value, sizeof(value), (void *)address);
	return value;
}

static __always_inline u32 number_at(u64 address)
{
	u32 value = 0;

	bpf_probe_read_user(&value, sizeof(value), (void *)address);
	return value;
}

/* The body of the code on top of Perl's stack, which Perl_pp_entersub() is to call; 0 if it is none. */
static __always_inline u64 perl_code(u64 interpreter)
{
	u64 value = word_at(word_at(interpreter));
	u32 flags = number_at(value + SV_FLAGS);

	if (flags & SV_IS_REFERENCE) {
		value = word_at(value + SV_VALUE);
		flags = number_at(value + SV_FLAGS);
	}
	if ((flags & SV_TYPE) == TYPE_GLOB) {
		value = word_at(word_at(value + SV_VALUE) + GP_CODE);
		flags = number_at(value + SV_FLAGS);
	}
	return (flags & SV_TYPE) == TYPE_CODE ? word_at(value + SV_ANY) : 0;
}

/* Whether a sub is written in C: it returns inside Perl_pp_entersub(). */
static __always_inline bool is_perl_native(u64 code)
{
	return number_at(code + CODE_FLAGS) & CODE_IS_NATIVE;
}

/* Reads the name of the sub and that of its file; subs without a name stay empty. */
static __always_inline void read_perl_names(u64 code, char *file, u32 file_room, char *name, u32 name_room)
{
	u64 named = word_at(code + CODE_NAME);

	if (!(number_at(code + CODE_FLAGS) & CODE_IS_NAMED) && named)
		named = word_at(word_at(named + SV_ANY) + GLOB_NAME);
	if (named)
		bpf_probe_read_user_str(name, name_room, (void *)(named + NAME_TEXT));
	bpf_probe_read_user_str(file, file_room, (void *)word_at(code + CODE_FILE));
}
