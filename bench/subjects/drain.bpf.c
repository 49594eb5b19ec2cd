// SPDX-License-Identifier: MIT OR GPL-2.0-only
/* Fills a ring buffer or a perf buffer, for Deno, Bun and C. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

typedef __u8 u8;
typedef __u32 u32;
typedef __s32 s32;
typedef __u64 u64;

#include "events.h"

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 64 * 1024 * 1024);
} ring SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
	__uint(key_size, sizeof(u32));
	__uint(value_size, sizeof(u32));
} perf SEC(".maps");

/* So that BTF describes them. */
struct open_event *open_event_type;
struct small_event *small_event_type;
struct tool_event *tool_event_type;
struct deep_event *deep_event_type;

#define TO_RING(event) bpf_ringbuf_output(&ring, event, sizeof(*event), 0)
#define TO_PERF(event)                                                                             \
	bpf_perf_event_output(ctx, &perf, BPF_F_CURRENT_CPU, event, sizeof(*event))

SEC("raw_tp")
int ring_open(struct bpf_raw_tracepoint_args *ctx)
{
	struct open_event event = {};

	for (u32 i = 0; i < EVENTS_PER_RUN; i++) {
		make_open(&event, ctx->args[0] + i);
		TO_RING(&event);
	}
	return 0;
}

SEC("raw_tp")
int ring_small(struct bpf_raw_tracepoint_args *ctx)
{
	struct small_event event = {};

	for (u32 i = 0; i < EVENTS_PER_RUN; i++) {
		make_small(&event, ctx->args[0] + i);
		TO_RING(&event);
	}
	return 0;
}

SEC("raw_tp")
int ring_tool(struct bpf_raw_tracepoint_args *ctx)
{
	struct tool_event event = {};

	for (u32 i = 0; i < EVENTS_PER_RUN; i++) {
		make_tool(&event, ctx->args[0] + i);
		TO_RING(&event);
	}
	return 0;
}

SEC("raw_tp")
int ring_deep(struct bpf_raw_tracepoint_args *ctx)
{
	struct deep_event event = {};

	for (u32 i = 0; i < EVENTS_PER_RUN; i++) {
		make_deep(&event, ctx->args[0] + i);
		TO_RING(&event);
	}
	return 0;
}

SEC("raw_tp")
int perf_open(struct bpf_raw_tracepoint_args *ctx)
{
	struct open_event event = {};

	for (u32 i = 0; i < EVENTS_PER_RUN; i++) {
		make_open(&event, ctx->args[0] + i);
		TO_PERF(&event);
	}
	return 0;
}

SEC("raw_tp")
int perf_small(struct bpf_raw_tracepoint_args *ctx)
{
	struct small_event event = {};

	for (u32 i = 0; i < EVENTS_PER_RUN; i++) {
		make_small(&event, ctx->args[0] + i);
		TO_PERF(&event);
	}
	return 0;
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";
