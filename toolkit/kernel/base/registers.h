/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Registers of a thread that hit a uprobe or kprobe. One object serves every architecture: libbpf makes
 * is_arm64() a constant by the kernel's types, and the verifier eliminates the other's branches.
 *
 * The context is struct pt_regs: x0 to x30, sp and pc are its words on arm64
 * (arch/arm64/include/asm/ptrace.h); ax is word 10, dx, si and di are 12 to 14 and sp is 19 on
 * x86-64 (arch/x86/include/asm/ptrace.h).
 */
#pragma once

#include "prelude.h"
#include <bpf/bpf_core_read.h>

KERNEL_STRUCTS

struct user_pt_regs {}; /* arm64 only */

KERNEL_STRUCTS_END

static __always_inline bool is_arm64(void)
{
	return bpf_core_type_exists(struct user_pt_regs);
}

/* A word by its index on either architecture. Without the barrier the compiler would select an
 * address first, and the verifier wants context offsets to be constants. */
#define REGISTER(registers, on_x86, on_arm64)                                                      \
	({                                                                                         \
		u64 value;                                                                         \
                                                                                                   \
		if (is_arm64()) {                                                                       \
			value = (registers)[on_arm64];                                             \
			__asm__ volatile("" : "+r"(value));                                        \
		} else {                                                                           \
			value = (registers)[on_x86];                                               \
		}                                                                                  \
		value;                                                                             \
	})

/* One of the first six arguments at a function's entry; r8 and r9 are words 9 and 8 on x86-64. */
static __always_inline u64 argument(const volatile u64 *registers, u32 n)
{
	return REGISTER(registers, n < 4 ? 14 - n : 13 - n, n);
}

/* The return value, at a function's return. */
static __always_inline u64 result(const volatile u64 *registers)
{
	return REGISTER(registers, 10, 0);
}

/* The stack pointer at a function's entry. */
static __always_inline u64 stack_at_begin(const volatile u64 *registers)
{
	return REGISTER(registers, 19, 31);
}

/* The same, seen at its return: x86-64 has popped the return address. */
static __always_inline u64 stack_at_end(const volatile u64 *registers)
{
	return stack_at_begin(registers) - (is_arm64() ? 0 : sizeof(u64));
}

/* The return address, at a function's entry; 0 if it cannot be read. On arm64 it is in x30. */
static __always_inline u64 return_address(const volatile u64 *registers)
{
	u64 address = 0;

	if (is_arm64())
		return registers[30];
	bpf_probe_read_user(&address, sizeof(address), (void *)stack_at_begin(registers));
	return address;
}
