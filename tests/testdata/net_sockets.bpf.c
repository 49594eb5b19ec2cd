// SPDX-License-Identifier: MIT OR GPL-2.0-only
/* Moves bytes between sockets by maps of sockets, and finds listeners for others' ports. */
#include "base/prelude.h"
#include <bpf/bpf_helpers.h>

#define BPF_MAP_TYPE_SOCKMAP 15
#define BPF_MAP_TYPE_SOCKHASH 18

#define SK_PASS 1
#define TARGET 1

/* The leading parts of the contexts (include/uapi/linux/bpf.h). */
struct sk_msg_md {
	void *data;
	void *data_end;
	u32 addresses[11];
	u32 remote_port;
	u32 local_port;
	u32 size;
};

struct __sk_buff {
	u32 len;
};

struct bpf_sk_lookup {
	u64 cookie;
	u32 family;
	u32 protocol;
	u32 remote_ip4;
	u32 remote_ip6[4];
	u32 remote_port;
	u32 local_ip4;
	u32 local_ip6[4];
	u32 local_port;
};

const volatile u32 port = 0;

u64 bytes = 0;
u64 parsed = 0;
u64 looked_up = 0;
u64 dissected = 0;

struct {
	__uint(type, BPF_MAP_TYPE_SOCKMAP);
	__uint(max_entries, 2);
	__type(key, u32);
	__type(value, u64);
} sockets SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_SOCKHASH);
	__uint(max_entries, 2);
	__type(key, u64);
	__type(value, u32);
} by_key SEC(".maps");

SEC("sk_msg")
int on_message(struct sk_msg_md *msg)
{
	__sync_fetch_and_add(&bytes, msg->size);
	return bpf_msg_redirect_map(msg, &sockets, TARGET, 0);
}

SEC("sk_msg")
int on_message_by_key(struct sk_msg_md *msg)
{
	u64 key = TARGET;

	__sync_fetch_and_add(&bytes, msg->size);
	return bpf_msg_redirect_hash(msg, &by_key, &key, 0);
}

SEC("sk_skb/stream_parser")
int on_stream(struct __sk_buff *skb)
{
	__sync_fetch_and_add(&parsed, skb->len);
	return skb->len;
}

SEC("sk_skb/stream_verdict")
int on_stream_verdict(struct __sk_buff *skb)
{
	__sync_fetch_and_add(&bytes, skb->len);
	return bpf_sk_redirect_map(skb, &sockets, TARGET, 0);
}

SEC("sk_lookup")
int on_lookup(struct bpf_sk_lookup *ctx)
{
	u32 zero = 0;
	struct bpf_sock *socket;

	if (ctx->local_port != port)
		return SK_PASS;
	__sync_fetch_and_add(&looked_up, 1);
	socket = bpf_map_lookup_elem(&sockets, &zero);
	if (socket) {
		bpf_sk_assign(ctx, socket, 0);
		bpf_sk_release(socket);
	}
	return SK_PASS;
}

SEC("flow_dissector")
int on_flow(struct __sk_buff *skb)
{
	__sync_fetch_and_add(&dissected, 1);
	return 0;
}
