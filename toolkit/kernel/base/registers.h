/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Registers of the machine, where a uprobe has stopped a thread. An object serves every
 * architecture, and the verifier drops what is another one's.
 *
 * The context is struct pt_regs: x0 to x30, sp and pc are its words on arm64
 * (arch/arm64/include/asm/ptrace.h); ax is word 10, dx, si and di are 12 to 14 and sp is 19 on
 * x86-64 (arch/x86/include/asm/ptrace.h).
 */
#pragma once

#include "prelude.h"

const volatile bool arm64 = false;

/* One word or the other. Between the reads there is something that no compiler can move: it would
 * choose an address first, and offsets must be constants. */
#define REGISTER(registers, on_x86, on_arm64)                                                      \
	({                                                                                         \
		u64 value;                                                                         \
                                                                                                   \
		if (arm64) {                                                                       \
			value = (registers)[on_arm64];                                             \
			__asm__ volatile("" : "+r"(value));                                        \
		} else {                                                                           \
			value = (registers)[on_x86];                                               \
		}                                                                                  \
		value;                                                                             \
	})

/* One of the first six arguments of a function that begins; r8 and r9 are words 9 and 8 on x86-64. */
static __always_inline u64 argument(const volatile u64 *registers, u32 n)
{
	return REGISTER(registers, n < 4 ? 14 - n : 13 - n, n);
}

/* What a function that ends returns. */
static __always_inline u64 result(const volatile u64 *registers)
{
	return REGISTER(registers, 10, 0);
}

/* The stack pointer at a function's begin. */
static __always_inline u64 stack_at_begin(const volatile u64 *registers)
{
	return REGISTER(registers, 19, 31);
}

/* The same, told at its end: x86-64 has taken the return address from the stack. */
static __always_inline u64 stack_at_end(const volatile u64 *registers)
{
	return stack_at_begin(registers) - (arm64 ? 0 : sizeof(u64));
}

/* Where a function that begins will return to; 0 if that cannot be read. On arm64 it is in x30. */
static __always_inline u64 return_address(const volatile u64 *registers)
{
	u64 address = 0;

	if (arm64)
		return registers[30];
	bpf_probe_read_user(&address, sizeof(address), (void *)stack_at_begin(registers));
	return address;
}
