// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * kvmexit: why virtual CPUs leave their guest, by thread and reason.
 */
#include "../../toolkit/kernel/base/dropped.h"
#include "../../toolkit/kernel/base/maps.h"
#include "../../toolkit/kernel/task/filter.h"

const volatile s32 target_vcpu = -1; /* -1: any */
const volatile bool by_tids = false;

/* Tracepoint kvm:kvm_exit on x86. */
struct kvm_exit {
	u64 common;
	u32 exit_reason;
	u64 guest_rip;
	u32 isa; /* 1: VMX, 2: SVM */
};

/* Tracepoint kvm:kvm_entry; only the virtual CPU's number is read. */
struct kvm_entry {
	u64 common;
	u32 vcpu;
};

struct key {
	u32 pid;
	u32 tid;
	u32 reason;
	u32 isa;
};

/* The requested threads (-T). */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024); /* set by the tool */
	__type(key, u32);
	__type(value, u8);
} tids SEC(".maps");

/* The virtual CPU that a thread runs, by thread id in the initial pid namespace. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8192);
	__type(key, u32);
	__type(value, u32);
} vcpus SEC(".maps");

/* Totals since the start. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__type(key, struct key);
	__type(value, u64);
} exits SEC(".maps");

/* Loaded only if a virtual CPU is requested. */
SEC("tracepoint/kvm/kvm_entry")
int entered(struct kvm_entry *ctx)
{
	u32 tid = bpf_get_current_pid_tgid(), vcpu = ctx->vcpu;

	if (is_wanted() && bpf_map_update_elem(&vcpus, &tid, &vcpu, BPF_ANY))
		__sync_fetch_and_add(&dropped, 1);
	return 0;
}

SEC("tracepoint/kvm/kvm_exit")
int left(struct kvm_exit *ctx)
{
	u64 ids = current_ids(), zero = 0, *count;
	u32 tid = ids, own_tid = bpf_get_current_pid_tgid(), *vcpu;
	struct key key = {
		.pid = ids >> 32,
		.tid = tid,
		.reason = ctx->exit_reason,
		.isa = ctx->isa,
	};

	if (!is_wanted() || (by_tids && !bpf_map_lookup_elem(&tids, &tid)))
		return 0;
	if (target_vcpu >= 0) {
		vcpu = bpf_map_lookup_elem(&vcpus, &own_tid);
		if (!vcpu || *vcpu != target_vcpu)
			return 0;
	}
	count = lookup_or_insert(&exits, &key, &zero);
	__sync_fetch_and_add(count ? count : &dropped, 1);
	return 0;
}
