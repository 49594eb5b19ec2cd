/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The values to show of a call, and the code that adds them to an event.
 */
#pragma once

#include "../../toolkit/kernel/event_tool.h"
#include "../../toolkit/kernel/base/registers.h"

#define FUNCTIONS 32
#define VALUES 6 /* five parameters and the result */
#define RESULT 5
#define CHUNK 1024 /* most bytes shown of one value */
#define TEXT 256
#define ROOM (VALUES * CHUNK)

enum { EQUAL = 1, DIFFERENT = 2, GREATER = 4, LESS = 8 }; /* bits: may be combined */
enum { IS_POINTER = 1, IS_MEMBER = 2, IS_SIGNED = 4, IS_TEXT = 8 };
enum { KEPT = 1, FIRST_OF_MANY = 2, LATER_OF_MANY = 4, LAST = 8 };

/* A parameter, a result, or a member of a struct that one of these points to. */
struct value {
	u64 compared; /* the number that the value is compared with */
	u32 argument; /* 0 to 4, or RESULT */
	u32 offset; /* of a member, in bytes */
	u32 size; /* bytes to copy of the member or pointed-to object; 0: the number only; 1: text (IS_TEXT) */
	u32 kind; /* IS_… */
	u32 comparison; /* 0: none */
	u32 width; /* of a number or pointer: 1, 2, 4 or 8 bytes; 0: a struct */
};

struct function {
	u32 count; /* of values */
	u32 flags;
	struct value values[VALUES];
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, FUNCTIONS);
	__type(key, u32);
	__type(value, struct function);
} functions SEC(".maps");

enum { FINE, UNREADABLE, NO_ROOM };

struct seen {
	u64 raw; /* the number, or the pointer */
	u32 index; /* which of the function's values */
	u32 at; /* offset in the event's data */
	u32 size; /* bytes in the event's data */
	u32 problem;
};

struct event {
	struct who who;
	u64 time;
	u32 cpu;
	u32 function;
	u32 is_return;
	u32 count; /* of values */
	u32 size; /* of data */
	u32 namespace; /* inode number of the pid namespace */
	struct seen values[VALUES];
	u8 data[];
};

/* An event with room for data. */
struct whole {
	u64 words[(sizeof(struct event) + ROOM) / sizeof(u64)];
};

PER_CPU(scratches, struct whole);
EVENTS(events, struct event);

struct call {
	u32 tid;
	u32 function;
};

/* Calls in flight: events with the values at entry, which are sent at the return. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 512);
	__type(key, struct call);
	__type(value, struct whole);
} calls SEC(".maps");


static __always_inline bool compare(const struct value *value, u64 number)
{
	u32 wanted = value->comparison;
	bool less = number < value->compared;

	if (!wanted)
		return true;
	if (number == value->compared)
		return wanted & EQUAL;
	if (value->kind & IS_SIGNED)
		less = (s64)number < (s64)value->compared;
	return wanted & DIFFERENT || wanted & (less ? LESS : GREATER);
}

/* Extends a number in the lowest `width` bytes, from memory or a register, to 64 bits. */
static __always_inline u64 widen(u64 number, const struct value *value)
{
	bool is_signed = value->kind & IS_SIGNED;

	switch (value->width) {
	case 1:
		return is_signed ? (u64)(s64)(s8)number : (u8)number;
	case 2:
		return is_signed ? (u64)(s64)(s16)number : (u16)number;
	case 4:
		return is_signed ? (u64)(s64)(s32)number : (u32)number;
	}
	return number;
}

static __always_inline long read_number(u64 *number, u32 width, const void *address)
{
	switch (width) {
	case 1:
		return bpf_probe_read_kernel(number, 1, address);
	case 2:
		return bpf_probe_read_kernel(number, 2, address);
	case 4:
		return bpf_probe_read_kernel(number, 4, address);
	}
	return bpf_probe_read_kernel(number, 8, address);
}

/* Adds a value to the event; false if the value does not meet its condition. */
static __noinline bool add_value(struct event *event, const struct value *value, u64 argument, u32 index)
{
	struct seen *seen;
	u64 number = argument, address = 0;
	u32 size, at, count;

	if (!event || !value)
		return false;
	count = event->count;
	if (count >= VALUES)
		return true;
	seen = &event->values[count];
	seen->index = index;
	seen->problem = FINE;
	if (value->kind & IS_MEMBER) {
		address = argument + value->offset;
		number = 0;
		if (value->width && read_number(&number, value->width, (void *)address))
			seen->problem = UNREADABLE;
	}
	if (value->width)
		number = widen(number, value);
	if (value->kind & IS_POINTER)
		address = number;
	seen->raw = number;
	if (seen->problem == FINE ? !compare(value, number) : value->comparison != 0)
		return false;

	at = event->size;
	seen->at = at;
	size = value->size;
	seen->size = 0;
	event->count = count + 1;
	if (!size || seen->problem != FINE)
		return true;
	if (at > ROOM - CHUNK) {
		seen->problem = NO_ROOM;
		return true;
	}
	if (value->kind & IS_TEXT) {
		long length = bpf_probe_read_kernel_str(&event->data[at], TEXT, (void *)address);

		size = length < 0 ? 0 : length;
		if (length < 0)
			seen->problem = UNREADABLE;
	} else {
		if (size > CHUNK)
			size = CHUNK;
		if (bpf_probe_read_kernel(&event->data[at], size, (void *)address)) {
			seen->problem = UNREADABLE;
			size = 0;
		}
	}
	seen->size = size & (2 * CHUNK - 1);
	event->size = at + (size & (2 * CHUNK - 1));
	return true;
}
