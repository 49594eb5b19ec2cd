// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * runqlat: how long runnable threads wait for a CPU.
 */
#include "../../toolkit/kernel/latency_histogram.h"
#include "../../toolkit/kernel/task/ended_names.h"
#include "../../toolkit/kernel/task/run_queue.h"

const volatile bool by_namespace = false;

static __always_inline void wait_dropped(void)
{
	__sync_fetch_and_add(&dropped, 1);
}

static __always_inline void waited(struct task_struct *task, struct task_struct *previous, u64 time)
{
	count_time(by_namespace ? pid_namespace_of(task) : id_of(task), time);
}
