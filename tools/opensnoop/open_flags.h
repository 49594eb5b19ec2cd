/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * How files are opened, and the filter by flags (open_flags.ts sets it).
 */
#pragma once

#include "../../toolkit/kernel/base/prelude.h"

#define O_WRONLY 01
#define O_CREAT 0100
#define O_TRUNC 01000
#define __O_TMPFILE 020000000

/* At least one must match: flags & mask == value. An access mode is no bit: O_RDONLY is 0 in mask 3. */
#define FLAG_FILTERS_MAX 16
const volatile u32 flag_filters = 0;
const volatile u32 flag_masks[FLAG_FILTERS_MAX] = {};
const volatile u32 flag_values[FLAG_FILTERS_MAX] = {};

/* The struct open_how of openat2(2). */
struct open_how {
	u64 flags;
	u64 mode;
	u64 resolve;
};

static __always_inline bool are_flags_wanted(u32 flags)
{
	if (!flag_filters)
		return true;
	for (u32 i = 0; i < FLAG_FILTERS_MAX; i++) {
		if (i < flag_filters && (flags & flag_masks[i]) == flag_values[i])
			return true;
	}
	return false;
}

/* The mode, if the call may create a file; otherwise the kernel ignores that of open(2) and openat(2). */
static __always_inline u32 mode_of(u32 flags, u32 mode)
{
	return flags & (O_CREAT | __O_TMPFILE) ? mode : 0;
}
