/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Probe points in user programs, found at run time: locations of USDT probes, and functions of runtimes. Where
 * their arguments are differs. A SEC("uprobe") program serves all probe points of a file; its cookie is the
 * point's index in `probe_points`, which describes the arguments (probe_points.ts fills it).
 */
#pragma once

#include "../base/prelude.h"

#define MAX_PROBE_POINTS 512
#define POINT_OPERANDS 6
#define POINT_STEPS 4

/* A register or nothing, plus a constant, followed by a number of memory reads. */
struct operand {
	s64 constant;
	s32 word; /* index of a word in struct pt_regs; -1: none */
	u32 size; /* of the value in bytes; 0: there is no such argument */
	u32 is_signed;
	u32 steps;
	s32 offsets[POINT_STEPS]; /* added before each read */
};

struct probe_point {
	u32 kind; /* the action of the tool there */
	u32 unused;
	struct operand operands[POINT_OPERANDS];
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, MAX_PROBE_POINTS);
	__type(key, u32);
	__type(value, struct probe_point);
} probe_points SEC(".maps");

static __always_inline struct probe_point *this_probe_point(void *ctx)
{
	u32 index = bpf_get_attach_cookie(ctx);

	return bpf_map_lookup_elem(&probe_points, &index);
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
	/* 40 is above the index of any register, on any architecture. */
	if (operand->word >= 0 && operand->word < 40)
		bpf_probe_read_kernel(&value, sizeof(value), ctx + operand->word * sizeof(u64));
	value += operand->constant;
	for (u32 i = 0; i < POINT_STEPS; i++) {
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
static __always_inline void read_point_text(void *ctx, struct probe_point *point, u32 text, u32 length, char *to,
					    u32 room)
{
	u64 address = operand_value(ctx, &point->operands[text]);
	u64 size = room;

	if (!address)
		return;
	if (point->operands[length].size)
		size = operand_value(ctx, &point->operands[length]) + 1;
	/* Hides the value from the compiler, so that it keeps the comparison, which the verifier needs. */
	__asm__ volatile("" : "+r"(size));
	if (size > room)
		size = room;
	bpf_probe_read_user_str(to, size, (void *)address);
}
