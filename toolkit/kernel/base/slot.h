/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Rooms of one CPU, of which a program takes a free one: others of its kind may run in between.
 *
 * By addition alone: atomic operations that give the old value came with Linux 5.12. Whoever finds that only it
 * has added has the room; all others take back what they added.
 */
#pragma once

#include "prelude.h"

static __always_inline bool take_slot(u64 *takers)
{
	__sync_fetch_and_add(takers, 1);
	if (*(volatile u64 *)takers == 1)
		return true;
	__sync_fetch_and_add(takers, -1);
	return false;
}

static __always_inline void give_slot(u64 *takers)
{
	__sync_fetch_and_add(takers, -1);
}
