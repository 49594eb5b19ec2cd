// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * oomkill: processes that the kernel chooses to kill when memory is short.
 */
#include "../../toolkit/kernel/event_tool.h"
#include "../../toolkit/kernel/base/registers.h"

KERNEL_STRUCTS

struct oom_control {
	unsigned long totalpages;
};

/* The tracepoint's fields; those after pid came with Linux 6.10. */
struct trace_event_raw_mark_victim {
	int pid;
	u32 __data_loc_comm; /* lower half: offset from the context */
	unsigned long total_vm; /* in KiB, like all sizes here */
	unsigned long anon_rss;
	unsigned long file_rss;
	unsigned long shmem_rss;
	u32 uid;
	unsigned long pgtables;
	short oom_score_adj;
};

KERNEL_STRUCTS_END

struct event {
	struct who who; /* the task that needed memory */
	s32 victim;
	char comm[TASK_COMM_LEN]; /* the victim's */
	u32 has_sizes;
	u32 uid; /* the victim's */
	s32 oom_score_adj;
	u64 pages; /* oom_control.totalpages: usable RAM and swap; 0: unknown */
	u64 total_vm; /* KiB */
	u64 anon_rss;
	u64 file_rss;
	u64 shmem_rss;
	u64 pgtables;
};

CALLS(calls, u64);
EVENTS(events, struct event);

static __always_inline int begin(struct oom_control *control)
{
	u64 pages = BPF_CORE_READ(control, totalpages);

	if (!keep_call(&calls, &pages))
		count_in_flight_dropped();
	return 0;
}

SEC("fentry/oom_kill_process")
int BPF_PROG(fentry_oom_kill_process, struct oom_control *control)
{
	return begin(control);
}

SEC("kprobe/oom_kill_process")
int kprobe_oom_kill_process(u64 *registers)
{
	return begin((void *)argument(registers, 0));
}

SEC("tracepoint/oom/mark_victim")
int mark_victim(struct trace_event_raw_mark_victim *ctx)
{
	struct event event = { .victim = ctx->pid };
	u64 *pages = kept_call(&calls);

	if (pages) {
		event.pages = *pages;
		forget_call(&calls);
	}
	if (!is_wanted())
		return 0;
	set_who(&event.who);
	if (bpf_core_field_exists(ctx->total_vm)) {
		event.has_sizes = true;
		bpf_probe_read_kernel_str(event.comm, sizeof(event.comm),
					  (void *)ctx + (u16)ctx->__data_loc_comm);
		event.total_vm = ctx->total_vm;
		event.anon_rss = ctx->anon_rss;
		event.file_rss = ctx->file_rss;
		event.shmem_rss = ctx->shmem_rss;
		event.uid = ctx->uid;
		event.pgtables = ctx->pgtables;
		event.oom_score_adj = ctx->oom_score_adj;
	}
	send(events, &event, sizeof(event));
	return 0;
}
