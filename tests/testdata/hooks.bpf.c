// SPDX-License-Identifier: MIT OR GPL-2.0-only
/* Every hook into kernel functions, each counting what one process does. */
#include "base/prelude.h"
#include <bpf/bpf_helpers.h>

#if defined(__TARGET_ARCH_arm64)
#define SYSCALL(name) "__arm64_sys_" name
#else
#define SYSCALL(name) "__x64_sys_" name
#endif

const volatile u32 target_pid = 0;

u64 calls = 0;
s64 last_result = 0;

static __always_inline int count(void)
{
	if (bpf_get_current_pid_tgid() >> 32 == target_pid)
		__sync_fetch_and_add(&calls, 1);
	return 0;
}

SEC("ksyscall/getppid")
int on_kprobe(void *ctx)
{
	return count();
}

SEC("kretsyscall/getppid")
int on_kretprobe(void *ctx)
{
	return count();
}

SEC("kprobe.multi/" SYSCALL("getpp*d"))
int on_kprobe_multi(void *ctx)
{
	return count();
}

/* BTF does not describe system calls without arguments, such as getppid. */
SEC("fentry/" SYSCALL("getpgid"))
int on_fentry(u64 *ctx)
{
	return count();
}

/* The context holds the one argument, then the result. */
SEC("fexit/" SYSCALL("getpgid"))
int on_fexit(u64 *ctx)
{
	last_result = ctx[1];
	return count();
}

SEC("lsm/file_open")
int on_lsm(u64 *ctx)
{
	return count();
}

/* A function of a module: the device of `ip link add type dummy` is made. */
SEC("kprobe/dummy_dev_init")
int on_module(void *ctx)
{
	__sync_fetch_and_add(&calls, 1);
	return 0;
}
