/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * TCP connections, when a process accepts them (tcp_accept.ts chooses the hooks).
 *
 * The return of inet_csk_accept covers all accepts, except that of a server already waiting in it when
 * tracing begins; the return of the system call covers that one, but neither io_uring nor the kernel's
 * own accepts.
 */
#pragma once

#include "../task/task_time.h"
#include "flow.h"

/* include/uapi/linux/bpf.h; the helper came with Linux 5.17. */
enum bpf_func_id {
	BPF_FUNC_get_func_ret = 184,
};

/* The tool defines this: called for each connection that the current process has accepted. */
static __always_inline void accepted(const struct sock *sk);

/* inet_csk_accept has four arguments, since Linux 6.10 two, and the result follows them. */
SEC("fexit/inet_csk_accept")
int csk_accept(u64 *ctx)
{
	u64 sk = 0;

	if (bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_get_func_ret))
		bpf_get_func_ret(ctx, &sk);
	else
		sk = ctx[4];
	if (!sk || BPF_CORE_READ((struct sock *)sk, sk_protocol) != IPPROTO_TCP)
		return 0;
	/* Without memory for the mark, the return of the system call reports the connection. */
	if (keep_time(bpf_get_current_task_btf(), 1))
		accepted((const struct sock *)sk);
	return 0;
}

/* Calls that csk_accept() misses: those already waiting when it was attached. */
static __always_inline int leave_accept(s64 fd)
{
	/* A stale mark left by io_uring hides at most one call: one that was waiting when tracing began. */
	if (take_time(bpf_get_current_task_btf()) || fd < 0)
		return 0;

	struct sock *sk = sock_of(fd);
	u16 protocol = BPF_CORE_READ(sk, sk_protocol);

	if (protocol == IPPROTO_TCP || protocol == IPPROTO_MPTCP)
		accepted(sk);
	return 0;
}

AT_EXIT(accept, leave_accept(ctx->ret))
AT_EXIT(accept4, leave_accept(ctx->ret))
