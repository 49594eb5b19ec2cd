// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * failed_opens: counts openat(2) calls, all of them and those that failed in a way that is asked for.
 */
#include "../toolkit/kernel/base/prelude.h"

/* Set before the program is loaded: the verifier knows their values and drops what they exclude. */
const volatile u32 target_pid = 0; /* 0: every process */
const volatile s64 wanted_errno = 2;

/* Can be read and written at any time. */
u64 opened;
u64 failed;

SEC("tracepoint/syscalls/sys_exit_openat")
int on_exit(struct syscall_exit *ctx)
{
	if (target_pid && bpf_get_current_pid_tgid() >> 32 != target_pid)
		return 0;
	if (ctx->ret >= 0)
		__sync_fetch_and_add(&opened, 1);
	else if (ctx->ret == -wanted_errno)
		__sync_fetch_and_add(&failed, 1);
	return 0;
}
