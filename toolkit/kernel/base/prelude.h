/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Prelude of every program: scalar types, map types, the contexts of system call tracepoints, libbpf's
 * helpers, the license.
 *
 * No kernel or libc header is included: an object depends on the files here and libbpf's headers
 * only. Kernel structs are declared where they are used (task.h, path.h), each a part of the
 * kernel's struct of that name, between KERNEL_STRUCTS and KERNEL_STRUCTS_END; CO-RE looks up the real
 * offsets on the machine where the tool runs, so order and completeness do not matter.
 */
#pragma once

typedef unsigned char __u8;
typedef unsigned short __u16;
typedef unsigned int __u32;
typedef unsigned long long __u64;
typedef signed char __s8;
typedef short __s16;
typedef int __s32;
typedef long long __s64;
typedef __u16 __be16;
typedef __u32 __be32;
typedef __u32 __wsum;

typedef __u8 u8;
typedef __u16 u16;
typedef __u32 u32;
typedef __u64 u64;
typedef __s8 s8;
typedef __s16 s16;
typedef __s32 s32;
typedef __s64 s64;
typedef _Bool bool;

#define true 1
#define false 0
#define NULL ((void *)0)
#define offsetof(type, member) __builtin_offsetof(type, member)

/* include/uapi/linux/bpf.h */
enum bpf_map_type {
	BPF_MAP_TYPE_HASH = 1,
	BPF_MAP_TYPE_ARRAY = 2,
	BPF_MAP_TYPE_PERCPU_HASH = 5,
	BPF_MAP_TYPE_PERCPU_ARRAY = 6,
	BPF_MAP_TYPE_STACK_TRACE = 7,
	BPF_MAP_TYPE_CGROUP_ARRAY = 8,
	BPF_MAP_TYPE_LRU_HASH = 9,
	BPF_MAP_TYPE_LRU_PERCPU_HASH = 10,
	BPF_MAP_TYPE_RINGBUF = 27,
	BPF_MAP_TYPE_TASK_STORAGE = 29,
};

enum {
	BPF_ANY = 0,
	BPF_NOEXIST = 1,
	BPF_EXIST = 2,
};

/* Map flag: memory for an entry is allocated when it is inserted. */
#define BPF_F_NO_PREALLOC 1

#define TASK_COMM_LEN 16

#define KERNEL_STRUCTS \
	_Pragma("clang attribute push(__attribute__((preserve_access_index)), apply_to = record)")
#define KERNEL_STRUCTS_END _Pragma("clang attribute pop")

/* The context of a program on tracepoint syscalls/sys_enter_* (struct syscall_tp_t in
 * kernel/trace/trace_syscalls.c): eight bytes of common fields, the number, the arguments. */
struct syscall_enter {
	u64 common;
	s32 nr;
	u64 args[6];
};

/* The same for syscalls/sys_exit_*: a negative ret is -errno. */
struct syscall_exit {
	u64 common;
	s32 nr;
	s64 ret;
};

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>

/* License of all programs: many helpers are for GPL programs only. */
char frame_license[] SEC("license") = "Dual MIT/GPL";

/* Defines program enter_CALL, at the entry of a system call; `result` may use ctx. */
#define AT_ENTRY(call, result)                                                                         \
	SEC("tracepoint/syscalls/sys_enter_" #call)                                                \
	int enter_##call(struct syscall_enter *ctx)                                                \
	{                                                                                          \
		return result;                                                                     \
	}

/* The same for exit_CALL, at the exit. */
#define AT_EXIT(call, result)                                                                          \
	SEC("tracepoint/syscalls/sys_exit_" #call)                                                 \
	int exit_##call(struct syscall_exit *ctx)                                                  \
	{                                                                                          \
		return result;                                                                     \
	}
