// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * solisten: listen() of IPv4 and IPv6 stream sockets.
 */
#include "../../toolkit/kernel/event_tool.h"
#include "../../toolkit/kernel/net/netns.h"

#define SOCK_STREAM 1

struct event {
	struct who who;
	struct flow flow; /* local address */
	u32 netns;
	s32 backlog; /* as passed to listen() */
	s32 ret;
	u16 protocol;
	u16 unused;
};

struct call {
	const struct sock *sk;
	s32 backlog;
};

CALLS(calls, struct call);
EVENTS(events, struct event);

KERNEL_STRUCTS

struct sock___type {
	u16 sk_type;
};

KERNEL_STRUCTS_END

static __always_inline int begin(int fd, s32 backlog)
{
	const struct sock *sk = sock_of(fd);
	struct call call = { .sk = sk, .backlog = backlog };
	u16 family = BPF_CORE_READ(sk, __sk_common.skc_family);

	if ((family != AF_INET && family != AF_INET6) || !is_wanted() ||
	    BPF_CORE_READ((const struct sock___type *)sk, sk_type) != SOCK_STREAM)
		return 0;
	if (!keep_call(&calls, &call))
		count_in_flight_dropped();
	return 0;
}

static __always_inline int end(s64 ret)
{
	struct call *call = kept_call(&calls);
	struct event event = { .ret = ret };

	if (!call)
		return 0;

	const struct sock *sk = call->sk;

	event.backlog = call->backlog;
	forget_call(&calls);
	read_flow(&event.flow, sk);
	event.netns = netns_of(sk);
	if (!is_flow_wanted(&event.flow) || !is_netns_wanted(event.netns))
		return 0;
	set_who(&event.who);
	event.protocol = BPF_CORE_READ(sk, sk_protocol);
	send(events, &event, sizeof(event));
	return 0;
}

AT_ENTRY(listen, begin(ctx->args[0], ctx->args[1]))
AT_EXIT(listen, end(ctx->ret))
