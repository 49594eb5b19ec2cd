/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Places in user programs found at run time: USDT probes and functions of runtimes. Each place has its
 * arguments elsewhere. A SEC("uprobe") program serves all places of a file; its cookie is the
 * place's index in `places`, which describes the arguments (user_places.ts fills it).
 */
#pragma once

#include "../base/prelude.h"

#define PLACES_MAX 512
#define PLACE_OPERANDS 6
#define PLACE_STEPS 4

/* A register or nothing, plus a constant, followed by a number of memory reads. */
struct operand {
	s64 constant;
	s32 word; /* index of a word in struct pt_regs; -1: none */
	u32 size; /* of the value in bytes; 0: there is no such argument */
	u32 is_signed;
	u32 steps;
	s32 offsets[PLACE_STEPS]; /* added before each read */
};

struct place {
	u32 kind; /* the action of the tool there */
	u32 unused;
	struct operand operands[PLACE_OPERANDS];
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, PLACES_MAX);
	__type(key, u32);
	__type(value, struct place);
} places SEC(".maps");

static __always_inline struct place *this_place(void *ctx)
{
	u32 index = bpf_get_attach_cookie(ctx);

	return bpf_map_lookup_elem(&places, &index);
}

static __always_inline u64 resized(u64 value, u32 size, u32 is_signed)
{
	u32 shift = 64 - size * 8;

	if (size == 0 || size >= 8)
		return value;
	value <<= shift & 63;
	return is_signed ? (u64)((s64)value >> (shift & 63)) : value >> (shift & 63);
}

/* The value of an argument; 0 if there is none, or its memory cannot be read. Not inlined: the code is
 * in the program once. */
static __noinline u64 operand_value(void *ctx, struct operand *operand)
{
	u64 value = 0;

	if (!operand || !ctx || !operand->size)
		return 0;
	/* Above all registers of any architecture. */
	if (operand->word >= 0 && operand->word < 40)
		bpf_probe_read_kernel(&value, sizeof(value), ctx + operand->word * sizeof(u64));
	value += operand->constant;
	for (u32 i = 0; i < PLACE_STEPS; i++) {
		u64 address = value + operand->offsets[i];

		if (i >= operand->steps)
			break;
		value = 0;
		if (i + 1 == operand->steps && operand->size == 4)
			bpf_probe_read_user(&value, 4, (void *)address);
		else if (i + 1 == operand->steps && operand->size == 2)
			bpf_probe_read_user(&value, 2, (void *)address);
		else if (i + 1 == operand->steps && operand->size == 1)
			bpf_probe_read_user(&value, 1, (void *)address);
		else
			bpf_probe_read_user(&value, 8, (void *)address);
	}
	return resized(value, operand->size, operand->is_signed);
}

/* Reads a string of a given length, or up to its NUL, truncated to `room` bytes. */
static __always_inline void read_place_text(void *ctx, struct place *place, u32 text, u32 length, char *to,
					    u32 room)
{
	u64 address = operand_value(ctx, &place->operands[text]);
	u64 size = room;

	if (!address)
		return;
	if (place->operands[length].size)
		size = operand_value(ctx, &place->operands[length]) + 1;
	/* Hides the value from the compiler, so that it keeps the comparison, which the verifier needs. */
	__asm__ volatile("" : "+r"(size));
	if (size > room)
		size = room;
	bpf_probe_read_user_str(to, size, (void *)address);
}
