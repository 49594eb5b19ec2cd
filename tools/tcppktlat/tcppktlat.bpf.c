// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * tcppktlat: how long received bytes wait in a TCP socket until its process reads them.
 */
#include "../../toolkit/kernel/event_tool.h"
#include "../../toolkit/kernel/net/mptcp.h"
#include "../../toolkit/kernel/net/netns.h"
#include "../../toolkit/kernel/net/packet.h"

#define E2BIG 7 /* a full hash map says so */

const volatile u64 min_ns = 0;

struct event {
	u64 time; /* ns since boot, when it is read */
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
	u32 copied_seq; /* up to where the process has read */
};

KERNEL_STRUCTS_END

/* The oldest packet with bytes that nobody has read. */
struct arrival {
	u64 time;
	u32 copied_seq; /* as it was then */
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

/* Whether there is anything behind the TCP header, which is where the packet begins here. */
static __always_inline bool has_payload(const struct sk_buff___packet *skb)
{
	const u8 *header = BPF_CORE_READ((const struct sk_buff___data *)skb, data);
	u8 offset = 0; /* in its upper half, the header's length in words */

	bpf_probe_read_kernel(&offset, sizeof(offset), header + 12);
	return BPF_CORE_READ(skb, len) > (u32)(offset >> 4) * 4;
}

/* A packet of an established connection arrives. */
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
	/* The socket may hold an older one; only a full map is a loss. */
	if (bpf_map_update_elem(&arrivals, &key, &arrival, BPF_NOEXIST) == -E2BIG)
		count_in_flight_dropped();
	return 0;
}

/* The current process has been given bytes, or has looked at them (MSG_PEEK). */
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
