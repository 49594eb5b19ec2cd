/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Tables for unwinding user stacks, made in user space from call frame information (unwind_tables.ts):
 * for each process its ranges of code, for each file rows by address; and the binary searches in
 * them.
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

/* Applies from its address to that of the next row. */
struct unwind_row {
	u32 address; /* in the file */
	u8 rule;
	s8 rbp; /* words from the CFA to the caller's rbp; 0: it has not changed */
	s16 number;
};

/*
 * One map value, searched after a single lookup: rows of several files, or a part of one file's, each from a
 * multiple of PART_ROWS on.
 *
 * Rows from position n on have their index from n / INDEX_STEP on: first the size of a bucket of addresses
 * as a power of two, then for each bucket the row that applies at its start, counted from the first row. The
 * rows of a bucket are mostly in one cache line; a binary search of all rows touches a dozen lines.
 *
 * Return addresses have rows of their own: of a file's rows those of code with a call instruction, and of equal ones
 * that follow each other the first. They are a tenth of all, so that they stay in the CPU's caches from sample to sample:
 * what a walk costs are the lines of rows that are in none.
 */
#define CHUNK_ROWS 65536
#define CHUNK_STEPS 17
#define INDEX_STEP 4
#define PART_ROWS 16
#define CHUNK_INDEX (CHUNK_ROWS / INDEX_STEP)
struct unwind_chunk {
	struct unwind_row rows[CHUNK_ROWS];
	u16 index[CHUNK_INDEX];
};

struct unwind_chunk_map {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	/* Not __type: clang 14 emits no definition of a type that only an inner map uses. */
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
#define BY_FRAME_POINTER 1 /* JIT code, or a file without rows */
#define BY_GUESS 2 /* frame pointers, while they lead to code: the file is not known yet */

struct unwind_range {
	u64 start;
	u64 end;
	u64 low; /* the range around it with the same rows for return addresses */
	u64 high;
	u64 bias; /* address in memory minus address in the file */
	u32 first; /* row */
	u32 count;
	u32 calls_first; /* row for return addresses */
	u32 calls;
	u16 chunk;
	u16 calls_chunk;
	u16 kind;
	u16 python; /* number of the interpreter (python_frames.h); 0: none */
};

/* The ranges of all processes: those of one process are adjacent, and sorted by address. */
#define RANGE_STEPS 14 /* 16,383 ranges in a process */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1); /* set by the tool */
	__type(key, u32);
	__type(value, struct unwind_range);
} unwind_ranges SEC(".maps");

struct unwind_process {
	u32 first; /* index in unwind_ranges */
	u32 count;
	u64 stack; /* start of its stack, which exec changes */
	u64 uprobes; /* address of the kernel's return trampoline for uretprobes; 0: unknown */
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1); /* set by the tool */
	__type(key, u32);
	__type(value, struct unwind_process);
} unwind_processes SEC(".maps");

/*
 * One step of a binary search for the last entry at or below an address: entries before `low` are, `high`
 * and all after it are not. Without branches: the verifier would follow each of them.
 */
static __always_inline void halve(s64 *low, s64 *high, s64 middle, u64 at, u64 address)
{
	s64 is_open = (u64)(*low - *high) >> 63;
	s64 is_low = is_open & (at - address - 1) >> 63;

	*low += is_low * (middle + 1 - *low);
	*high -= (is_open - is_low) * (*high - middle);
}

/* The number of the range that contains an address, from 1; 0 for none. */
__noinline u32 find_range(u32 first, u32 count, u64 address)
{
	s64 low = 0, high = count;

	for (u32 i = 0; i < RANGE_STEPS; i++) {
		if (low >= high)
			break;
		u64 middle = (u64)(low + high) >> 1;
		u32 at = first + middle;
		struct unwind_range *range = bpf_map_lookup_elem(&unwind_ranges, &at);

		if (!range)
			break; /* after the last range */
		halve(&low, &high, middle, range->start, address);
	}
	return low ? first + low : 0;
}

/* The rule of a row, and the addresses of the file to which it applies; none if it has no size. */
struct held_row {
	u32 low;
	u32 size;
	u64 rule;
};

/* Finds the row for an address of the file; its rule is 0, RULE_NONE, if there is none. */
__noinline int find_row(struct held_row *held, u32 chunk, u32 first, u32 count, u32 address)
{
	void *map = bpf_map_lookup_elem(&unwind_chunks, &chunk);
	struct unwind_chunk *table;
	u64 bucket, most, index, from;
	u32 zero = 0;
	s64 low, high;

	if (!held)
		return 0;
	held->rule = held->size = 0;
	if (!map)
		return 0;
	table = bpf_map_lookup_elem(map, &zero);
	if (!table)
		return 0;
	from = table->rows[first & (CHUNK_ROWS - 1)].address;
	if (!count || address < from)
		return 0;
	index = first / INDEX_STEP;
	bucket = (address - from) >> (table->index[index & (CHUNK_INDEX - 1)] & 31);
	/* The last bucket; addresses above it belong to it, too. */
	most = (count + PART_ROWS - 1) / PART_ROWS * (PART_ROWS / INDEX_STEP) - 3;
	bucket = index + 1 + (bucket > most ? most : bucket);
	/* The row that is looked for is not before that at the bucket's start, nor behind that at its end. */
	low = table->index[bucket & (CHUNK_INDEX - 1)] + 1;
	high = table->index[(bucket + 1) & (CHUNK_INDEX - 1)] + 1;
	for (u32 i = 0; i < CHUNK_STEPS; i++) {
		if (low >= high)
			break;
		u64 middle = (u64)(low + high) >> 1;

		halve(&low, &high, middle, table->rows[(first + middle) & (CHUNK_ROWS - 1)].address,
		      address);
	}
	from = *(u64 *)&table->rows[(first + low - 1) & (CHUNK_ROWS - 1)];
	held->rule = from >> 32;
	held->low = from;
	/* The last row is not held: where its rule ends, only the range tells. */
	if (low < count)
		held->size = table->rows[(first + low) & (CHUNK_ROWS - 1)].address - (u32)from;
	return 0;
}
