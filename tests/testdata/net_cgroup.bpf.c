// SPDX-License-Identifier: MIT OR GPL-2.0-only
/* Counts and refuses what the processes of a cgroup do with the network and with devices. */
#include "base/prelude.h"
#include <bpf/bpf_helpers.h>

#define BPF_MAP_TYPE_CGROUP_ARRAY 8

#define IPPROTO_UDP 17
#define BPF_SOCK_OPS_TCP_CONNECT_CB 3

/* The leading parts of the contexts (include/uapi/linux/bpf.h). */
struct __sk_buff {
	u32 len;
};

struct bpf_sock {
	u32 bound_dev_if;
	u32 family;
	u32 type;
	u32 protocol;
};

struct bpf_sock_addr {
	u32 user_family;
	u32 user_ip4;
	u32 user_ip6[4];
	u32 user_port;
};

struct bpf_sock_ops {
	u32 op;
};

struct bpf_cgroup_dev_ctx {
	u32 access_type;
	u32 major;
	u32 minor;
};

/* IPv4 without options, UDP. */
struct headers {
	u8 before[9];
	u8 protocol;
	u8 after[10];
	u16 source_port;
	u16 port;
};

const volatile u16 port = 0;
const volatile u32 target_pid = 0;

u64 arrived = 0;
u64 sent = 0;
u64 sockets = 0;
u64 connects = 0;
u64 denied = 0;
u64 inside = 0;
u64 outside = 0;

struct {
	__uint(type, BPF_MAP_TYPE_CGROUP_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, u32);
} groups SEC(".maps");

static bool load(struct __sk_buff *skb, struct headers *packet)
{
	return bpf_skb_load_bytes(skb, 0, packet, sizeof(*packet)) == 0 &&
	       packet->protocol == IPPROTO_UDP;
}

SEC("cgroup_skb/ingress")
int on_ingress(struct __sk_buff *skb)
{
	struct headers packet;

	if (load(skb, &packet) && packet.source_port == __builtin_bswap16(port))
		__sync_fetch_and_add(&arrived, 1);
	return 1;
}

SEC("cgroup_skb/egress")
int on_egress(struct __sk_buff *skb)
{
	struct headers packet;

	if (load(skb, &packet) && packet.port == __builtin_bswap16(port))
		__sync_fetch_and_add(&sent, 1);
	return 1;
}

SEC("cgroup/sock_create")
int on_socket(struct bpf_sock *ctx)
{
	if (ctx->protocol == IPPROTO_UDP)
		__sync_fetch_and_add(&sockets, 1);
	return 1;
}

SEC("cgroup/connect4")
int deny_connect(struct bpf_sock_addr *ctx)
{
	if (ctx->user_port != __builtin_bswap16(port))
		return 1;
	__sync_fetch_and_add(&denied, 1);
	return 0;
}

SEC("sockops")
int on_socket_event(struct bpf_sock_ops *ctx)
{
	if (ctx->op == BPF_SOCK_OPS_TCP_CONNECT_CB)
		__sync_fetch_and_add(&connects, 1);
	return 1;
}

SEC("cgroup/dev")
int deny_zero(struct bpf_cgroup_dev_ctx *ctx)
{
	if (ctx->major != 1 || ctx->minor != 5)
		return 1;
	__sync_fetch_and_add(&denied, 1);
	return 0;
}

SEC("tracepoint/syscalls/sys_enter_getppid")
int on_call(void *ctx)
{
	long is_under = bpf_current_task_under_cgroup(&groups, 0);

	if (is_under == 1)
		__sync_fetch_and_add(&inside, 1);
	else if (is_under == 0 && bpf_get_current_pid_tgid() >> 32 == target_pid)
		__sync_fetch_and_add(&outside, 1);
	return 0;
}
