/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Which program, with which libraries, a process runs: the same address means something else after
 * execve(2), and where a library was closed and another one opened (stacks.ts attaches code_mapped).
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

/* How often a process mapped code of a file, by its machine-wide pid, as long as it lives. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 32768);
	__type(key, u32);
	__type(value, u32);
} code_mappings SEC(".maps");

/* Mappings by processes that found no room there. */
u64 code_mappings_dropped;

SEC("tracepoint/syscalls/sys_enter_mmap")
int code_mapped(struct syscall_enter *ctx)
{
	u32 pid = bpf_get_current_pid_tgid() >> 32, first = 1;
	u32 *times;

	/* Compilers map memory without a file all day long, and tell of times themselves or not at all. */
	if (!(ctx->args[2] & PROT_EXEC) || ctx->args[3] & MAP_ANONYMOUS)
		return 0;
	times = bpf_map_lookup_elem(&code_mappings, &pid);
	if (times)
		__sync_fetch_and_add(times, 1);
	else if (bpf_map_update_elem(&code_mappings, &pid, &first, BPF_NOEXIST))
		__sync_fetch_and_add(&code_mappings_dropped, 1);
	return 0;
}

/* After wait(2), of the last thread that has the process's number: no samples come any more. */
SEC("raw_tp/sched_process_free")
int code_unmapped(u64 *arguments)
{
	struct task_struct___ids *task = (void *)arguments[0];
	u32 pid = BPF_CORE_READ(task, pid);

	bpf_map_delete_elem(&code_mappings, &pid);
	return 0;
}

/* A number that grows whenever addresses of the current process may begin to mean something else. */
static __always_inline u32 current_image(void)
{
	struct task_struct___exec *task = (void *)bpf_get_current_task();
	u32 pid = bpf_get_current_pid_tgid() >> 32;
	u32 *times = bpf_map_lookup_elem(&code_mappings, &pid);

	return (times ? *times : 0) + (u32)BPF_CORE_READ(task, self_exec_id);
}
