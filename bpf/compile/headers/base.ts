/**
 * The types and macros that every program gets, and those that libbcc's own headers use.
 *
 * @module
 */

import { lazy } from "./lazy.ts";

/** Types and macros that every program gets. */
export const BASE = `
typedef signed char s8, __s8; typedef unsigned char u8, __u8;
typedef short s16, __s16; typedef unsigned short u16, __u16;
typedef int s32, __s32; typedef unsigned int u32, __u32;
typedef long long s64, __s64; typedef unsigned long long u64, __u64;
typedef __u16 __be16, __le16, __sum16; typedef __u32 __be32, __le32, __wsum;
typedef __u64 __be64, __le64;
typedef unsigned char uint8_t; typedef unsigned short uint16_t; typedef unsigned int uint32_t;
typedef unsigned long uint64_t; typedef signed char int8_t; typedef short int16_t;
typedef int int32_t; typedef long int64_t;
typedef unsigned long size_t, uintptr_t; typedef long ssize_t, intptr_t, ptrdiff_t;
typedef long long loff_t; typedef int pid_t; typedef unsigned int uid_t, gid_t, gfp_t;
typedef unsigned short umode_t; typedef unsigned int dev_t; typedef unsigned long long sector_t;
typedef unsigned int uint; typedef unsigned long ulong; typedef unsigned short ushort;
typedef _Bool bool; typedef int key_t; typedef long long time64_t; typedef long long ktime_t;
typedef unsigned long kernel_ulong_t; typedef __u64 __aligned_u64 __attribute__((aligned(8)));
enum { false, true };
#define NULL ((void *)0)
#define __user
#define __kernel
#define __percpu
#define __rcu
#define __iomem
#define __force
#define __bitwise
#define __always_inline inline __attribute__((__always_inline__))
#define __maybe_unused __attribute__((__unused__))
#define __packed __attribute__((__packed__))
#define __aligned(x) __attribute__((__aligned__(x)))
#define noinline __attribute__((__noinline__))
#define asmlinkage
#define barrier() __asm__ __volatile__("" : : : "memory")
#define KERNEL_VERSION(a, b, c) (((a) << 16) + ((b) << 8) + ((c) > 255 ? 255 : (c)))
#define PAGE_SHIFT 12
#define PAGE_SIZE (1UL << PAGE_SHIFT)
#define roundup_pow_of_two(n) ((n) == 1 ? 1UL : 1UL << (64 - __builtin_clzl((n) - 1)))
#define CONFIG_BPF_SYSCALL 1
#define CONFIG_64BIT 1
#define CONFIG_SMP 1
#define CONFIG_ARCH_HAS_SYSCALL_WRAPPER 1
`;

/** The names that {@linkcode BASE} defines. */
export const baseNames: () => ReadonlySet<string> = lazy(() =>
  new Set(
    [...BASE.matchAll(/\b(?:typedef|#define)\b[^;\n]*/g)].flatMap(([line]) =>
      line.match(/[A-Za-z_]\w*/g)!
    ).concat("true", "false"),
  )
);
