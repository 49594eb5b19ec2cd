// SPDX-License-Identifier: MIT OR GPL-2.0-only
/* Programs whose sections name functions of tests/support/guarded.c, in PATH as tsbcc-guarded. */
#include "base/prelude.h"
#include <bpf/bpf_helpers.h>

u64 calls = 0;

static __always_inline int count(void)
{
	__sync_fetch_and_add(&calls, 1);
	return 0;
}

SEC("uprobe/tsbcc-guarded:plain_3")
int on_plain(void *ctx)
{
	return count();
}

SEC("uretprobe/tsbcc-guarded:fine_2")
int on_return(void *ctx)
{
	return count();
}

SEC("uprobe/tsbcc-guarded:vex_jump")
int on_jump(void *ctx)
{
	return count();
}

SEC("uretprobe/tsbcc-guarded:vex_compare")
int on_jump_return(void *ctx)
{
	return count();
}

/* A nop of three bytes is before it. */
SEC("uprobe/tsbcc-guarded:vex_second+3")
int on_second(void *ctx)
{
	return count();
}

SEC("uprobe/tsbcc-guarded:nothing")
int on_nothing(void *ctx)
{
	return count();
}

SEC("usdt//nowhere:guarded:wrong")
int on_usdt(void *ctx)
{
	return count();
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";
