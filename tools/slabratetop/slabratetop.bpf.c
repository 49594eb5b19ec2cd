// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * slabratetop: how many objects, and how many bytes, the kernel takes from each slab cache.
 */
#include "../../toolkit/kernel/base/maps.h"
#include "../../toolkit/kernel/task/filter.h"

KERNEL_STRUCTS

struct kmem_cache {
	const char *name;
	unsigned int size; /* of an object, with what the allocator adds */
};

KERNEL_STRUCTS_END

#define NAME_LENGTH 32

struct key {
	char name[NAME_LENGTH];
};

struct sums {
	u64 count;
	u64 bytes;
};

/* What was counted since an entry was made; the reader takes entries away that do not change. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 10240);
	__type(key, struct key);
	__type(value, struct sums);
} caches SEC(".maps");

u64 dropped;

/* The cache has been the third argument since Linux 2.6.30, whatever else came and went. */
SEC("raw_tp/kmem_cache_alloc")
int allocated(u64 *arguments)
{
	struct kmem_cache *cache = (void *)arguments[2];
	struct sums zero = {};
	struct key key = {};

	if (!is_wanted())
		return 0;
	bpf_probe_read_kernel_str(key.name, sizeof(key.name), BPF_CORE_READ(cache, name));

	struct sums *sums = lookup_or_insert(&caches, &key, &zero);

	if (!sums) {
		__sync_fetch_and_add(&dropped, 1);
		return 0;
	}
	__sync_fetch_and_add(&sums->count, 1);
	__sync_fetch_and_add(&sums->bytes, BPF_CORE_READ(cache, size));
	return 0;
}
