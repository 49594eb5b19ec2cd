/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Buffers per CPU, for programs that others of their kind may interrupt: each run takes a free one.
 *
 * `takers` counts the runs that try to take a buffer. Only by addition: atomic operations that return the old
 * value need Linux 5.12. A run that reads 1 after adding has the buffer; any other subtracts what it added.
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
