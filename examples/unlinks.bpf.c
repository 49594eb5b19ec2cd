// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * unlinks: counts files that are deleted, by process; two programs for one purpose.
 */
#include "../toolkit/kernel/base/prelude.h"
#include "../toolkit/kernel/base/maps.h"

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 10240);
	__type(key, u32);
	__type(value, u64);
} unlinks SEC(".maps");

static __always_inline int count(void)
{
	u32 pid = bpf_get_current_pid_tgid() >> 32;
	u64 zero = 0;
	u64 *value = lookup_or_insert(&unlinks, &pid, &zero);

	if (value)
		__sync_fetch_and_add(value, 1);
	return 0;
}

/* The kernel's own function, int do_unlinkat(int, struct filename *): every way to it is seen, io_uring
 * as well. What it returns comes behind its two arguments. */
SEC("fexit/do_unlinkat")
int on_unlink(u64 *ctx)
{
	return (s32)ctx[2] ? 0 : count();
}

/* Where functions cannot be probed: the system calls that lead there. */
AT_EXIT(unlink, ctx->ret ? 0 : count())
AT_EXIT(unlinkat, ctx->ret ? 0 : count())
