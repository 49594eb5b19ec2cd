// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * mptcpify: turns the TCP sockets that programs create into MPTCP sockets.
 */
#include "../../toolkit/kernel/event_tool.h"
#include "../../toolkit/kernel/net/flow.h"

const volatile bool by_target = false;

#define SOCK_TYPE_MASK 0xf /* include/linux/net.h: above are SOCK_NONBLOCK and SOCK_CLOEXEC */
#define SOCK_STREAM 1

struct event {
	struct who who;
	u32 family;
	u32 unused;
};

/* The programs that pass the filter, by their whole name. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 64);
	__type(key, char[TASK_COMM_LEN]);
	__type(value, u8);
} targets SEC(".maps");

EVENTS(events, struct event);

static __always_inline bool is_target(const char *comm)
{
	return !by_target || bpf_map_lookup_elem(&targets, comm);
}

/* A return value other than 0 replaces the function, which would return the protocol unchanged. */
SEC("fmod_ret/update_socket_protocol")
int BPF_PROG(update, int family, int type, int protocol)
{
	struct event event = { .family = family };

	if ((family != AF_INET && family != AF_INET6) || (type & SOCK_TYPE_MASK) != SOCK_STREAM ||
	    (protocol && protocol != IPPROTO_TCP) || !is_wanted())
		return 0;
	set_who(&event.who);
	if (!is_target(event.who.comm))
		return 0;
	send(events, &event, sizeof(event));
	return IPPROTO_MPTCP;
}
