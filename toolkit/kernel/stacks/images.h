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

KERNEL_STRUCTS_END

#define PROT_EXEC 4
#define MAP_ANONYMOUS 0x20

/* How often a process mapped code of a file, by its machine-wide pid. Of those that come and go the
 * oldest are forgotten: what is counted of them later is taken for what they ran at first. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 32768); /* set by the tool */
	__type(key, u32);
	__type(value, u32);
} code_mappings SEC(".maps");

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
	else
		bpf_map_update_elem(&code_mappings, &pid, &first, BPF_NOEXIST);
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
