// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * Log2 histograms of the latency of operations of one type of file system (dist.ts).
 */
#include "../../toolkit/kernel/fs/operations.h"
#include "../../toolkit/kernel/latency_histogram.h"

static void operation_dropped(void)
{
	__sync_fetch_and_add(&dropped, 1);
}

static void operation_done(u32 kind, struct operation *operation, s64 size)
{
	count_time(kind, bpf_ktime_get_ns() - operation->start);
}
