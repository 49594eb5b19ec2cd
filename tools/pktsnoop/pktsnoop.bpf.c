// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * pktsnoop: packets on their way through the kernel, at tracepoints and at functions that take a packet.
 */
#include "../../toolkit/kernel/event_tool.h"
#include "../../toolkit/kernel/base/registers.h"
#include "../../toolkit/kernel/net/packet.h"
#include "../../toolkit/kernel/net/subnet.h"
#include "../../toolkit/kernel/probes/pattern_programs.h"

#define STACK_DEPTH 127 /* PERF_MAX_STACK_DEPTH of include/uapi/linux/perf_event.h */
#define STACK_SIZE (STACK_DEPTH * sizeof(u64))
#define FUNCTIONS_MAX 4096
#define IFNAMSIZ 16

/* Filters of packets; a subnet of zeros matches any address, 0 protocols or ports match any. */
const volatile struct subnet either_subnet = {};
const volatile struct subnet source_subnet = {};
const volatile struct subnet destination_subnet = {};
const volatile u32 either_ports_count = 0;
const volatile u16 either_ports[PORTS_MAX] = {};
const volatile u32 protocols_count = 0;
const volatile u16 protocols[PORTS_MAX] = {}; /* above IP */
const volatile bool with_stack = false;

/* Where a packet was seen; TRACEPOINTS of hooks.ts has the same order. */
enum place {
	FUNCTION,
	NET_DEV_QUEUE,
	NET_DEV_START_XMIT,
	NETIF_RX,
	NETIF_RECEIVE_SKB,
	NAPI_GRO_RECEIVE_ENTRY,
	QDISC_ENQUEUE,
	QDISC_DEQUEUE,
	TCP_RETRANSMIT_SKB,
	TCP_PROBE,
	SKB_COPY_DATAGRAM_IOVEC,
	KFREE_SKB,
	CONSUME_SKB,
};

struct event {
	u64 time; /* ns since boot */
	struct who who; /* the current task, related to the packet or not */
	struct flow flow; /* local: the source of the packet */
	u64 skb; /* its address identifies the packet */
	u32 netns;
	u32 length; /* bytes from the header to be processed next to the end */
	u32 place;
	u32 function; /* index in the list of functions */
	u32 reason; /* enum skb_drop_reason of the running kernel */
	s32 stack_size; /* in bytes, or -errno */
	char device[IFNAMSIZ];
	u8 protocol;
	u8 tcp_flags;
	u8 cpu;
	u8 unused[5];
	u8 stack[];
};

KERNEL_STRUCTS

struct net_device___name {
	char name[IFNAMSIZ];
};

KERNEL_STRUCTS_END

/* By index of a function: the position of its argument that is the packet, from 0. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, FUNCTIONS_MAX);
	__type(key, u32);
	__type(value, u32);
} positions SEC(".maps");

/* Buffer in which an event is built. */
PER_CPU(scratches, u8[sizeof(struct event) + STACK_SIZE]);
EVENTS(events, struct event);

static __always_inline bool is_packet_wanted(const struct packet *packet)
{
	const struct flow *flow = &packet->flow;

	return is_flow_wanted(flow) && is_port_in(protocols, protocols_count, packet->protocol) &&
	       (is_port_in(either_ports, either_ports_count, flow->local_port) ||
		is_port_in(either_ports, either_ports_count, flow->remote_port)) &&
	       (is_in_subnet(flow->local, &either_subnet) ||
		is_in_subnet(flow->remote, &either_subnet)) &&
	       is_in_subnet(flow->local, &source_subnet) &&
	       is_in_subnet(flow->remote, &destination_subnet);
}

/* `sk`: the socket, if the packet does not refer to it; `detail`: the function or the reason. */
static __noinline int seen(void *ctx, const struct sk_buff___packet *skb, const struct sock *sk, u32 place,
			   u32 detail)
{
	struct packet packet = {};
	struct event *event;
	u32 netns;

	if (!skb || !read_ip_packet(&packet, skb) || !is_packet_wanted(&packet))
		return 0;
	/*
	 * NET_DEV_QUEUE to QDISC_DEQUEUE take the namespace of `dev`: the socket may still be the sender's,
	 * in another one. Others prefer the socket: in TCP and UDP queues the union of `dev` holds other data.
	 */
	if (place < NET_DEV_QUEUE || place > QDISC_DEQUEUE)
		sk = sk ?: BPF_CORE_READ(skb, sk);
	netns = netns_of_packet(skb, sk);
	event = of_this_cpu(&scratches);
	if (!event || !is_netns_wanted(netns))
		return 0;

	const struct net_device___name *device = (void *)BPF_CORE_READ(skb, dev);

	__builtin_memset(event, 0, sizeof(*event));
	event->time = bpf_ktime_get_ns();
	set_who(&event->who);
	event->flow = packet.flow;
	event->skb = (u64)skb;
	event->netns = netns;
	event->length = BPF_CORE_READ(skb, len);
	event->place = place;
	if (place == FUNCTION)
		event->function = detail;
	else
		event->reason = detail;
	event->protocol = packet.protocol;
	event->tcp_flags = packet.tcp_flags;
	event->cpu = bpf_get_smp_processor_id();
	BPF_CORE_READ_STR_INTO(&event->device, device, name);
	if (with_stack)
		event->stack_size = bpf_get_stack(ctx, event->stack, STACK_SIZE, 0);
	if (event->stack_size > 0)
		send(events, event, sizeof(*event) + STACK_SIZE);
	else
		send(events, event, sizeof(*event));
	return 0;
}

#define ON_PACKET(tracepoint, place, argument)                                                     \
	SEC("raw_tp/" #tracepoint)                                                                 \
	int at_##tracepoint(u64 *ctx)                                                              \
	{                                                                                          \
		return seen(ctx, (const void *)ctx[argument], NULL, place, 0);                       \
	}

ON_PACKET(net_dev_queue, NET_DEV_QUEUE, 0)
ON_PACKET(net_dev_start_xmit, NET_DEV_START_XMIT, 0)
ON_PACKET(netif_rx, NETIF_RX, 0)
ON_PACKET(netif_receive_skb, NETIF_RECEIVE_SKB, 0)
ON_PACKET(napi_gro_receive_entry, NAPI_GRO_RECEIVE_ENTRY, 0)
ON_PACKET(qdisc_enqueue, QDISC_ENQUEUE, 2)
ON_PACKET(qdisc_dequeue, QDISC_DEQUEUE, 3)
ON_PACKET(tcp_retransmit_skb, TCP_RETRANSMIT_SKB, 1)
ON_PACKET(skb_copy_datagram_iovec, SKB_COPY_DATAGRAM_IOVEC, 0)
ON_PACKET(consume_skb, CONSUME_SKB, 0)

/* A packet received by a socket, which the tracepoint passes; the packet need not refer to it. */
SEC("raw_tp/tcp_probe")
int at_tcp_probe(u64 *ctx)
{
	return seen(ctx, (const void *)ctx[1], (const struct sock *)ctx[0], TCP_PROBE, 0);
}

SEC("raw_tp/kfree_skb")
int at_kfree_skb(u64 *ctx)
{
	return seen(ctx, (const void *)ctx[0], NULL, KFREE_SKB, ctx[2]);
}

static __always_inline int entered(void *ctx)
{
	u32 function = bpf_get_attach_cookie(ctx);
	u32 *position = bpf_map_lookup_elem(&positions, &function);

	if (!position)
		return 0;

	const u64 *registers = ctx;
	u64 skb = *position == 0 ? argument(registers, 0) :
		  *position == 1 ? argument(registers, 1) :
		  *position == 2 ? argument(registers, 2) : argument(registers, 3);

	return seen(ctx, (const void *)skb, NULL, FUNCTION, function);
}

ON_FUNCTIONS(entered, entered)
