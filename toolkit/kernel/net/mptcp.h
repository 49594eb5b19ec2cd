/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * An MPTCP socket communicates through TCP connections of the kernel, its subflows: a process
 * accepts the MPTCP socket, which knows its first subflow, and a kernel thread may close subflows
 * or create further ones.
 */
#pragma once

#include "../task/task.h"
#include "flow.h"

KERNEL_STRUCTS

struct mptcp_sock {
	struct sock *first;
};

struct tcp_sock___mptcp {
	bool is_mptcp;
};

struct task_struct___flags {
	unsigned int flags;
};

KERNEL_STRUCTS_END

#define PF_KTHREAD 0x00200000 /* include/linux/sched.h */

/* Whether a TCP socket is the kernel's, for an MPTCP socket. */
static __always_inline bool is_subflow(const struct sock *sk)
{
	struct tcp_sock___mptcp *tcp = (void *)sk;

	return bpf_core_field_exists(tcp->is_mptcp) && BPF_CORE_READ(tcp, is_mptcp);
}

/* Whether a kernel thread caused the event of a subflow: the current task is then not its owner. */
static __always_inline bool is_by_mptcp(const struct sock *sk)
{
	struct task_struct___flags *task = (void *)bpf_get_current_task();

	return is_subflow(sk) && BPF_CORE_READ(task, flags) & PF_KTHREAD;
}

/* The TCP connection of a socket: itself, or the first subflow of an MPTCP socket; NULL: none. */
static __always_inline const struct sock *tcp_connection_of(const struct sock *sk)
{
	const struct mptcp_sock *mptcp = (const void *)sk;

	if (BPF_CORE_READ(sk, sk_protocol) != IPPROTO_MPTCP)
		return sk;
	return bpf_core_field_exists(mptcp->first) ? BPF_CORE_READ(mptcp, first) : NULL;
}
