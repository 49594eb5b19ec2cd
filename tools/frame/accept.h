/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * TCP connections as a process accepts them (accept.ts chooses where to look).
 */
#pragma once

#include "net.h"

/* include/uapi/linux/bpf.h; the helper came with Linux 5.17. */
enum bpf_func_id {
	BPF_FUNC_get_func_ret = 184,
};

/* What the tool does with a connection that the current process has accepted: it defines this. */
static __always_inline void accepted(const struct sock *sk);

/* inet_csk_accept has four arguments, since Linux 6.10 two: the result is not always at one place. */
SEC("fexit/inet_csk_accept")
int csk_accept(u64 *ctx)
{
	u64 sk = 0;

	if (bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_get_func_ret))
		bpf_get_func_ret(ctx, &sk);
	else
		sk = ctx[4];
	if (sk && BPF_CORE_READ((struct sock *)sk, sk_protocol) == IPPROTO_TCP)
		accepted((const struct sock *)sk);
	return 0;
}

static __always_inline int leave_accept(s64 fd)
{
	struct sock *sk = fd < 0 ? NULL : sock_of(fd);
	u16 protocol = BPF_CORE_READ(sk, sk_protocol);

	if (protocol == IPPROTO_TCP || protocol == IPPROTO_MPTCP)
		accepted(sk);
	return 0;
}

SEC("tracepoint/syscalls/sys_exit_accept")
int exit_accept(struct syscall_exit *ctx)
{
	return leave_accept(ctx->ret);
}

SEC("tracepoint/syscalls/sys_exit_accept4")
int exit_accept4(struct syscall_exit *ctx)
{
	return leave_accept(ctx->ret);
}
