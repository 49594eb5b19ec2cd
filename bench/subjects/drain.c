// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * Reading events with libbpf: drain OBJECT ring|perf open|small|tool|deep decoded|count
 *
 * "decoded": reads every member of an event, and computes the length of every string.
 */
#include "peer.h"

typedef unsigned char u8;
typedef unsigned int u32;
typedef int s32;
typedef unsigned long long u64;

#include "events.h"

#define MOST_ROUNDS 40

static u64 count, sum, letters;

static void take_open(const struct open_event *event)
{
	sum += event->time + event->pid + event->ret + event->flags;
	letters += strnlen(event->comm, sizeof(event->comm));
	letters += strnlen(event->path, sizeof(event->path));
}

static void take_small(const struct small_event *event)
{
	sum += event->time + event->bytes + event->pid + event->cpu;
}

static void take_tool(const struct tool_event *event)
{
	sum += event->time + event->ret + event->flags + event->mode + event->cut;
	sum += event->who.cgroup + event->who.pid + event->who.tid + event->who.uid + event->who.gid;
	letters += strnlen(event->who.comm, sizeof(event->who.comm));
	letters += strnlen(event->text, sizeof(event->text));
}

static void take_deep(const struct deep_event *event)
{
	sum += event->time;
	for (int i = 0; i < 2; i++)
		sum += event->places[i].bytes + event->places[i].device + event->places[i].sector;
	for (int i = 0; i < 8; i++)
		sum += event->slots[i];
}

static int ring_each(void *context, void *data, size_t size)
{
	count++;
	switch ((long)context) {
	case 'o':
		take_open(data);
		break;
	case 's':
		take_small(data);
		break;
	case 't':
		take_tool(data);
		break;
	case 'd':
		take_deep(data);
		break;
	}
	return 0;
}

static void perf_each(void *context, int cpu, void *data, u32 size)
{
	ring_each(context, data, size);
}

int main(int argc, char **argv)
{
	int is_ring = strcmp(argv[2], "ring") == 0;
	void *context = (void *)(long)(strcmp(argv[4], "count") == 0 ? 0 : argv[3][0]);
	struct bpf_object *object = load(argv[1]);
	struct ring_buffer *ring = NULL;
	struct perf_buffer *perf = NULL;
	/*
	 * Fewer rounds for a perf buffer: filling it, which is not measured, takes the kernel 5 us
	 * an event.
	 */
	int rounds = is_ring ? MOST_ROUNDS : 7;
	int runs = is_ring ? 200 : 100;
	double rates[MOST_ROUNDS];
	char name[32];

	snprintf(name, sizeof(name), "%s_%s", argv[2], argv[3]);
	int program = bpf_program__fd(bpf_object__find_program_by_name(object, name));
	int map = bpf_object__find_map_fd_by_name(object, argv[2]);
	if (is_ring)
		ring = ring_buffer__new(map, ring_each, context, NULL);
	else
		perf = perf_buffer__new(map, 8192, perf_each, NULL, context, NULL);
	CHECK(ring || perf, "buffer");

	for (int round = 0; round < rounds; round++) {
		for (int i = 0; i < runs; i++)
			run(program, i * EVENTS_PER_RUN);
		double start = now();
		if (is_ring)
			ring_buffer__consume(ring);
		else
			perf_buffer__consume(perf);
		rates[round] = runs * EVENTS_PER_RUN / (now() - start) / 1e6;
	}
	CHECK(count == (u64)rounds * runs * EVENTS_PER_RUN, "events are missing");
	CHECK(!context || sum + letters > count, "nothing was read");
	report("M events/s", median(rates, rounds));
	return 0;
}
