// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * How long the operations of one type of file system take, by powers of two (dist.ts).
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
