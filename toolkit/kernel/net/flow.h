/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Sockets, as far as tools read them, and the filters by address family and port (flow.ts).
 */
#pragma once

#include <bpf/bpf_endian.h>
#include "../fs/path.h"

#define AF_INET 2
#define AF_INET6 10
#define S_IFMT 0170000
#define S_IFSOCK 0140000
#define IPPROTO_TCP 6
#define IPPROTO_UDP 17
#define IPPROTO_MPTCP 262

/* include/net/tcp_states.h */
enum tcp_state {
	TCP_ESTABLISHED = 1,
	TCP_SYN_SENT,
	TCP_SYN_RECV,
	TCP_FIN_WAIT1,
	TCP_FIN_WAIT2,
	TCP_TIME_WAIT,
	TCP_CLOSE,
	TCP_CLOSE_WAIT,
	TCP_LAST_ACK,
	TCP_LISTEN,
	TCP_CLOSING,
	TCP_NEW_SYN_RECV,
};

KERNEL_STRUCTS

struct in6_addr {
	union {
		__u8 u6_addr8[16];
	} in6_u;
};

struct sock_common {
	__be32 skc_daddr;
	__be32 skc_rcv_saddr;
	__be16 skc_dport;
	unsigned short skc_family;
	unsigned char skc_state;
	struct in6_addr skc_v6_daddr; /* without CONFIG_IPV6 these two are missing */
	struct in6_addr skc_v6_rcv_saddr;
};

struct sock {
	struct sock_common __sk_common;
	u16 sk_protocol;
	int sk_err;
};

struct inet_sock {
	__be16 inet_sport;
};

struct tcp_sock {
	u64 bytes_received;
	u64 bytes_acked;
	u32 segs_out;
};

struct socket {
	struct sock *sk;
};

struct sk_buff {
	char cb[48]; /* in TCP a struct tcp_skb_cb */
};

struct tcp_skb_cb {
	u32 seq;
};

struct inode___socket {
	unsigned short i_mode;
};

/* The struct of path.h, with other members. */
struct file___socket {
	struct inode___socket *f_inode;
	void *private_data;
};

KERNEL_STRUCTS_END

/* Both ends of a connection. IPv4 addresses are IPv4-mapped: ::ffff:127.0.0.1. */
struct flow {
	u8 local[16];
	u8 remote[16];
	u16 family; /* of the socket: one of AF_INET6 may have an IPv4 connection */
	u16 local_port;
	u16 remote_port;
	u16 unused;
};

#define PORTS_MAX 64

/* Filters; 0: any. Ports in host byte order. */
const volatile u16 target_family = 0;
const volatile u32 local_ports_count = 0;
const volatile u16 local_ports[PORTS_MAX] = {};
const volatile u32 remote_ports_count = 0;
const volatile u16 remote_ports[PORTS_MAX] = {};

static __always_inline void set_mapped(u8 *address, __be32 ipv4)
{
	__builtin_memset(address, 0, 10);
	__builtin_memset(address + 10, 0xff, 2);
	__builtin_memcpy(address + 12, &ipv4, sizeof(ipv4));
}

/* Whether an address is of the form ::ffff:127.0.0.1. */
static __always_inline bool is_mapped(const u8 *address)
{
	const u32 *words = (const u32 *)address;

	return !words[0] && !words[1] && words[2] == bpf_htonl(0xffff);
}

/*
 * Fills in the flow of a connected socket. The local port is read from inet_sport, which stays
 * until the socket is freed: skc_num is already 0 at a change to TCP_CLOSE.
 */
static __always_inline void read_flow(struct flow *flow, const struct sock *sk)
{
	flow->family = BPF_CORE_READ(sk, __sk_common.skc_family);
	flow->local_port = bpf_ntohs(BPF_CORE_READ((struct inet_sock *)sk, inet_sport));
	flow->remote_port = bpf_ntohs(BPF_CORE_READ(sk, __sk_common.skc_dport));
	flow->unused = 0;
	if (flow->family == AF_INET6 && bpf_core_field_exists(sk->__sk_common.skc_v6_daddr)) {
		BPF_CORE_READ_INTO(&flow->local, sk, __sk_common.skc_v6_rcv_saddr);
		BPF_CORE_READ_INTO(&flow->remote, sk, __sk_common.skc_v6_daddr);
	} else {
		set_mapped(flow->local, BPF_CORE_READ(sk, __sk_common.skc_rcv_saddr));
		set_mapped(flow->remote, BPF_CORE_READ(sk, __sk_common.skc_daddr));
	}
}

static __always_inline bool is_port_in(const volatile u16 *ports, u32 count, u16 port)
{
	for (u32 i = 0; i < PORTS_MAX && i < count; i++) {
		if (ports[i] == port)
			return true;
	}
	return !count;
}

/* Whether a flow passes the filters. */
static __always_inline bool is_flow_wanted(const struct flow *flow)
{
	if (target_family && flow->family != target_family)
		return false;
	return is_port_in(local_ports, local_ports_count, flow->local_port) &&
	       is_port_in(remote_ports, remote_ports_count, flow->remote_port);
}

/* The socket of a descriptor of the current process; NULL if it is no socket. */
static __always_inline struct sock *sock_of(int fd)
{
	struct file___socket *file = (void *)file_of(fd);
	struct socket *socket = BPF_CORE_READ(file, private_data);

	if ((BPF_CORE_READ(file, f_inode, i_mode) & S_IFMT) != S_IFSOCK)
		return NULL;
	return BPF_CORE_READ(socket, sk);
}
