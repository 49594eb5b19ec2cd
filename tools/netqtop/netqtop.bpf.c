// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * netqtop: packets of a network interface, by queue and size.
 */
#include "../../toolkit/kernel/base/maps.h"
#include "../../toolkit/kernel/net/packet.h"

const volatile u32 target_ifindex = 0;

#define SIZES 5

struct key {
	u16 queue;
	u16 is_received;
};

struct packets {
	u64 bytes;
	u64 count;
	u64 sizes[SIZES]; /* packets below 64, 512, 2048, 16384, 65536 bytes */
};

/* Totals since the start. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8192);
	__type(key, struct key);
	__type(value, struct packets);
} queues SEC(".maps");

u64 dropped;

KERNEL_STRUCTS

struct sk_buff___queue {
	u16 queue_mapping;
};

KERNEL_STRUCTS_END

static __always_inline int count(const struct sk_buff___packet *skb, bool is_received)
{
	const struct net_device *dev = BPF_CORE_READ(skb, dev);
	struct key key = { .is_received = is_received };
	struct packets none = {};
	struct packets *packets;
	u32 length, limit = 64;

	if (BPF_CORE_READ(dev, ifindex) != target_ifindex || !is_netns_wanted(netns_of_packet(skb, NULL)))
		return 0;
	key.queue = BPF_CORE_READ((const struct sk_buff___queue *)skb, queue_mapping);
	/* skb_record_rx_queue() counts from 1; 0: the driver has a single queue, or records none. */
	if (is_received && key.queue)
		key.queue--;
	packets = lookup_or_insert(&queues, &key, &none);
	if (!packets) {
		__sync_fetch_and_add(&dropped, 1);
		return 0;
	}
	length = BPF_CORE_READ(skb, len);
	__sync_fetch_and_add(&packets->count, 1);
	__sync_fetch_and_add(&packets->bytes, length);
	for (u32 i = 0; i < SIZES; i++) {
		if (length < limit) {
			__sync_fetch_and_add(&packets->sizes[i], 1);
			break;
		}
		limit *= i == 0 || i == 2 ? 8 : 4;
	}
	return 0;
}

SEC("raw_tp/net_dev_start_xmit")
int BPF_PROG(transmit, struct sk_buff___packet *skb)
{
	return count(skb, false);
}

SEC("raw_tp/netif_receive_skb")
int BPF_PROG(receive, struct sk_buff___packet *skb)
{
	return count(skb, true);
}
