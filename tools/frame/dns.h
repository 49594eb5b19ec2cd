/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Answers of name servers, as programs receive them: UDP from port 53, by recvfrom, recvmsg or read
 * on a connected socket. They are read when the call returns, where the program asked for them.
 *
 */
#pragma once

#include "net.h"

#define DNS_PORT 53
#define DNS_MAX 512 /* RFC 1035, 4.2.1 */

/* The beginning of struct user_msghdr in include/linux/socket.h. */
struct user_message {
	void *name;
	s64 name_length;
	struct user_vector *vectors;
};

struct user_vector {
	void *base;
	u64 length;
};

struct receive {
	const void *target;
	bool is_message;
};

/* What the tool does with an answer in user memory: it defines this. */
static __always_inline void answer_received(const void *buffer, u64 length);

/* Calls in flight, by thread. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 10240);
	__type(key, u32);
	__type(value, struct receive);
} receives SEC(".maps");

static __always_inline int begin_receive(struct syscall_enter *ctx, bool is_message)
{
	struct sock *sk = sock_of(ctx->args[0]);
	struct receive receive = { (const void *)ctx->args[1], is_message };
	u32 tid = bpf_get_current_pid_tgid();

	if (BPF_CORE_READ(sk, sk_protocol) == IPPROTO_UDP &&
	    BPF_CORE_READ(sk, __sk_common.skc_dport) == bpf_htons(DNS_PORT))
		bpf_map_update_elem(&receives, &tid, &receive, BPF_ANY);
	return 0;
}

static __always_inline int end_receive(struct syscall_exit *ctx)
{
	u32 tid = bpf_get_current_pid_tgid();
	struct receive *receive = bpf_map_lookup_elem(&receives, &tid);
	struct user_message message = {};
	struct user_vector vector = {};

	if (!receive)
		return 0;
	vector.base = (void *)receive->target;
	if (receive->is_message) {
		bpf_probe_read_user(&message, sizeof(message), receive->target);
		bpf_probe_read_user(&vector, sizeof(vector), message.vectors);
	}
	bpf_map_delete_elem(&receives, &tid);
	if (ctx->ret > 0)
		answer_received(vector.base, ctx->ret);
	return 0;
}

#define DNS_CALL(call, is_message)                                                                     \
	SEC("tracepoint/syscalls/sys_enter_" #call)                                                \
	int enter_##call(struct syscall_enter *ctx)                                                \
	{                                                                                          \
		return begin_receive(ctx, is_message);                                             \
	}                                                                                          \
	SEC("tracepoint/syscalls/sys_exit_" #call)                                                 \
	int exit_##call(struct syscall_exit *ctx)                                                  \
	{                                                                                          \
		return end_receive(ctx);                                                           \
	}

DNS_CALL(recvfrom, false)
DNS_CALL(recvmsg, true)
DNS_CALL(read, false)
