// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * ustat: events of language runtimes, by process.
 */
#include "../../toolkit/kernel/base/dropped.h"
#include "../../toolkit/kernel/base/maps.h"
#include "../../toolkit/kernel/task/filter.h"

struct activity {
	u64 method;
	u64 gc;
	u64 objnew;
	u64 cload;
	u64 excp;
	u64 thread;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 10240);
	__type(key, u32);
	__type(value, struct activity);
} activities SEC(".maps");

/* The tool attaches each to the runtimes' probes of that kind. */
#define COUNT(what)                                                                                \
	SEC("uprobe")                                                                              \
	int count_##what(void *ctx)                                                                \
	{                                                                                          \
		u32 pid = current_ids() >> 32;                                                     \
		struct activity zero = {}, *activity;                                              \
                                                                                                   \
		if (!is_wanted())                                                                  \
			return 0;                                                                  \
		activity = lookup_or_insert(&activities, &pid, &zero);                             \
		if (activity)                                                                      \
			__sync_fetch_and_add(&activity->what, 1);                                  \
		else                                                                               \
			__sync_fetch_and_add(&dropped, 1);                                         \
		return 0;                                                                          \
	}

COUNT(method)
COUNT(gc)
COUNT(objnew)
COUNT(cload)
COUNT(excp)
COUNT(thread)
