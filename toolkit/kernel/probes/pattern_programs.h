/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Programs on what a pattern matches (pattern_hooks.ts attaches them): one for each way to attach. The
 * cookie is the match's place in the list.
 */
#pragma once

#include "../base/prelude.h"

/* Set when the tool has seen enough: detaching may take long. */
u32 stopped;

/* The same on functions that are attached one by one, on kernel functions and on user functions that
 * are attached all at once. */
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
