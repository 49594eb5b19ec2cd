// SPDX-License-Identifier: MIT OR GPL-2.0-only
/* Counts, drops and redirects the UDP datagrams to one port, at each hook a packet passes. */
#include "base/prelude.h"
#include <bpf/bpf_helpers.h>

#define BPF_MAP_TYPE_DEVMAP 14
#define BPF_MAP_TYPE_CPUMAP 16
#define BPF_MAP_TYPE_XSKMAP 17

#define XDP_DROP 1
#define XDP_PASS 2
#define XDP_REDIRECT 4
#define TC_ACT_OK 0
#define TC_ACT_SHOT 2
#define ETH_P_IP 0x0800
#define IPPROTO_UDP 17

/* The leading parts of struct xdp_md and struct __sk_buff (include/uapi/linux/bpf.h). */
struct xdp_md {
	u32 data;
	u32 data_end;
};

struct __sk_buff {
	u32 len;
};

/* Ethernet, IPv4 without options, UDP. */
struct headers {
	u8 addresses[12];
	u16 type;
	u8 before[9];
	u8 protocol;
	u8 after[10];
	u16 source_port;
	u16 port;
	u32 rest;
} __attribute__((packed));

const volatile u16 port = 0;

u64 seen = 0;
u64 redirected = 0;

struct {
	__uint(type, BPF_MAP_TYPE_DEVMAP);
	__uint(max_entries, 2);
	__type(key, u32);
	__type(value, u32);
} devices SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_CPUMAP);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, u32);
} cpus SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_XSKMAP);
	__uint(max_entries, 2);
	__type(key, u32);
	__type(value, u32);
} sockets SEC(".maps");

static bool is_ours(const struct headers *packet)
{
	return packet->type == __builtin_bswap16(ETH_P_IP) && packet->protocol == IPPROTO_UDP &&
	       packet->port == __builtin_bswap16(port);
}

static bool count_frame(struct xdp_md *ctx)
{
	struct headers *packet = (void *)(long)ctx->data;

	if ((void *)(packet + 1) > (void *)(long)ctx->data_end || !is_ours(packet))
		return false;
	__sync_fetch_and_add(&seen, 1);
	return true;
}

static bool count_packet(struct __sk_buff *skb)
{
	struct headers packet;

	if (bpf_skb_load_bytes(skb, 0, &packet, sizeof(packet)) < 0 || !is_ours(&packet))
		return false;
	__sync_fetch_and_add(&seen, 1);
	return true;
}

static int redirect(struct xdp_md *ctx, void *map)
{
	int verdict;

	if (!count_frame(ctx))
		return XDP_PASS;
	verdict = bpf_redirect_map(map, 0, XDP_PASS);
	if (verdict == XDP_REDIRECT)
		__sync_fetch_and_add(&redirected, 1);
	return verdict;
}

SEC("xdp")
int xdp_count(struct xdp_md *ctx)
{
	count_frame(ctx);
	return XDP_PASS;
}

SEC("xdp")
int xdp_drop(struct xdp_md *ctx)
{
	return count_frame(ctx) ? XDP_DROP : XDP_PASS;
}

SEC("xdp")
int to_device(struct xdp_md *ctx)
{
	return redirect(ctx, &devices);
}

SEC("xdp")
int to_cpu(struct xdp_md *ctx)
{
	return redirect(ctx, &cpus);
}

SEC("xdp")
int to_socket(struct xdp_md *ctx)
{
	return redirect(ctx, &sockets);
}

SEC("tc")
int tc_count(struct __sk_buff *skb)
{
	count_packet(skb);
	return TC_ACT_OK;
}

SEC("tc")
int tc_drop(struct __sk_buff *skb)
{
	return count_packet(skb) ? TC_ACT_SHOT : TC_ACT_OK;
}

SEC("socket")
int filter(struct __sk_buff *skb)
{
	return count_packet(skb) ? skb->len : 0;
}

SEC("socket")
int first_bytes(struct __sk_buff *skb)
{
	return count_packet(skb) ? 20 : 0;
}

SEC("lwt_xmit")
int lwt(struct __sk_buff *skb)
{
	return 0;
}
