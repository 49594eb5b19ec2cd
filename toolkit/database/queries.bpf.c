// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * Queries of database servers, from begin to end: those over a threshold one by one (dbslower,
 * mysqld_qslower), or a histogram of their latency (dbstat).
 */
#include "../kernel/event_tool.h"
#include "../kernel/latency_histogram.h"
#include "../kernel/probes/probe_point.h"

#define QUERY_ROOM 1024 /* bytes of a query's text, with the NUL */
#define COM_QUERY 3 /* enum enum_server_command of MySQL and MariaDB */

const volatile u64 min_ns = 0;
const volatile bool summing = false; /* dbstat */
const volatile bool by_pid = false; /* only those in `pids` and their children */

/* The action at a probe point; queries.ts has the same numbers. */
enum {
	BEGIN, /* operands: the text, its length, the command */
	BEGIN_COMMAND, /* the same, at a function that executes any command and returns at its end */
	END,
};

struct query {
	u64 time; /* ns since boot */
	u32 is_cut;
	u32 unused;
	char text[QUERY_ROOM];
};

struct event {
	struct who who;
	u64 time;
	u64 duration_ns;
	u32 is_cut;
	u32 unused;
	char text[QUERY_ROOM];
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 10240);
	__type(key, u32);
	__type(value, struct query);
} queries SEC(".maps");

/* Server processes, by id: PostgreSQL forks a child for each client. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, u32);
	__type(value, u32);
} pids SEC(".maps");

PER_CPU(query_scratches, struct query);
PER_CPU(event_scratches, struct event);
EVENTS(events, struct event);

static __always_inline bool is_server_wanted(void)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	u32 pid, parent;

	if (!is_wanted())
		return false;
	if (!by_pid)
		return true;
	pid = current_ids() >> 32;
	parent = ids_of(BPF_CORE_READ(task, real_parent)) >> 32;
	return bpf_map_lookup_elem(&pids, &pid) || bpf_map_lookup_elem(&pids, &parent);
}

/* The text is copied now: servers reuse its memory before the query ends. */
static __always_inline int begin(void *ctx, struct probe_point *point)
{
	struct query *query = of_this_cpu(&query_scratches);
	u64 length = QUERY_ROOM;

	if (!query)
		return 0;
	if (point->kind == BEGIN_COMMAND && operand_value(ctx, &point->operands[2]) != COM_QUERY)
		return 0;
	query->text[0] = 0;
	if (!summing) {
		read_point_text(ctx, point, 0, 1, query->text, QUERY_ROOM);
		if (point->operands[1].size)
			length = operand_value(ctx, &point->operands[1]) + 1;
		else
			length = query->text[QUERY_ROOM - 2] ? QUERY_ROOM + 1 : 0;
	}
	query->is_cut = length > QUERY_ROOM;
	query->time = bpf_ktime_get_ns();
	if (!keep_call(&queries, query))
		count_in_flight_dropped();
	return 0;
}

static __always_inline int end(void)
{
	struct query *query = kept_call(&queries);
	struct event *event = of_this_cpu(&event_scratches);
	u64 duration;

	if (!query || !event)
		return 0;
	duration = bpf_ktime_get_ns() - query->time;
	if (duration >= min_ns && summing) {
		count_time(0, duration);
	} else if (duration >= min_ns) {
		set_who(&event->who);
		event->time = query->time;
		event->duration_ns = duration;
		event->is_cut = query->is_cut;
		__builtin_memcpy(event->text, query->text, QUERY_ROOM);
		send(events, event, sizeof(*event));
	}
	forget_call(&queries);
	return 0;
}

SEC("uprobe")
int at_query(u64 *ctx)
{
	struct probe_point *point = this_probe_point(ctx);

	if (!point || !is_server_wanted())
		return 0;
	return point->kind == END ? end() : begin(ctx, point);
}

/* At the return of a function that executes a command. */
SEC("uretprobe")
int at_return(u64 *ctx)
{
	return end();
}
