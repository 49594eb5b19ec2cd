// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * tcpsubnet: bytes sent over TCP, by the first of some subnets that the receiver is in.
 */
#include "../../toolkit/kernel/base/prelude.h"
#include "../../toolkit/kernel/net/netns.h"
#include "../../toolkit/kernel/net/tcp_bytes.h"
#include "../../toolkit/kernel/task/filter.h"

#define SUBNETS_MAX 64

/* In two words of the address as it is sent; IPv4 addresses are ::ffff:10.0.0.0, prefixes 96 longer. */
struct subnet {
	u64 network[2];
	u64 mask[2];
};

const volatile u32 subnets_count = 0;
const volatile struct subnet subnets[SUBNETS_MAX] = {};

u64 sent_bytes[SUBNETS_MAX]; /* since the start */

static __always_inline void transferred(const struct sock *sk, u64 sent, u64 received)
{
	struct flow flow;
	u64 address[2];

	if (!sent || !is_wanted() || !is_netns_wanted(netns_of(sk)))
		return;
	read_flow(&flow, sk);
	__builtin_memcpy(address, flow.remote, sizeof(address));
	for (u32 i = 0; i < SUBNETS_MAX && i < subnets_count; i++) {
		if ((address[0] & subnets[i].mask[0]) == subnets[i].network[0] &&
		    (address[1] & subnets[i].mask[1]) == subnets[i].network[1]) {
			__sync_fetch_and_add(&sent_bytes[i], sent);
			return;
		}
	}
}
