/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * A stack as programs collect it, and the ids that mean that there is none.
 */
#pragma once

#include "../base/prelude.h"

#define STACK_DEPTH 127 /* PERF_MAX_STACK_DEPTH of include/uapi/linux/perf_event.h */

/* Stack id: NO_STACK, MISSED_STACK, or a hash of the frames. */
#define NO_STACK 0
#define MISSED_STACK 1

struct stack {
	u64 frames[STACK_DEPTH]; /* innermost first, then zeros */
};
