// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * ppchcalls: how many calls to POWER's hypervisor, and how long they take.
 */
#include "../../toolkit/kernel/base/dropped.h"
#include "../../toolkit/kernel/base/maps.h"
#include "../../toolkit/kernel/task/filter.h"

const volatile s64 target_call = -1; /* -1: any */
const volatile bool failed_only = false;
const volatile s64 target_result = 0; /* 0: any */
const volatile bool by_process = false;

struct key {
	u64 opcode; /* 0 if by_process */
	u32 pid; /* 0 unless by_process */
	u32 unused;
};

struct sums {
	u64 count;
	u64 time; /* ns */
	u64 least;
	u64 most;
};

CALLS(calls, u64);

/* Totals since the last report, by call or process. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 10240);
	__type(key, struct key);
	__type(value, struct sums);
} counts SEC(".maps");

/* Arguments: the opcode, and a pointer to the arguments of the call. */
SEC("raw_tp/hcall_entry")
int enter(u64 *ctx)
{
	u64 now = bpf_ktime_get_ns();

	if ((target_call < 0 || ctx[0] == target_call) && is_wanted() && !keep_call(&calls, &now))
		__sync_fetch_and_add(&dropped, 1);
	return 0;
}

/* Arguments: the opcode, the return value, and a pointer to further results. */
SEC("raw_tp/hcall_exit")
int leave(u64 *ctx)
{
	u64 *start = kept_call(&calls), now = bpf_ktime_get_ns(), time;
	struct sums zero = { .least = -1 }, *sums;
	struct key key = {};
	s64 result = ctx[1];

	if (!start)
		return 0;
	time = (s64)(now - *start) > 0 ? now - *start : 0;
	forget_call(&calls);
	if ((failed_only && result >= 0) || (target_result && result != target_result))
		return 0;
	if (by_process)
		key.pid = current_ids() >> 32;
	else
		key.opcode = ctx[0];
	sums = lookup_or_insert(&counts, &key, &zero);
	if (!sums) {
		__sync_fetch_and_add(&dropped, 1);
		return 0;
	}
	__sync_fetch_and_add(&sums->count, 1);
	__sync_fetch_and_add(&sums->time, time);
	/* Not atomic: a value that another CPU stores at the same moment may be lost. */
	if (time < sums->least)
		sums->least = time;
	if (time > sums->most)
		sums->most = time;
	return 0;
}
