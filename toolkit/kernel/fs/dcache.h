/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Look-ups in the directory entry cache (dcache.ts chooses the programs).
 *
 * A path walk calls lookup_fast for each name. If that finds nothing, d_lookup is called, or
 * d_alloc_parallel allocates an entry at once: then the file system is asked, which is a miss. An
 * open calls both, and is reported once. A tool that includes this defines looked_up().
 */
#pragma once

#include "../base/maps.h"
#include "../base/registers.h"
#include "../task/filter.h"

KERNEL_STRUCTS

struct qstr___lookup {
	u32 len;
	const unsigned char *name;
};

struct nameidata {
	struct qstr___lookup last;
};

KERNEL_STRUCTS_END

enum lookup {
	REFERENCE, /* by a path walk */
	FOUND, /* in the cache, by the slow path */
	MISSED,
};

struct lookup_key {
	u64 parent; /* 0: none */
	u64 name;
};

/* The last miss of d_lookup in each thread; entries live as long as the thread. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 32768);
	__type(key, u32);
	__type(value, struct lookup_key);
} missed SEC(".maps");

/* Look-ups in flight, where the kernel has no fexit. */
CALLS(lookups, struct lookup_key);

/* Called for each look-up. */
static void looked_up(u32 kind, struct qstr___lookup *name);

/* Called for a look-up that found the map full. */
static void lookup_dropped(void);

SEC("kprobe")
int path_walk(u64 *registers)
{
	struct nameidata *walk = (void *)argument(registers, 0);

	if (is_wanted())
		looked_up(REFERENCE, (void *)walk + bpf_core_field_offset(struct nameidata, last));
	return 0;
}

static __noinline int end_lookup(u64 parent, u64 name, bool is_found)
{
	struct lookup_key key = { .parent = parent, .name = name };
	u32 tid = bpf_get_current_pid_tgid();

	if (!is_wanted())
		return 0;
	/* If the map is full, the same miss may be reported again, by d_alloc_parallel. */
	if (!is_found && bpf_map_update_elem(&missed, &tid, &key, BPF_ANY))
		lookup_dropped();
	looked_up(is_found ? FOUND : MISSED, (void *)name);
	return 0;
}

static __noinline int begin_allocation(u64 parent, u64 name)
{
	u32 tid = bpf_get_current_pid_tgid();
	struct lookup_key *last;

	if (!is_wanted())
		return 0;
	last = bpf_map_lookup_elem(&missed, &tid);
	if (!last || last->parent != parent || last->name != name)
		looked_up(MISSED, (void *)name);
	if (last)
		bpf_map_delete_elem(&missed, &tid);
	return 0;
}

SEC("raw_tp/sched_process_free")
int looker_freed(u64 *arguments)
{
	struct task_struct *task = (void *)arguments[0];
	u32 tid = BPF_CORE_READ(task, pid);

	bpf_map_delete_elem(&missed, &tid);
	return 0;
}

SEC("fexit/d_lookup")
int fexit_d_lookup(u64 *arguments)
{
	return end_lookup(arguments[0], arguments[1], arguments[2] != 0);
}

SEC("fentry/d_alloc_parallel")
int fentry_d_alloc_parallel(u64 *arguments)
{
	return begin_allocation(arguments[0], arguments[1]);
}

SEC("kprobe/d_lookup")
int kprobe_d_lookup(u64 *registers)
{
	struct lookup_key key = { .parent = argument(registers, 0), .name = argument(registers, 1) };

	if (is_wanted() && !keep_call(&lookups, &key))
		lookup_dropped();
	return 0;
}

SEC("kretprobe/d_lookup")
int kretprobe_d_lookup(u64 *registers)
{
	struct lookup_key *key = kept_call(&lookups);

	if (!key)
		return 0;
	end_lookup(key->parent, key->name, result(registers) != 0);
	forget_call(&lookups);
	return 0;
}

SEC("kprobe/d_alloc_parallel")
int kprobe_d_alloc_parallel(u64 *registers)
{
	return begin_allocation(argument(registers, 0), argument(registers, 1));
}
