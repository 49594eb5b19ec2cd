// SPDX-License-Identifier: MIT OR GPL-2.0-only
/* Fills a ring buffer or a perf buffer, for Python bcc. */
#include "events.h"

BPF_RINGBUF_OUTPUT(ring, 16384);
BPF_PERF_OUTPUT(perf);

int ring_open(struct bpf_raw_tracepoint_args *ctx)
{
	struct open_event event = {};

	for (u32 i = 0; i < EVENTS_PER_RUN; i++) {
		make_open(&event, ctx->args[0] + i);
		ring.ringbuf_output(&event, sizeof(event), 0);
	}
	return 0;
}

int ring_small(struct bpf_raw_tracepoint_args *ctx)
{
	struct small_event event = {};

	for (u32 i = 0; i < EVENTS_PER_RUN; i++) {
		make_small(&event, ctx->args[0] + i);
		ring.ringbuf_output(&event, sizeof(event), 0);
	}
	return 0;
}

int perf_open(struct bpf_raw_tracepoint_args *ctx)
{
	struct open_event event = {};

	for (u32 i = 0; i < EVENTS_PER_RUN; i++) {
		make_open(&event, ctx->args[0] + i);
		perf.perf_submit(ctx, &event, sizeof(event));
	}
	return 0;
}

int perf_small(struct bpf_raw_tracepoint_args *ctx)
{
	struct small_event event = {};

	for (u32 i = 0; i < EVENTS_PER_RUN; i++) {
		make_small(&event, ctx->args[0] + i);
		perf.perf_submit(ctx, &event, sizeof(event));
	}
	return 0;
}
