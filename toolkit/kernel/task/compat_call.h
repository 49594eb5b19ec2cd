/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * System calls of 32 bit programs, which have a numbering of their own.
 */
#pragma once

#include "../base/prelude.h"

KERNEL_STRUCTS

struct thread_info___any {
	u64 flags;
};

struct thread_info___x86 {
	u32 status;
};

struct task_struct___any {
	struct thread_info___any thread_info;
};

struct task_struct___x86 {
	struct thread_info___x86 thread_info;
};

KERNEL_STRUCTS_END

#define TS_COMPAT 2 /* arch/x86/include/asm/thread_info.h: in a call of a 32 bit program */
#define TIF_32BIT_ARM64 (1 << 22) /* arch/arm64/include/asm/thread_info.h */

/* Whether the thread is in a system call of a 32 bit program. */
static __always_inline bool is_compat_call(struct task_struct *task)
{
	struct task_struct___x86 *x86 = (void *)task;
	struct task_struct___any *any = (void *)task;

	if (bpf_core_field_exists(x86->thread_info.status))
		return BPF_CORE_READ(x86, thread_info.status) & TS_COMPAT;
	return BPF_CORE_READ(any, thread_info.flags) & TIF_32BIT_ARM64;
}
