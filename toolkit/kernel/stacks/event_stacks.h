/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Stacks of tools that print a row per event, and the number of stacks for which there was no room.
 */
#pragma once

#include "stack_slots.h"

u64 stacks_dropped; /* losses.ts reports it */

/* Keeps the stack of an event that is about to be sent; returns its id. */
static __always_inline u64 keep_event_stack(void *ctx, u64 flags)
{
	u64 id = keep_stack_in_slot(ctx, flags);

	if (id == MISSED_STACK)
		__sync_fetch_and_add(&stacks_dropped, 1);
	return id;
}
