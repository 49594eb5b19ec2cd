// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * deadlock: which mutexes the threads of a process take while they hold others.
 */
#include "../../toolkit/kernel/base/dropped.h"
#include "../../toolkit/kernel/base/maps.h"
#include "../../toolkit/kernel/base/registers.h"
#include "../../toolkit/kernel/stacks/stack_slots.h"
#include "../../toolkit/kernel/task/filter.h"

#define HELD 16 /* mutexes recorded at a time for each thread; a power of two */

/* Where a mutex was taken: the caller of the lock function, and the stack above it. */
struct place {
	u64 caller;
	u64 stack;
};

struct held {
	u64 mutex; /* 0: none */
	u64 times; /* a recursive mutex may be locked repeatedly */
	struct place place;
};

struct thread {
	struct held held[HELD];
};

struct edge_key {
	u64 held;
	u64 asked;
};

/* The first time that a thread locked mutex `asked` while it held mutex `held`. */
struct edge {
	struct place held;
	struct place asked;
	u64 time; /* ns since boot */
	u32 tid;
	u32 unused;
	char comm[TASK_COMM_LEN];
};

/* How a thread was created. */
struct birth {
	struct place place; /* zeros: created by a function that is not probed */
	u64 time; /* ns since boot */
	u32 parent;
	u32 unused;
	char comm[TASK_COMM_LEN]; /* the parent's */
};

/* By thread id in the initial pid namespace. The tool sets the sizes of this map and those below. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 65536);
	__type(key, u32);
	__type(value, struct thread);
} threads SEC(".maps");

/* Threads in pthread_create, by thread id as above, with the place of the call. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 65536);
	__type(key, u32);
	__type(value, struct place);
} creations SEC(".maps");

/* By the new thread's id in the pid namespace that the tool shows. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 65536);
	__type(key, u32);
	__type(value, struct birth);
} births SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 65536);
	__type(key, struct edge_key);
	__type(value, struct edge);
} edges SEC(".maps");

/* The initial value of a thread's entry: too large for the BPF stack. */
static struct thread nothing_held;

u64 too_many_held; /* mutexes taken by threads that held HELD others already */

static __always_inline void add_edge(struct held *held, u64 mutex, struct place *place)
{
	struct edge_key key = { .held = held->mutex, .asked = mutex };
	struct edge edge = {
		.held = held->place,
		.asked = *place,
		.time = bpf_ktime_get_ns(),
		.tid = current_ids(),
	};

	if (bpf_map_lookup_elem(&edges, &key))
		return;
	bpf_get_current_comm(edge.comm, sizeof(edge.comm));
	if (bpf_map_update_elem(&edges, &key, &edge, BPF_NOEXIST) &&
	    !bpf_map_lookup_elem(&edges, &key))
		__sync_fetch_and_add(&dropped, 1);
}

/* The caller is read apart: at the first instruction of a function, frame pointers do not lead to it yet. */
static __always_inline void set_place(struct place *place, u64 *ctx)
{
	place->caller = return_address(ctx);
	place->stack = keep_stack_in_slot(ctx, BPF_F_USER_STACK);
}

/* At the entry of a function that locks the mutex given by its first argument. */
SEC("uprobe")
int asked(u64 *ctx)
{
	u32 tid = bpf_get_current_pid_tgid();
	u64 mutex = argument(ctx, 0);
	u32 free = HELD;
	struct thread *thread;
	struct place place = {};

	if (!mutex || !is_wanted())
		return 0;
	thread = lookup_or_insert(&threads, &tid, &nothing_held);
	if (!thread) {
		__sync_fetch_and_add(&dropped, 1);
		return 0;
	}
	for (u32 i = 0; i < HELD; i++) {
		struct held *held = &thread->held[i];

		if (held->mutex == mutex) {
			held->times++;
			return 0;
		}
		if (!held->mutex && free == HELD)
			free = i;
	}
	set_place(&place, ctx);
	for (u32 i = 0; i < HELD; i++)
		if (thread->held[i].mutex)
			add_edge(&thread->held[i], mutex, &place);
	if (free == HELD) {
		__sync_fetch_and_add(&too_many_held, 1);
		return 0;
	}
	thread->held[free & (HELD - 1)] = (struct held){ mutex, 1, place };
	return 0;
}

/* At the entry of a function that unlocks a mutex. */
SEC("uprobe")
int left(u64 *ctx)
{
	u32 tid = bpf_get_current_pid_tgid();
	u64 mutex = argument(ctx, 0);
	struct thread *thread = bpf_map_lookup_elem(&threads, &tid);

	if (!thread || !mutex)
		return 0;
	for (u32 i = 0; i < HELD; i++) {
		struct held *held = &thread->held[i];

		if (held->mutex == mutex && --held->times == 0)
			held->mutex = 0;
	}
	return 0;
}

/* At the entry of pthread_create. */
SEC("uprobe")
int creating(u64 *ctx)
{
	u32 tid = bpf_get_current_pid_tgid();
	struct place place = {};

	if (!is_wanted())
		return 0;
	set_place(&place, ctx);
	if (bpf_map_update_elem(&creations, &tid, &place, BPF_ANY))
		__sync_fetch_and_add(&dropped, 1);
	return 0;
}

SEC("raw_tp/sched_process_fork")
int BPF_PROG(forked, struct task_struct *parent, struct task_struct *child)
{
	struct birth birth = { .parent = current_ids(), .time = bpf_ktime_get_ns() };
	u32 tid = ids_of(child), own_tid = bpf_get_current_pid_tgid();
	struct place *place;

	if (!is_wanted() || BPF_CORE_READ(child, tgid) != BPF_CORE_READ(parent, tgid))
		return 0;
	bpf_get_current_comm(birth.comm, sizeof(birth.comm));
	place = bpf_map_lookup_elem(&creations, &own_tid);
	if (place)
		birth.place = *place;
	bpf_map_delete_elem(&creations, &own_tid);
	if (bpf_map_update_elem(&births, &tid, &birth, BPF_ANY))
		__sync_fetch_and_add(&dropped, 1);
	return 0;
}

SEC("raw_tp/sched_process_exit")
int ended(void *ctx)
{
	u32 tid = bpf_get_current_pid_tgid();

	bpf_map_delete_elem(&threads, &tid);
	bpf_map_delete_elem(&creations, &tid);
	return 0;
}
