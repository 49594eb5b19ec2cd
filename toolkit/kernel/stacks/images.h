/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The image of a process: its program and libraries. An address means something else after execve(2), and
 * where a library was closed and another one opened (stacks.ts attaches code_mapped).
 */
#pragma once

#include "../base/prelude.h"

KERNEL_STRUCTS

struct task_struct___exec {
	u64 self_exec_id; /* u32 before Linux 5.7 */
};

struct task_struct___ids {
	int pid;
};

KERNEL_STRUCTS_END

#define PROT_EXEC 4
#define MAP_ANONYMOUS 0x20

/* How often each process mapped code of a file, by pid in the initial namespace, while it lives. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 32768);
	__type(key, u32);
	__type(value, u32);
} code_mappings SEC(".maps");

/* Mappings of processes for which the map had no room. */
u64 code_mappings_dropped;

SEC("tracepoint/syscalls/sys_enter_mmap")
int code_mapped(struct syscall_enter *ctx)
{
	u32 pid = bpf_get_current_pid_tgid() >> 32, first = 1;
	u32 *times;

	/* JIT compilers map anonymous memory all the time; jitdump files record when, perf maps do not. */
	if (!(ctx->args[2] & PROT_EXEC) || ctx->args[3] & MAP_ANONYMOUS)
		return 0;
	times = bpf_map_lookup_elem(&code_mappings, &pid);
	if (times)
		__sync_fetch_and_add(times, 1);
	else if (bpf_map_update_elem(&code_mappings, &pid, &first, BPF_NOEXIST))
		__sync_fetch_and_add(&code_mappings_dropped, 1);
	return 0;
}

/* After wait(2), with the task whose thread id is the pid: no more samples come. */
SEC("raw_tp/sched_process_free")
int code_unmapped(u64 *arguments)
{
	struct task_struct___ids *task = (void *)arguments[0];
	u32 pid = BPF_CORE_READ(task, pid);

	bpf_map_delete_elem(&code_mappings, &pid);
	return 0;
}

/* A number that grows whenever addresses of the current process may change their meaning. */
static __always_inline u32 current_image(void)
{
	struct task_struct___exec *task = (void *)bpf_get_current_task();
	u32 pid = bpf_get_current_pid_tgid() >> 32;
	u32 *times = bpf_map_lookup_elem(&code_mappings, &pid);

	return (times ? *times : 0) + (u32)BPF_CORE_READ(task, self_exec_id);
}
