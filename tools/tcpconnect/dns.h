/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Answers of name servers, as programs receive them: UDP from port 53, by recvfrom, recvmsg or read
 * on a connected socket. They are read when the call returns, where the program asked for them.
 */
#pragma once

#include "../../toolkit/kernel/base/maps.h"
#include "../../toolkit/kernel/net/flow.h"

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

CALLS(receives, struct receive);

static __always_inline int begin_receive(struct syscall_enter *ctx, bool is_message)
{
	struct sock *sk = sock_of(ctx->args[0]);
	struct receive receive = { (const void *)ctx->args[1], is_message };

	if (BPF_CORE_READ(sk, sk_protocol) == IPPROTO_UDP &&
	    BPF_CORE_READ(sk, __sk_common.skc_dport) == bpf_htons(DNS_PORT))
		keep_call(&receives, &receive);
	return 0;
}

static __always_inline int end_receive(struct syscall_exit *ctx)
{
	struct receive *receive = kept_call(&receives);
	struct user_message message = {};
	struct user_vector vector = {};

	if (!receive)
		return 0;
	vector.base = (void *)receive->target;
	if (receive->is_message) {
		bpf_probe_read_user(&message, sizeof(message), receive->target);
		bpf_probe_read_user(&vector, sizeof(vector), message.vectors);
	}
	forget_call(&receives);
	if (ctx->ret > 0)
		answer_received(vector.base, ctx->ret);
	return 0;
}

#define DNS_CALL(call, is_message)                                                                     \
	AT_ENTRY(call, begin_receive(ctx, is_message))                                             \
	AT_EXIT(call, end_receive(ctx))

DNS_CALL(recvfrom, false)
DNS_CALL(recvmsg, true)
DNS_CALL(read, false)
