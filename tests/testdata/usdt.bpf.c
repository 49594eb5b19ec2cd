// SPDX-License-Identifier: MIT OR GPL-2.0-only
/* The probes of tests/support/usdt.c, counted, with the arguments they last had. */
#define __VMLINUX_H__ /* libbpf's headers are to take struct pt_regs as the kernel has it */
#include "base/prelude.h"

struct pt_regs {
	unsigned long ip;
} __attribute__((preserve_access_index));

#include <bpf/usdt.bpf.h>

const volatile u32 target_pid = 0;

u64 calls = 0;
s64 values[12] = {};
char text[32] = "";

static __always_inline int count(void)
{
	__sync_fetch_and_add(&calls, 1);
	return 0;
}

SEC("usdt")
int BPF_USDT(on_widths, s64 a, s64 b, s64 c, s64 d, s64 e, s64 f, s64 g, s64 h)
{
	s64 now[] = { a, b, c, d, e, f, g, h };

	for (int i = 0; i < 8; i++)
		values[i] = now[i];
	return count();
}

SEC("usdt")
int BPF_USDT(on_twelve, s64 a, s64 b, s64 c, s64 d, s64 e, s64 f, s64 g, s64 h, s64 i, s64 j,
	     s64 k, s64 l)
{
	s64 now[] = { a, b, c, d, e, f, g, h, i, j, k, l };

	for (int n = 0; n < 12; n++)
		values[n] = now[n];
	return count();
}

/* The sum of what its locations say. */
SEC("usdt")
int BPF_USDT(on_twice, int value)
{
	__sync_fetch_and_add(&values[0], value);
	return count();
}

SEC("usdt")
int BPF_USDT(on_text, const char *address)
{
	bpf_probe_read_user_str(text, sizeof(text), address);
	return count();
}

SEC("usdt")
int BPF_USDT(on_guarded, s64 enabled)
{
	values[0] = enabled;
	return count();
}

/* Whatever the arguments are. */
SEC("usdt")
int on_count(void *ctx)
{
	return count();
}

/* A probe that Debian's library has; it throws in every process that uses it. */
SEC("usdt//usr/lib/x86_64-linux-gnu/libstdc++.so.6:libstdcxx:throw")
int on_throw(void *ctx)
{
	return bpf_get_current_pid_tgid() >> 32 == target_pid ? count() : 0;
}

/* A file that is everywhere; the test sees that it is named. */
SEC("usdt//bin/sh:no:probe")
int on_nothing(void *ctx)
{
	return 0;
}
