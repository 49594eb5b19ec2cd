// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * syscount: number and latency of system calls.
 */
#include "../../toolkit/kernel/base/maps.h"
#include "../../toolkit/kernel/task/ended_names.h"
#include "../../toolkit/kernel/task/compat_call.h"
#include "../../toolkit/kernel/task/parent_filter.h"
#include "../../toolkit/kernel/task/task_time.h"

#define COMPAT 0x80000000 /* set in numbers of 32-bit system calls, which have a table of their own */

const volatile s32 target_call = -1; /* -1: any */
const volatile bool failed_only = false;
const volatile u32 target_errno = 0; /* 0: any */
const volatile bool with_latency = false;
const volatile bool by_process = false;

/* Fields of raw_syscalls/sys_exit; those of sys_enter begin the same way. */
struct raw_syscall {
	u64 common;
	s64 nr;
	s64 ret;
};

struct sums {
	u64 count;
	u64 time; /* ns */
};

/* Totals since the start, by call or process. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(max_entries, 10240);
	__type(key, u32);
	__type(value, struct sums);
} counts SEC(".maps");

u64 dropped;

static __always_inline bool is_call_wanted(struct task_struct *task, s64 nr)
{
	if (target_call >= 0 && (nr != target_call || is_compat_call(task)))
		return false;
	return is_child_wanted();
}

SEC("tracepoint/raw_syscalls/sys_enter")
int enter(struct raw_syscall *ctx)
{
	struct task_struct *task = bpf_get_current_task_btf();

	if (is_call_wanted(task, ctx->nr) && !keep_time(task, bpf_ktime_get_ns()))
		__sync_fetch_and_add(&dropped, 1);
	return 0;
}

SEC("tracepoint/raw_syscalls/sys_exit")
int leave(struct raw_syscall *ctx)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct sums zero = {};
	u64 start = 0;
	u32 key;

	if (with_latency)
		start = take_time(task);
	if (ctx->nr < 0)
		return 0; /* rt_sigreturn: it restored the registers of the interrupted code */
	if (with_latency ? !start : !is_call_wanted(task, ctx->nr))
		return 0;
	if ((failed_only && ctx->ret >= 0) || (target_errno && ctx->ret != -(s64)target_errno))
		return 0;
	if (by_process)
		key = current_ids() >> 32;
	else
		key = ctx->nr | (is_compat_call(task) ? COMPAT : 0);

	struct sums *sums = lookup_or_insert(&counts, &key, &zero);

	if (!sums) {
		__sync_fetch_and_add(&dropped, 1);
		return 0;
	}
	/* No atomic is needed: the map is per CPU, and no other program counts on this CPU meanwhile. */
	sums->count++;
	if (with_latency)
		sums->time += bpf_ktime_get_ns() - start;
	return 0;
}
