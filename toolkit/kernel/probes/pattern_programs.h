/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Programs for the matches of a pattern (pattern_hooks.ts attaches them): one for each way to attach. The
 * cookie is the index of the match in the list.
 */
#pragma once

#include "../base/prelude.h"

/* Set when the tool stops: detaching may take long. */
u32 stopped;

/* One body as three programs: for functions attached one by one, and for kernel and user functions
 * attached all at once (multi links). */
#define ON_FUNCTIONS(stem, body)                                                                   \
	SEC("kprobe")                                                                              \
	int stem##_function(void *ctx)                                                             \
	{                                                                                          \
		return stopped ? 0 : body(ctx);                                                    \
	}                                                                                          \
                                                                                                   \
	SEC("kprobe.multi")                                                                        \
	int stem##_functions(void *ctx)                                                            \
	{                                                                                          \
		return stopped ? 0 : body(ctx);                                                    \
	}                                                                                          \
                                                                                                   \
	SEC("uprobe.multi")                                                                        \
	int stem##_user_functions(void *ctx)                                                       \
	{                                                                                          \
		return stopped ? 0 : body(ctx);                                                    \
	}

#define ON_TRACEPOINTS(stem, body)                                                                 \
	SEC("tracepoint")                                                                          \
	int stem##_tracepoint(void *ctx)                                                           \
	{                                                                                          \
		return stopped ? 0 : body(ctx);                                                    \
	}
