// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * klockstat: wait and hold times of kernel mutexes, by the stack that locks them.
 *
 * Traces the functions that lock and unlock mutexes, or, where these cannot be probed, tracepoints, which
 * show waits only.
 */
#include "../../toolkit/kernel/base/maps.h"
#include "../../toolkit/kernel/base/registers.h"
#include "../../toolkit/kernel/stacks/stack_slots.h"
#include "../../toolkit/kernel/task/filter.h"

#define LCB_F_MUTEX (1U << 5) /* include/trace/events/lock.h */

enum kind {
	WAIT,
	HOLD,
};

/* The mutex that a thread waits for. */
struct wait {
	u64 time; /* ns since boot */
	u64 lock;
	u64 stack;
};

/* The holder of a mutex. */
struct hold {
	u64 time;
	u64 stack;
	u32 tid;
	u32 unused;
};

struct key {
	u64 stack;
	u32 kind;
	u32 unused;
};

struct times {
	u64 count;
	u64 total; /* ns */
	u64 most;
};

CALLS(waits, struct wait);

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, u64); /* the mutex */
	__type(value, struct hold);
} holds SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 32768); /* set by the tool: two (wait and hold) for each stack */
	__type(key, struct key);
	__type(value, struct times);
} times SEC(".maps");

u64 dropped;

static __noinline int count(u64 stack, u32 kind, u64 time)
{
	struct key key = { .stack = stack, .kind = kind };
	struct times zero = {};
	struct times *sums = lookup_or_insert(&times, &key, &zero);

	if (!sums) {
		__sync_fetch_and_add(&dropped, 1);
		return 0;
	}
	if ((s64)time < 0)
		time = 0; /* the clocks of two CPUs may differ slightly */
	__sync_fetch_and_add(&sums->count, 1);
	__sync_fetch_and_add(&sums->total, time);
	/* Not atomic: a longer time that another CPU stores at the same moment may be lost. */
	if (time > sums->most)
		sums->most = time;
	return 0;
}

static __always_inline int begin_wait(void *ctx, u64 lock)
{
	struct wait wait = { .lock = lock };

	if (!is_wanted())
		return 0;
	wait.stack = keep_stack_in_slot(ctx, 0);
	wait.time = bpf_ktime_get_ns();
	if (!keep_call(&waits, &wait))
		__sync_fetch_and_add(&dropped, 1);
	return 0;
}

static __always_inline void begin_hold(u64 lock, u64 stack, u64 now)
{
	struct hold hold = { .time = now, .stack = stack, .tid = bpf_get_current_pid_tgid() };

	if (bpf_map_update_elem(&holds, &lock, &hold, BPF_ANY))
		__sync_fetch_and_add(&dropped, 1);
}

/* Ends a wait; if the thread has locked the mutex, begins a hold. */
static __always_inline int end_wait(bool is_taken)
{
	struct wait *wait = kept_call(&waits);

	if (!wait)
		return 0;

	u64 now = bpf_ktime_get_ns();

	count(wait->stack, WAIT, now - wait->time);
	if (is_taken)
		begin_hold(wait->lock, wait->stack, now);
	forget_call(&waits);
	return 0;
}

/* mutex_trylock() locks without waiting, or fails. */
static __always_inline int tried(void *ctx, u64 lock)
{
	u64 stack;

	if (!is_wanted())
		return 0;
	stack = keep_stack_in_slot(ctx, 0);
	count(stack, WAIT, 0);
	begin_hold(lock, stack, bpf_ktime_get_ns());
	return 0;
}

static __always_inline int end_hold(u64 lock)
{
	struct hold *hold = bpf_map_lookup_elem(&holds, &lock);

	if (!hold)
		return 0;
	/* An entry of another thread is a leftover: its unlock was missed. */
	if (hold->tid == (u32)bpf_get_current_pid_tgid())
		count(hold->stack, HOLD, bpf_ktime_get_ns() - hold->time);
	bpf_map_delete_elem(&holds, &lock);
	return 0;
}

#define PROGRAM(name, section, result)                                                             \
	SEC(section)                                                                               \
	int name(u64 *ctx)                                                                         \
	{                                                                                          \
		return result;                                                                     \
	}

/* Arguments of fexit programs: those of the function, then its return value. */
PROGRAM(enter_lock, "fentry/mutex_lock", begin_wait(ctx, ctx[0]))
PROGRAM(leave_lock, "fexit/mutex_lock", end_wait(true))
PROGRAM(enter_interruptible, "fentry/mutex_lock_interruptible", begin_wait(ctx, ctx[0]))
PROGRAM(leave_interruptible, "fexit/mutex_lock_interruptible", end_wait(!(s32)ctx[1]))
PROGRAM(enter_killable, "fentry/mutex_lock_killable", begin_wait(ctx, ctx[0]))
PROGRAM(leave_killable, "fexit/mutex_lock_killable", end_wait(!(s32)ctx[1]))
PROGRAM(leave_trylock, "fexit/mutex_trylock", (u8)ctx[1] ? tried(ctx, ctx[0]) : 0)
PROGRAM(enter_unlock, "fentry/mutex_unlock", end_hold(ctx[0]))

PROGRAM(at_lock, "kprobe/mutex_lock", begin_wait(ctx, argument(ctx, 0)))
PROGRAM(after_lock, "kretprobe/mutex_lock", end_wait(true))
PROGRAM(at_interruptible, "kprobe/mutex_lock_interruptible", begin_wait(ctx, argument(ctx, 0)))
PROGRAM(after_interruptible, "kretprobe/mutex_lock_interruptible", end_wait(!(s32)result(ctx)))
PROGRAM(at_killable, "kprobe/mutex_lock_killable", begin_wait(ctx, argument(ctx, 0)))
PROGRAM(after_killable, "kretprobe/mutex_lock_killable", end_wait(!(s32)result(ctx)))
PROGRAM(at_unlock, "kprobe/mutex_unlock", end_hold(argument(ctx, 0)))

/* A thread that spins and then sleeps hits this twice: its wait began with the first hit. */
SEC("raw_tp/contention_begin")
int contention_begins(u64 *ctx)
{
	struct wait *wait;

	if (!(ctx[1] & LCB_F_MUTEX))
		return 0;
	wait = kept_call(&waits);
	return wait && wait->lock == ctx[0] ? 0 : begin_wait(ctx, ctx[0]);
}

SEC("raw_tp/contention_end")
int contention_ends(u64 *ctx)
{
	struct wait *wait = kept_call(&waits);

	return wait && wait->lock == ctx[0] ? end_wait(false) : 0;
}
