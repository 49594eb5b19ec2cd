/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Tables to unwind user stacks with, which user space makes of call frame information
 * (unwind_tables.ts): for each process its ranges of code, for each file rows by address; and how
 * programs search them.
 */
#pragma once

#include "../base/prelude.h"

#define BPF_MAP_TYPE_ARRAY_OF_MAPS 12

/* Rules for finding the CFA, encoded as in frame_rule.ts. */
enum frame_rule {
	RULE_NONE,
	RULE_RSP,
	RULE_RBP,
	RULE_STUB,
	RULE_SIGNAL,
	RULE_END,
	RULE_UNSUPPORTED,
	RULE_REALIGNED,
};
#define RBP_LOST 127

/* Holds from its address to that of the next row. */
struct unwind_row {
	u32 address; /* in the file */
	u8 rule;
	s8 rbp; /* words from the CFA to the caller's rbp; 0: it has not changed */
	s16 number;
};

/* A map's value is searched with one lookup; the rows of many files, or a part of one's. */
#define CHUNK_ROWS 65536
#define CHUNK_STEPS 17
struct unwind_chunk {
	struct unwind_row rows[CHUNK_ROWS];
};

struct unwind_chunk_map {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	/* Not __type: clang 14 writes no definition of a type that only an inner map names. */
	__uint(value_size, sizeof(struct unwind_chunk));
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 1); /* set by the tool */
	__type(key, u32);
	__array(values, struct unwind_chunk_map);
} unwind_chunks SEC(".maps");

/* How to unwind in a range of code. */
#define BY_ROWS 0
#define BY_FRAME_POINTER 1 /* compiled while running, or without rows */
#define BY_GUESS 2 /* frame pointers, as far as they lead to code: the file is not known yet */

struct unwind_range {
	u64 start;
	u64 end;
	u64 bias; /* of addresses in memory from those in the file */
	u32 chunk;
	u32 first; /* row */
	u32 count;
	u32 kind;
	u32 python; /* which interpreter it is the code of (python_frames.h); 0: none */
	u32 reserved;
};

/* The ranges of all processes, each process's one after the other and in the order of addresses. */
#define RANGE_STEPS 14 /* 16,383 ranges in a process */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1); /* set by the tool */
	__type(key, u32);
	__type(value, struct unwind_range);
} unwind_ranges SEC(".maps");

struct unwind_process {
	u32 first; /* range */
	u32 count;
	u64 stack; /* where its stack began: at another place since it calls exec */
	u64 uprobes; /* where the kernel has put the code of traced functions' returns; 0: not known */
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1); /* set by the tool */
	__type(key, u32);
	__type(value, struct unwind_process);
} unwind_processes SEC(".maps");

/*
 * Halves a search for the last place that lies at or in front of an address: low places do, high and
 * what comes after do not. Without branches, of which the verifier would follow each.
 */
static __always_inline void halve(s64 *low, s64 *high, s64 middle, u64 at, u64 address)
{
	s64 is_open = (u64)(*low - *high) >> 63;
	s64 is_low = is_open & (at - address - 1) >> 63;

	*low += is_low * (middle + 1 - *low);
	*high -= (is_open - is_low) * (*high - middle);
}

/* The range that an address lies in, counted from 1; 0 for none. */
__noinline u32 find_range(u32 first, u32 count, u64 address)
{
	s64 low = 0, high = count;

	for (u32 i = 0; i < RANGE_STEPS; i++) {
		u64 middle = (u64)(low + high) >> 1;
		u32 at = first + middle;
		struct unwind_range *range = bpf_map_lookup_elem(&unwind_ranges, &at);

		if (!range)
			break; /* behind the last of all */
		halve(&low, &high, middle, range->start, address);
	}
	return low ? first + low : 0;
}

/* The row that holds at an address of the file, as one number; 0, RULE_NONE, when there is none. */
__noinline u64 find_row(u32 chunk, u32 first, u32 count, u32 address)
{
	void *map = bpf_map_lookup_elem(&unwind_chunks, &chunk);
	s64 low = 0, high = count;
	struct unwind_chunk *table;
	u32 zero = 0;

	if (!map)
		return 0;
	table = bpf_map_lookup_elem(map, &zero);
	if (!table)
		return 0;
	for (u32 i = 0; i < CHUNK_STEPS; i++) {
		u64 middle = (u64)(low + high) >> 1;

		halve(&low, &high, middle, table->rows[(first + middle) & (CHUNK_ROWS - 1)].address,
		      address);
	}
	/* In front of the first one lies none. */
	return low ? *(u64 *)&table->rows[(first + low - 1) & (CHUNK_ROWS - 1)] >> 32 : 0;
}
