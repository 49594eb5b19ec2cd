// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * pidpersec: how many processes and threads are made.
 */
#include "../../toolkit/kernel/task/filter.h"

u64 made;

SEC("raw_tp/sched_process_fork")
int forked(void *ctx)
{
	if (is_wanted())
		__sync_fetch_and_add(&made, 1);
	return 0;
}
