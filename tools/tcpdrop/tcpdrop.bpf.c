// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * tcpdrop: TCP packets that the kernel drops, with reason and kernel stack.
 */
#include "../../toolkit/kernel/event_tool.h"
#include "../../toolkit/kernel/net/packet.h"

#define STACK_DEPTH 127 /* PERF_MAX_STACK_DEPTH of include/uapi/linux/perf_event.h */

struct event {
	struct who who; /* the current task, related to the packet or not */
	struct flow flow; /* local: the source of the packet */
	u32 netns;
	u32 reason; /* enum skb_drop_reason of the running kernel */
	u32 state; /* of the socket; 0: no known socket */
	u32 tcp_flags;
	s32 kernel_size; /* bytes of the stack, or -errno */
	u32 unused;
	u64 kernel[STACK_DEPTH];
};

/* Buffer in which an event is built: too large for the BPF stack. */
PER_CPU(scratches, struct event);
EVENTS(events, struct event);

static __always_inline int dropped(void *ctx, const struct sk_buff___packet *skb, u32 reason,
				   const struct sock *sk)
{
	struct packet packet = {};
	struct event *event;

	if (!read_packet(&packet, skb) || packet.protocol != IPPROTO_TCP || !is_flow_wanted(&packet.flow))
		return 0;
	event = of_this_cpu(&scratches);
	if (!event)
		return 0;
	if (!sk)
		sk = BPF_CORE_READ(skb, sk);
	event->netns = netns_of_packet(skb, sk);
	if (!is_netns_wanted(event->netns))
		return 0;
	set_who(&event->who);
	event->flow = packet.flow;
	event->reason = reason;
	event->state = BPF_CORE_READ(sk, __sk_common.skc_state);
	event->tcp_flags = packet.tcp_flags;
	event->kernel_size = bpf_get_stack(ctx, event->kernel, sizeof(event->kernel), 0);
	send(events, event, sizeof(*event));
	return 0;
}

/* Since Linux 5.17. */
SEC("raw_tp/kfree_skb")
int drop(u64 *ctx)
{
	return dropped(ctx, (void *)ctx[0], ctx[2], NULL);
}

/* Since Linux 6.11, with the receiving socket. */
SEC("raw_tp/kfree_skb")
int drop_received(u64 *ctx)
{
	return dropped(ctx, (void *)ctx[0], ctx[2], (const struct sock *)ctx[3]);
}
