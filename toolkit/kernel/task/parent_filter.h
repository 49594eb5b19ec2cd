/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The filter by parent process.
 */
#pragma once

#include "filter.h"

const volatile u32 target_ppid = 0; /* 0: any */

/* Whether the current thread passes this filter and all of filter.h. */
static __always_inline bool is_child_wanted(void)
{
	return is_wanted() && (!target_ppid || parent_pid() == target_ppid);
}
