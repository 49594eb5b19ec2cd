// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * ugc: garbage collections of language runtimes, from begin to end.
 */
#include "../../toolkit/kernel/event_tool.h"
#include "../../toolkit/kernel/probes/probe_point.h"

#define NAME_TEXT_MAX 64

const volatile u64 min_ns = 0;

/* Collections nest: that of a pool runs within a whole collection, on the same thread. */
struct collection {
	u64 id; /* distinguishes collections of one kind */
	u32 tid;
	u32 kind;
};

struct begin {
	u64 time; /* ns since boot */
	u64 before[2];
};

struct event {
	struct who who;
	u64 time;
	u64 duration_ns;
	u64 before[2];
	u64 after[2];
	u32 kind;
	u32 unused;
	char manager[NAME_TEXT_MAX];
	char pool[NAME_TEXT_MAX];
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 10240);
	__type(key, struct collection);
	__type(value, struct begin);
} collections SEC(".maps");

EVENTS(events, struct event);

static __always_inline struct collection collection_at(void *ctx, struct probe_point *point)
{
	struct collection collection = {
		.id = operand_value(ctx, &point->operands[0]),
		.tid = bpf_get_current_pid_tgid(),
		.kind = point->kind / 2,
	};

	return collection;
}

static __always_inline int begin(void *ctx, struct probe_point *point)
{
	struct collection collection = collection_at(ctx, point);
	struct begin begin = {
		.time = bpf_ktime_get_ns(),
		.before = {
			operand_value(ctx, &point->operands[1]),
			operand_value(ctx, &point->operands[2]),
		},
	};

	if (bpf_map_update_elem(&collections, &collection, &begin, BPF_ANY))
		count_in_flight_dropped();
	return 0;
}

static __always_inline int end(void *ctx, struct probe_point *point, bool has_operands)
{
	struct collection collection = { .tid = bpf_get_current_pid_tgid(), .kind = point->kind / 2 };
	struct begin *begin;
	struct event event = {};

	if (has_operands)
		collection = collection_at(ctx, point);
	begin = bpf_map_lookup_elem(&collections, &collection);
	if (!begin)
		return 0;
	event.time = begin->time;
	event.duration_ns = bpf_ktime_get_ns() - begin->time;
	event.before[0] = begin->before[0];
	event.before[1] = begin->before[1];
	bpf_map_delete_elem(&collections, &collection);
	if (event.duration_ns < min_ns)
		return 0;
	event.kind = collection.kind;
	if (has_operands) {
		event.after[0] = operand_value(ctx, &point->operands[1]);
		event.after[1] = operand_value(ctx, &point->operands[2]);
		read_point_text(ctx, point, 3, 4, event.manager, sizeof(event.manager));
		/* Operand 0 is the name of the pool, and so also the collection's id. */
		read_point_text(ctx, point, 0, 5, event.pool, sizeof(event.pool));
	}
	set_who(&event.who);
	send(events, &event, sizeof(event));
	return 0;
}

SEC("uprobe")
int at_gc(u64 *ctx)
{
	struct probe_point *point = this_probe_point(ctx);

	if (!point || !is_wanted())
		return 0;
	return point->kind % 2 == 0 ? begin(ctx, point) : end(ctx, point, true);
}

/* At the return of a function that performs a collection. */
SEC("uretprobe")
int at_return(u64 *ctx)
{
	struct probe_point *point = this_probe_point(ctx);

	return point && is_wanted() ? end(ctx, point, false) : 0;
}
