// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * killsnoop: kill, from entry to exit.
 */
#include "frame/kernel.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include "frame/events.h"
#include "frame/filter.h"
#include "frame/who.h"

#define SIGNAL_MAX 64

const volatile bool failed_only = false;
const volatile s32 target_receiver = 0; /* 0: any */
const volatile bool by_signal = false;
const volatile bool wanted_signals[SIGNAL_MAX + 1] = {};

struct call {
	s32 receiver; /* as it was asked for: 0 or negative for many processes */
	s32 signal;
};

struct event {
	struct who who;
	struct call call;
	s64 ret;
};

/* Calls in flight, by thread. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 10240);
	__type(key, u32);
	__type(value, struct call);
} calls SEC(".maps");

EVENTS(events, struct event);

SEC("tracepoint/syscalls/sys_enter_kill")
int enter_kill(struct syscall_enter *ctx)
{
	u32 tid = bpf_get_current_pid_tgid();
	struct call call = { .receiver = ctx->args[0], .signal = ctx->args[1] };

	if (target_receiver && call.receiver != target_receiver)
		return 0;
	if (by_signal && ((u32)call.signal > SIGNAL_MAX || !wanted_signals[(u32)call.signal]))
		return 0;
	if (is_wanted() && bpf_map_update_elem(&calls, &tid, &call, BPF_ANY))
		count_lost(events);
	return 0;
}

SEC("tracepoint/syscalls/sys_exit_kill")
int exit_kill(struct syscall_exit *ctx)
{
	u32 tid = bpf_get_current_pid_tgid();
	struct call *call = bpf_map_lookup_elem(&calls, &tid);

	if (!call)
		return 0;
	if (!failed_only || ctx->ret < 0) {
		struct event event = { .call = *call, .ret = ctx->ret };

		set_who(&event.who);
		send(events, &event, sizeof(event));
	}
	bpf_map_delete_elem(&calls, &tid);
	return 0;
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";
