// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * futexctn: how long threads wait for user space locks (futexes), by lock and stack.
 */
#include "../../toolkit/kernel/base/log2.h"
#include "../../toolkit/kernel/base/maps.h"
#include "../../toolkit/kernel/stacks/stack_slots.h"
#include "../../toolkit/kernel/task/filter.h"

#define FUTEX_WAIT 0
#define FUTEX_COMMAND 0x7f /* without FUTEX_PRIVATE_FLAG and FUTEX_CLOCK_REALTIME */
#define SLOTS 32

const volatile u64 target_lock = 0; /* 0: any */
const volatile bool summary = false;
const volatile u32 unit_ns = 1000;

struct call {
	u64 time; /* ns since boot */
	u64 lock;
};

struct key {
	u64 stack; /* 0 if summary */
	u64 lock;
	u32 pid;
	u32 tid; /* equals pid if summary */
};

struct waits {
	u64 count;
	u64 total; /* in unit_ns, as least and most */
	u64 least;
	u64 most;
	u64 first; /* ns since boot */
	char comm[TASK_COMM_LEN];
	u32 slots[SLOTS];
};

CALLS(calls, struct call);

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 10240);
	__type(key, struct key);
	__type(value, struct waits);
} locks SEC(".maps");

/* The initial value of an entry: too large for the BPF stack. */
PER_CPU(initial, struct waits);

u64 dropped;

static __noinline int enter(u64 lock, u32 operation)
{
	struct call call = { .lock = lock };

	if ((operation & FUTEX_COMMAND) != FUTEX_WAIT || (target_lock && lock != target_lock))
		return 0;
	if (!is_wanted())
		return 0;
	call.time = bpf_ktime_get_ns();
	if (!keep_call(&calls, &call))
		__sync_fetch_and_add(&dropped, 1);
	return 0;
}

static __always_inline void count_wait(struct waits *waits, u64 time)
{
	u32 slot = log2_slot(time);

	__sync_fetch_and_add(&waits->count, 1);
	__sync_fetch_and_add(&waits->total, time);
	/* Not atomic: a wait that ends on another CPU at the same time may be lost for least and most. */
	if (time < waits->least)
		waits->least = time;
	if (time > waits->most)
		waits->most = time;
	__sync_fetch_and_add(&waits->slots[slot < SLOTS ? slot : SLOTS - 1], 1);
}

static __always_inline int leave(void *ctx, s64 result)
{
	struct call *call = kept_call(&calls);

	if (!call)
		return 0; /* the usual case: another futex operation, or filtered out */

	u64 now = bpf_ktime_get_ns();
	u64 ids = current_ids();
	struct key key = { .pid = ids >> 32, .tid = summary ? ids >> 32 : ids };
	struct waits *zero = of_this_cpu(&initial);
	struct waits *waits;

	if (result >= 0 && zero) {
		key.lock = call->lock;
		if (!summary)
			key.stack = keep_stack_in_slot(ctx, BPF_F_USER_STACK);
		waits = bpf_map_lookup_elem(&locks, &key);
		if (!waits) {
			zero->least = -1;
			zero->first = now;
			bpf_get_current_comm(zero->comm, sizeof(zero->comm));
			waits = lookup_or_insert(&locks, &key, zero);
		}
		if (waits)
			count_wait(waits, (now - call->time) / unit_ns);
		else
			__sync_fetch_and_add(&dropped, 1);
	}
	forget_call(&calls);
	return 0;
}

AT_ENTRY(futex, enter(ctx->args[0], ctx->args[1]))
AT_EXIT(futex, leave(ctx, ctx->ret))
