// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * numamove: pages that are moved because they lie at another node than who uses them.
 */
#include "../../toolkit/kernel/base/dropped.h"
#include "../../toolkit/kernel/base/maps.h"
#include "../../toolkit/kernel/task/filter.h"

const volatile u32 numa_misplaced = 5; /* MR_NUMA_MISPLACED of enum migrate_reason */

CALLS(moves, u64);

u64 migrations;
u64 total_ns;

static __always_inline int begin(void)
{
	u64 now = bpf_ktime_get_ns();

	if (is_wanted() && !keep_call(&moves, &now))
		__sync_fetch_and_add(&dropped, 1);
	return 0;
}

static __always_inline int end(void)
{
	u64 *start = kept_call(&moves);
	u64 now = bpf_ktime_get_ns();

	if (!start)
		return 0;
	__sync_fetch_and_add(&migrations, 1);
	if ((s64)(now - *start) > 0)
		__sync_fetch_and_add(&total_ns, now - *start);
	forget_call(&moves);
	return 0;
}

#define PROGRAM(name, section, result)                                                             \
	SEC(section)                                                                               \
	int name(u64 *ctx)                                                                         \
	{                                                                                          \
		return result;                                                                     \
	}

/* Since Linux 6.7, and before. */
PROGRAM(begin_folio, "fentry/migrate_misplaced_folio", begin())
PROGRAM(end_folio, "fexit/migrate_misplaced_folio", end())
PROGRAM(begin_page, "fentry/migrate_misplaced_page", begin())
PROGRAM(end_page, "fexit/migrate_misplaced_page", end())

/* The reason is the last argument of both: (mode, reason) and (succeeded, failed, thp_succeeded,
 * thp_failed, thp_split, …, mode, reason). The first tells whose end the second is. */
SEC("raw_tp/mm_migrate_pages_start")
int migration_begins(u64 *ctx)
{
	return (u32)ctx[1] == numa_misplaced ? begin() : 0;
}

SEC("raw_tp/mm_migrate_pages")
int migration_ends(u64 *ctx)
{
	return end();
}
