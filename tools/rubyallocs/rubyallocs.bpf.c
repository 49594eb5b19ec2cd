// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * rubyallocs: objects that a Ruby process allocates, by class.
 */
#include "../../toolkit/kernel/base/prelude.h"
#include "../../toolkit/kernel/base/registers.h"
#include <bpf/bpf_helpers.h>
#include "ruby.h"
#include "ruby_lines.h"

/* Keys in place of the address of a class, which is even and above these. */
#define HIDDEN 0 /* no class: internal to Ruby, hidden from programs */
#define IMEMO 1 /* internal to Ruby, T_IMEMO: its class field holds other data */

const volatile bool by_line = false;

struct key {
	u64 klass;
	struct site site; /* with --stack */
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(max_entries, 65536);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct key);
	__type(value, u64);
} counts SEC(".maps");

u64 dropped;

static __always_inline int count(u64 klass, bool with_context)
{
	struct key key = { .klass = klass };
	u64 *objects;

	if (by_line)
		find_site(&key.site, with_context);
	objects = bpf_map_lookup_elem(&counts, &key);
	if (!objects) {
		u64 zero = 0;

		bpf_map_update_elem(&counts, &key, &zero, BPF_NOEXIST);
		objects = bpf_map_lookup_elem(&counts, &key);
		if (objects && klass > IMEMO)
			keep_name(klass);
		if (objects && key.site.path)
			keep_path(key.site.path);
	}
	/* Atomic although per CPU: programs of uprobes can be preempted by another thread. */
	__sync_fetch_and_add(objects ?: &dropped, 1);
	return 0;
}

SEC("uprobe")
int class_first(u64 *registers)
{
	return count(argument(registers, 0), false);
}

SEC("uprobe")
int class_second(u64 *registers)
{
	return count(argument(registers, 1), true);
}

SEC("uprobe")
int hidden(void *registers)
{
	return count(HIDDEN, false);
}

SEC("uprobe")
int imemo(void *registers)
{
	return count(IMEMO, false);
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";
