// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * swapin: how often processes bring memory back from swap.
 */
#include "../../toolkit/kernel/base/maps.h"
#include "../../toolkit/kernel/task/filter.h"

struct key {
	u32 pid;
	char comm[TASK_COMM_LEN];
};

/* What was counted since an entry was made; the reader takes entries away that do not change. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 10240);
	__type(key, struct key);
	__type(value, u64);
} processes SEC(".maps");

u64 dropped;

static __noinline int swapped_in(void)
{
	struct key key = { .pid = current_ids() >> 32 };
	u64 zero = 0;

	if (!is_wanted())
		return 0;
	bpf_get_current_comm(key.comm, sizeof(key.comm));

	u64 *count = lookup_or_insert(&processes, &key, &zero);

	__sync_fetch_and_add(count ? count : &dropped, 1);
	return 0;
}

SEC("fentry/swap_read_folio")
int fentry_swap_read_folio(void *ctx)
{
	return swapped_in();
}

SEC("kprobe/swap_read_folio")
int kprobe_swap_read_folio(void *ctx)
{
	return swapped_in();
}

/* Until Linux 6.9. */
SEC("fentry/swap_readpage")
int fentry_swap_readpage(void *ctx)
{
	return swapped_in();
}

SEC("kprobe/swap_readpage")
int kprobe_swap_readpage(void *ctx)
{
	return swapped_in();
}
