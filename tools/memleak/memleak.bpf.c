// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * memleak: memory that is allocated and not freed, by the stack that allocated it.
 */
#include "../../toolkit/kernel/base/prelude.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include "allocator.h"

KERNEL_STRUCTS

struct kmem_cache {
	unsigned int size;
};

/* Until Linux 6.0. With `accounted` the third argument of the tracepoints is a cache. */
struct trace_event_raw_kmem_alloc {
	bool accounted;
};

struct trace_event_raw_percpu_alloc_percpu {
	unsigned long call_site; /* Linux 5.19 and later: the first argument */
};

KERNEL_STRUCTS_END

#define PAGE_BYTES 4096ul

/* exec replaces the address space: nothing of the old one remains allocated. */
SEC("raw_tp/sched_process_exec")
int executed(void *arguments)
{
	if (traced_pid == current_ids() >> 32)
		image++;
	return 0;
}

SEC("uprobe")
int sized(u64 *registers)
{
	return begin(registers, RETURNS_MEMORY, argument(registers, 0), 0);
}

SEC("uprobe")
int counted(u64 *registers)
{
	return begin(registers, RETURNS_MEMORY, argument(registers, 0) * argument(registers, 1), 0);
}

SEC("uprobe")
int aligned(u64 *registers)
{
	return begin(registers, RETURNS_MEMORY, argument(registers, 1), 0);
}

SEC("uprobe")
int mapped(u64 *registers)
{
	return begin(registers, RETURNS_MAPPING, argument(registers, 1), 0);
}

SEC("uprobe")
int remapped(u64 *registers)
{
	return begin(registers, MOVES_MAPPING, argument(registers, 2), argument(registers, 0));
}

SEC("uprobe")
int stored(u64 *registers)
{
	return begin(registers, STORES_MEMORY, argument(registers, 2), argument(registers, 0));
}

SEC("uprobe")
int moved(u64 *registers)
{
	return begin(registers, MOVES_MEMORY, argument(registers, 1), argument(registers, 0));
}

SEC("uprobe")
int returned(u64 *registers)
{
	return end(registers);
}

/* Returns of mmap and mremap, and munmap, where the kernel has bpf_for_each_map_elem (Linux 5.13). On
 * older kernels returned() and freed() are attached instead: they handle whole mappings only. */
SEC("uprobe")
int returned_mapping(u64 *registers)
{
	return end_mapping(registers);
}

SEC("uprobe")
int unmapped(u64 *registers)
{
	return unmap(argument(registers, 0), argument(registers, 1), bpf_ktime_get_ns());
}

SEC("uprobe")
int freed(u64 *registers)
{
	struct allocation was;

	give_memory(argument(registers, 0), &was);
	return 0;
}

/* Kernel tracepoints report complete allocations. Programs are attached in the order of this file, those of
 * frees first: so no free of a recorded allocation is missed. */
static __noinline int take(void *ctx, u64 address, u64 size)
{
	if (address && is_wanted() && is_size_wanted(size)) {
		tell(ALLOC_ENTERED, 0, size);
		take_memory(ctx, address, size);
	}
	return 0;
}

static __noinline int give(u64 address)
{
	struct allocation was;

	give_memory(address, &was);
	return 0;
}

SEC("raw_tp/kfree")
int kfree(u64 *arguments)
{
	return give(arguments[1]);
}

SEC("raw_tp/kmem_cache_free")
int kmem_cache_free(u64 *arguments)
{
	return give(arguments[1]);
}

SEC("raw_tp/mm_page_free")
int page_free(u64 *arguments)
{
	return give(arguments[0]);
}

SEC("raw_tp/percpu_free_percpu")
int percpu_free(u64 *arguments)
{
	return give(arguments[2]);
}

static __always_inline int take_object(const volatile u64 *arguments)
{
	struct trace_event_raw_kmem_alloc *event = NULL;
	u64 size = arguments[3], size_after_cache = arguments[4];

	return take((void *)arguments, arguments[1],
		    bpf_core_field_exists(event->accounted) ? size_after_cache : size);
}

SEC("raw_tp/kmalloc")
int kmalloc(u64 *arguments)
{
	return take_object(arguments);
}

SEC("raw_tp/kmem_cache_alloc")
int kmem_cache_alloc(u64 *arguments)
{
	struct kmem_cache *cache = (void *)arguments[2];

	if (bpf_core_type_exists(struct trace_event_raw_kmem_alloc))
		return take_object(arguments);
	return take(arguments, arguments[1], BPF_CORE_READ(cache, size));
}

SEC("raw_tp/mm_page_alloc")
int page_alloc(u64 *arguments)
{
	return take(arguments, arguments[0], PAGE_BYTES << (u32)arguments[1]);
}

SEC("raw_tp/percpu_alloc_percpu")
int percpu_alloc(u64 *arguments)
{
	struct trace_event_raw_percpu_alloc_percpu *event = NULL;
	u64 address, size;

	if (bpf_core_field_exists(event->call_site)) {
		size = arguments[3];
		address = arguments[7];
		/* Keeps the compiler from selecting an offset at run time: it must be a constant. */
		__asm__ volatile("" : "+r"(size), "+r"(address));
	} else {
		size = arguments[2];
		address = arguments[6];
	}
	return take(arguments, address, size);
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";
