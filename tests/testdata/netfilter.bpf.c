// SPDX-License-Identifier: MIT OR GPL-2.0-only
/* Drops the UDP datagrams to one port, where netfilter shows them: from the IP header on. */
#include "base/prelude.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>

#define NF_DROP 0
#define NF_ACCEPT 1
#define IPPROTO_UDP 17

const volatile u16 port = 0;
u64 dropped = 0;

KERNEL_STRUCTS
struct sk_buff {
	unsigned char *head;
	unsigned char *data;
};

struct bpf_nf_ctx {
	struct sk_buff *skb;
};
KERNEL_STRUCTS_END

/* IPv4 without options, UDP. */
struct headers {
	u8 before[9];
	u8 protocol;
	u8 after[10];
	u16 source_port;
	u16 port;
} __attribute__((packed));

SEC("netfilter")
int drop(struct bpf_nf_ctx *ctx)
{
	struct sk_buff *skb = ctx->skb;
	struct headers packet = {};

	bpf_probe_read_kernel(&packet, sizeof(packet), skb->data);
	if (packet.protocol != IPPROTO_UDP || packet.port != __builtin_bswap16(port))
		return NF_ACCEPT;
	__sync_fetch_and_add(&dropped, 1);
	return NF_DROP;
}
