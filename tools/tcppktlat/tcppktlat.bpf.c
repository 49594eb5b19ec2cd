// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * tcppktlat: how long received data waits in a TCP socket until it is read.
 */
#include "../../toolkit/kernel/event_tool.h"
#include "../../toolkit/kernel/net/mptcp.h"
#include "../../toolkit/kernel/net/netns.h"
#include "../../toolkit/kernel/net/packet.h"

#define E2BIG 7 /* returned for a full hash map */

const volatile u64 min_ns = 0;

struct event {
	u64 time; /* ns since boot, at the read */
	struct who who;
	struct flow flow;
	u64 duration_ns;
	u32 netns;
	u32 unused;
};

KERNEL_STRUCTS

struct sk_buff___data {
	unsigned char *data;
};

struct tcp_sock___read {
	u32 copied_seq; /* first byte not read yet */
};

KERNEL_STRUCTS_END

/* The oldest packet with unread data. */
struct arrival {
	u64 time;
	u32 copied_seq; /* at that time */
	u32 unused;
};

/* By address of a struct sock. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__type(key, u64);
	__type(value, struct arrival);
} arrivals SEC(".maps");

EVENTS(events, struct event);

static __always_inline u32 copied_seq(const struct sock *sk)
{
	return BPF_CORE_READ((const struct tcp_sock___read *)sk, copied_seq);
}

/* Whether data follows the TCP header; the packet begins with that header here. */
static __always_inline bool has_payload(const struct sk_buff___packet *skb)
{
	const u8 *header = BPF_CORE_READ((const struct sk_buff___data *)skb, data);
	u8 offset = 0; /* upper four bits: header length in words */

	bpf_probe_read_kernel(&offset, sizeof(offset), header + 12);
	return BPF_CORE_READ(skb, len) > (u32)(offset >> 4) * 4;
}

/* A packet of an established connection arrived. */
SEC("raw_tp/tcp_probe")
int BPF_PROG(packet_received, struct sock *sk, struct sk_buff___packet *skb)
{
	u64 key = (u64)sk;
	struct arrival arrival = { .time = bpf_ktime_get_ns(), .copied_seq = copied_seq(sk) };
	struct flow flow;

	if (is_subflow(sk) || !has_payload(skb))
		return 0;
	read_flow(&flow, sk);
	if (!is_flow_wanted(&flow) || !is_netns_wanted(netns_of(sk)))
		return 0;
	/* Fails too if an older packet is unread; only a full map is a loss. */
	if (bpf_map_update_elem(&arrivals, &key, &arrival, BPF_NOEXIST) == -E2BIG)
		count_in_flight_dropped();
	return 0;
}

/* The current process read data, or peeked at it (MSG_PEEK). */
SEC("raw_tp/tcp_rcv_space_adjust")
int BPF_PROG(packet_read, struct sock *sk)
{
	u64 key = (u64)sk;
	struct arrival *arrival = bpf_map_lookup_elem(&arrivals, &key);
	struct event event = { .time = bpf_ktime_get_ns() };

	if (!arrival || arrival->copied_seq == copied_seq(sk))
		return 0;
	event.duration_ns = event.time - arrival->time;
	bpf_map_delete_elem(&arrivals, &key);
	if (event.duration_ns < min_ns || !is_wanted())
		return 0;
	read_flow(&event.flow, sk);
	event.netns = netns_of(sk);
	set_who(&event.who);
	send(events, &event, sizeof(event));
	return 0;
}

SEC("raw_tp/tcp_destroy_sock")
int BPF_PROG(destroy, struct sock *sk)
{
	u64 key = (u64)sk;

	bpf_map_delete_elem(&arrivals, &key);
	return 0;
}
