// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * bindsnoop: bind() of IPv4 and IPv6 sockets, with the options that decide whether it succeeds.
 */
#include "../../toolkit/kernel/event_tool.h"
#include "../../toolkit/kernel/net/netns.h"

const volatile bool with_errors = false;
const volatile bool counting = false;

u64 dropped; /* calls that were not counted because the map was full */

enum option {
	FREEBIND = 1,
	TRANSPARENT = 2,
	BIND_ADDRESS_NO_PORT = 4,
	REUSEADDR = 8,
	REUSEPORT = 16,
};

/* Bits of inet_flags (include/net/inet_sock.h, an enum without a name; Linux 6.6). */
#define INET_FLAGS_FREEBIND 11
#define INET_FLAGS_TRANSPARENT 15
#define INET_FLAGS_BIND_ADDRESS_NO_PORT 18

struct event {
	u64 time; /* ns since boot, when the call returned */
	struct who who;
	struct flow flow; /* local address; the requested one if the call failed */
	u32 netns;
	u32 interface; /* index of the interface that the socket is bound to; 0: none */
	u32 options;
	s32 ret;
	u32 protocol;
	u32 unused;
};

struct call {
	const struct sock *sk;
	struct flow asked;
};

struct address {
	u8 bytes[16];
	u32 netns;
	u16 family;
	u16 port;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__type(key, struct address);
	__type(value, u64);
} counts SEC(".maps");

CALLS(calls, struct call);
EVENTS(events, struct event);

KERNEL_STRUCTS

struct sock_common___bind {
	unsigned char skc_reuse : 4;
	unsigned char skc_reuseport : 1;
	int skc_bound_dev_if;
};

struct inet_sock___flags {
	unsigned long inet_flags;
};

/* The same options before Linux 6.6. */
struct inet_sock___bits {
	__u8 freebind : 1;
	__u8 transparent : 1;
	__u8 bind_address_no_port : 1;
};

KERNEL_STRUCTS_END

static __always_inline u32 options_of(const struct sock *sk)
{
	const struct sock_common___bind *common = (const void *)sk;
	const struct inet_sock___flags *inet = (const void *)sk;
	const struct inet_sock___bits *bits = (const void *)sk;
	u32 options = (BPF_CORE_READ_BITFIELD_PROBED(common, skc_reuse) ? REUSEADDR : 0) |
		      (BPF_CORE_READ_BITFIELD_PROBED(common, skc_reuseport) ? REUSEPORT : 0);

	if (bpf_core_field_exists(inet->inet_flags)) {
		u64 flags = BPF_CORE_READ(inet, inet_flags);

		return options | (flags >> INET_FLAGS_FREEBIND & 1 ? FREEBIND : 0) |
		       (flags >> INET_FLAGS_TRANSPARENT & 1 ? TRANSPARENT : 0) |
		       (flags >> INET_FLAGS_BIND_ADDRESS_NO_PORT & 1 ? BIND_ADDRESS_NO_PORT : 0);
	}
	if (bpf_core_field_exists(bits->freebind))
		return options | (BPF_CORE_READ_BITFIELD_PROBED(bits, freebind) ? FREEBIND : 0) |
		       (BPF_CORE_READ_BITFIELD_PROBED(bits, transparent) ? TRANSPARENT : 0) |
		       (BPF_CORE_READ_BITFIELD_PROBED(bits, bind_address_no_port) ? BIND_ADDRESS_NO_PORT : 0);
	return options;
}

/* Reads the requested address from a struct sockaddr_in or sockaddr_in6 in user memory. */
static __always_inline void read_asked(struct flow *flow, const void *user, u64 length)
{
	u8 address[24] = {}; /* family, port, IPv4 address or flow label, IPv6 address */
	__be16 port;
	__be32 ipv4;

	bpf_probe_read_user(address, length < sizeof(address) ? length : sizeof(address), user);
	__builtin_memcpy(&port, address + 2, sizeof(port));
	__builtin_memcpy(&ipv4, address + 4, sizeof(ipv4));
	flow->local_port = bpf_ntohs(port);
	if (flow->family == AF_INET)
		set_mapped(flow->local, ipv4);
	else
		__builtin_memcpy(flow->local, address + 8, sizeof(flow->local));
}

static __always_inline int begin(int fd, const void *user, u64 length)
{
	const struct sock *sk = sock_of(fd);
	struct call call = { .sk = sk };

	call.asked.family = BPF_CORE_READ(sk, __sk_common.skc_family);
	if ((call.asked.family != AF_INET && call.asked.family != AF_INET6) || !is_wanted())
		return 0;
	read_asked(&call.asked, user, length);
	if (!keep_call(&calls, &call))
		count_in_flight_dropped();
	return 0;
}

static __always_inline void count(const struct event *event)
{
	struct address address = {
		.netns = event->netns,
		.family = event->flow.family,
		.port = event->flow.local_port,
	};
	u64 none = 0;

	__builtin_memcpy(address.bytes, event->flow.local, sizeof(address.bytes));

	u64 *value = lookup_or_insert(&counts, &address, &none);

	__sync_fetch_and_add(value ?: &dropped, 1);
}

static __always_inline int end(s64 ret)
{
	struct call *call = kept_call(&calls);
	struct event event = { .time = bpf_ktime_get_ns(), .ret = ret };

	if (!call)
		return 0;

	const struct sock *sk = call->sk;

	event.flow = call->asked;
	forget_call(&calls);
	if (ret && !with_errors)
		return 0;
	if (!ret)
		read_flow(&event.flow, sk);
	event.netns = netns_of(sk);
	if (!is_flow_wanted(&event.flow) || !is_netns_wanted(event.netns))
		return 0;
	if (counting) {
		count(&event);
		return 0;
	}
	set_who(&event.who);
	event.interface = BPF_CORE_READ((const struct sock_common___bind *)sk, skc_bound_dev_if);
	event.options = options_of(sk);
	event.protocol = BPF_CORE_READ(sk, sk_protocol);
	send(events, &event, sizeof(event));
	return 0;
}

AT_ENTRY(bind, begin(ctx->args[0], (const void *)ctx->args[1], ctx->args[2]))
AT_EXIT(bind, end(ctx->ret))
