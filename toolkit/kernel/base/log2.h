/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Slots of log2 histograms.
 */
#pragma once

#include "prelude.h"

/* The slot of a number, as in bcc: 1 for 0 and 1, n for 2^(n-1) to 2^n - 1. */
static __always_inline u32 log2_slot(u64 value)
{
	u32 slot = 1;

	for (u32 bits = 32; bits > 0; bits /= 2) {
		if (value >> bits) {
			value >>= bits;
			slot += bits;
		}
	}
	return slot;
}
