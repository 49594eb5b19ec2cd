/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * IP packets in a struct sk_buff.
 */
#pragma once

#include "flow.h"
#include "netns.h"

#define ETH_P_IP 0x0800
#define ETH_P_IPV6 0x86dd
#define IPV4_HEADER 20
#define IPV6_HEADER 40
#define TCP_HEADER 20

KERNEL_STRUCTS

struct net_device {
	struct net_pointer nd_net;
	int ifindex;
};

struct sk_buff___packet {
	unsigned char *head;
	__be16 protocol;
	u16 network_header; /* from `head` on */
	struct sock *sk;
	struct net_device *dev;
	unsigned int len; /* from the next header to the end */
};

KERNEL_STRUCTS_END

/* `local` is the source of a packet, `remote` its destination. */
struct packet {
	struct flow flow;
	u8 protocol; /* above IP */
	u8 tcp_flags;
};

/* Reads the ports, and the flags of TCP, from a TCP or UDP header. */
static __always_inline bool read_ports(struct packet *packet, const u8 *header)
{
	__be16 ports[2];

	if (packet->protocol != IPPROTO_TCP && packet->protocol != IPPROTO_UDP)
		return true;
	if (bpf_probe_read_kernel(ports, sizeof(ports), header))
		return false;
	packet->flow.local_port = bpf_ntohs(ports[0]);
	packet->flow.remote_port = bpf_ntohs(ports[1]);
	return packet->protocol != IPPROTO_TCP ||
	       !bpf_probe_read_kernel(&packet->tcp_flags, sizeof(packet->tcp_flags), header + 13);
}

/*
 * Reads the headers of an IP packet; false if there is none (yet), or it is a fragment other than the first.
 * Only TCP and UDP have ports. For IPv6 the protocol is that of the first extension header, if there is
 * one.
 */
static __always_inline bool read_ip_packet(struct packet *packet, const struct sk_buff___packet *skb)
{
	u16 ethernet = bpf_ntohs(BPF_CORE_READ(skb, protocol));
	const u8 *header = BPF_CORE_READ(skb, head) + BPF_CORE_READ(skb, network_header);
	u8 ip[IPV6_HEADER] = {};
	__be32 ipv4[2];
	__be16 offset;
	u32 length = IPV6_HEADER;

	packet->flow.unused = packet->flow.local_port = packet->flow.remote_port = 0;
	packet->tcp_flags = 0;
	if (ethernet == ETH_P_IP) {
		bpf_probe_read_kernel(ip, IPV4_HEADER, header);
		__builtin_memcpy(ipv4, ip + 12, sizeof(ipv4));
		__builtin_memcpy(&offset, ip + 6, sizeof(offset));
		if (ip[0] >> 4 != 4 || bpf_ntohs(offset) & 0x1fff)
			return false;
		length = (ip[0] & 15) * 4;
		packet->flow.family = AF_INET;
		packet->protocol = ip[9];
		set_mapped(packet->flow.local, ipv4[0]);
		set_mapped(packet->flow.remote, ipv4[1]);
	} else if (ethernet == ETH_P_IPV6) {
		bpf_probe_read_kernel(ip, IPV6_HEADER, header);
		if (ip[0] >> 4 != 6)
			return false;
		packet->flow.family = AF_INET6;
		packet->protocol = ip[6];
		__builtin_memcpy(packet->flow.local, ip + 8, 16);
		__builtin_memcpy(packet->flow.remote, ip + 24, 16);
	} else {
		return false;
	}
	return read_ports(packet, header + length);
}

/* The same for TCP and UDP only. */
static __always_inline bool read_packet(struct packet *packet, const struct sk_buff___packet *skb)
{
	return read_ip_packet(packet, skb) &&
	       (packet->protocol == IPPROTO_TCP || packet->protocol == IPPROTO_UDP);
}

/* The network namespace of the packet's socket, or else of its device. */
static __always_inline u32 netns_of_packet(const struct sk_buff___packet *skb, const struct sock *sk)
{
	const struct net_device *dev = BPF_CORE_READ(skb, dev);

	if (sk)
		return netns_of(sk);
	return bpf_core_field_exists(dev->nd_net.net) ? BPF_CORE_READ(dev, nd_net.net, ns.inum) : 0;
}
