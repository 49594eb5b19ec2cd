/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Option --stack: functions that must call one another in the requested order.
 */
#pragma once

#include "values.h"

/* How many of these functions a thread is in, and whether it has reached the last one. */
struct order {
	u32 depth;
	u32 is_complete;
};

CALLS(orders, struct order);

#define IS_OF_MANY (FIRST_OF_MANY | LATER_OF_MANY)

/* Whether a call is the next in the order. */
static __always_inline bool goes_on(u32 flags, u32 index)
{
	u32 tid = bpf_get_current_pid_tgid();
	struct order *order = bpf_map_lookup_elem(&orders, &tid);

	if (flags & FIRST_OF_MANY)
		return !order || !order->depth;
	return order && order->depth == index;
}

static __always_inline void go_on(u32 flags, u32 index)
{
	struct order next = { .depth = index + 1, .is_complete = !!(flags & LAST) };

	if (!keep_call(&orders, &next))
		count_in_flight_dropped();
}

/* Leaves a function of the order; true if its call is to be shown: the last function was reached. */
static __always_inline bool goes_back(u32 flags, u32 index)
{
	struct order *order = kept_call(&orders);
	bool is_complete;

	if (!order || order->depth != index + 1)
		return false;
	is_complete = order->is_complete;
	order->depth = index;
	if (flags & FIRST_OF_MANY)
		forget_call(&orders);
	return is_complete;
}
