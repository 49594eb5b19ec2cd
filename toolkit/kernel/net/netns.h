/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The network namespace of a socket, and the filter by it (netns.ts).
 */
#pragma once

#include "../task/task.h"
#include "flow.h"

KERNEL_STRUCTS

struct net {
	struct ns_common ns;
};

struct net_pointer {
	struct net *net;
};

/* The struct of flow.h, with other members. */
struct sock_common___net {
	struct net_pointer skc_net; /* typedef of an unnamed struct: CO-RE matches members */
};

KERNEL_STRUCTS_END

const volatile u32 target_netns = 0; /* by inode; 0: any */

/* The inode of a socket's network namespace; 0 on kernels without them. */
static __always_inline u32 netns_of(const struct sock *sk)
{
	const struct sock_common___net *common = (const void *)sk;

	if (!bpf_core_field_exists(common->skc_net.net))
		return 0;
	return BPF_CORE_READ(common, skc_net.net, ns.inum);
}

static __always_inline bool is_netns_wanted(u32 netns)
{
	return !target_netns || netns == target_netns;
}
