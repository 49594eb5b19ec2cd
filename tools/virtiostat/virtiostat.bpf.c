// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * virtiostat: requests that drivers put into the queues of virtio devices.
 */
#include "../../toolkit/kernel/base/dropped.h"
#include "../../toolkit/kernel/base/maps.h"
#include "../../toolkit/kernel/base/registers.h"

KERNEL_STRUCTS

struct device_driver {
	const char *name;
};

struct kobject {
	const char *name;
};

struct device {
	struct kobject kobj;
	struct device_driver *driver;
};

struct virtio_device {
	struct device dev;
};

struct virtqueue {
	const char *name;
	struct virtio_device *vdev;
};

struct scatterlist {
	unsigned long page_link; /* the lowest bits: chained to another list, or the end */
	unsigned int length;
};

KERNEL_STRUCTS_END

#define SG_CHAIN 1
#define SG_END 2
#define LISTS 1024 /* size limit of QEMU's queues (VIRTQUEUE_MAX_SIZE) */
#define PIECES 1024
#define NAME_LENGTH 16

struct key {
	char driver[NAME_LENGTH];
	char device[NAME_LENGTH];
	char queue[NAME_LENGTH];
};

struct sums {
	u64 in_lists; /* for the device to write to */
	u64 out_lists;
	u64 in_bytes;
	u64 out_bytes;
};

/* Totals since an entry was created; the reader deletes entries that no longer change. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, struct key);
	__type(value, struct sums);
} queues SEC(".maps");

/* The requested names, padded with NUL; an empty one matches any. */
const volatile u64 target_driver[NAME_LENGTH / 8] = {};
const volatile u64 target_device[NAME_LENGTH / 8] = {};

struct pieces {
	struct scatterlist *next;
	u64 bytes;
};

/* Adds an entry of a list; returns 1 after the last. */
static long add_piece(u32 i, struct pieces *pieces)
{
	struct scatterlist *piece = pieces->next;
	u64 link = BPF_CORE_READ(piece, page_link);

	/* An entry may instead hold the address at which the list continues. */
	if (link & SG_CHAIN) {
		piece = (void *)(link & ~(u64)(SG_CHAIN | SG_END));
		link = BPF_CORE_READ(piece, page_link);
	}
	pieces->bytes += BPF_CORE_READ(piece, length);
	pieces->next = (void *)piece + bpf_core_type_size(struct scatterlist);
	return link & SG_END ? 1 : 0;
}

static __noinline u64 bytes_of(struct scatterlist *list)
{
	struct pieces pieces = { .next = list };

	bpf_loop(PIECES, add_piece, &pieces, 0);
	return pieces.bytes;
}

static __always_inline bool is_name_wanted(const volatile u64 *target, const char *name)
{
	const u64 *words = (const u64 *)name;

	return !target[0] || (target[0] == words[0] && target[1] == words[1]);
}

static __noinline struct sums *sums_of(struct virtqueue *queue)
{
	struct key key __attribute__((aligned(8))) = {};
	struct sums zero = {};
	struct sums *sums;

	bpf_probe_read_kernel_str(key.driver, sizeof(key.driver),
				  BPF_CORE_READ(queue, vdev, dev.driver, name));
	bpf_probe_read_kernel_str(key.device, sizeof(key.device),
				  BPF_CORE_READ(queue, vdev, dev.kobj.name));
	bpf_probe_read_kernel_str(key.queue, sizeof(key.queue), BPF_CORE_READ(queue, name));
	if (!is_name_wanted(target_driver, key.driver) || !is_name_wanted(target_device, key.device))
		return NULL;
	sums = lookup_or_insert(&queues, &key, &zero);
	if (!sums)
		__sync_fetch_and_add(&dropped, 1);
	return sums;
}

struct lists {
	u64 at; /* address of an array of pointers */
	u64 bytes;
};

static long add_list(u32 i, struct lists *lists)
{
	struct scatterlist *list = NULL;

	bpf_probe_read_kernel(&list, sizeof(list), (void *)(lists->at + i * sizeof(list)));
	lists->bytes += bytes_of(list);
	return 0;
}

static __noinline u64 bytes_of_lists(u64 at, u32 count)
{
	struct lists lists = { .at = at };

	bpf_loop(count < LISTS ? count : LISTS, add_list, &lists, 0);
	return lists.bytes;
}

SEC("kprobe/virtqueue_add_sgs")
int add_sgs(u64 *registers)
{
	struct sums *sums = sums_of((void *)argument(registers, 0));
	u64 lists = argument(registers, 1);
	u32 out = argument(registers, 2);
	u32 in = argument(registers, 3);

	if (!sums)
		return 0;
	__sync_fetch_and_add(&sums->out_bytes, bytes_of_lists(lists, out));
	__sync_fetch_and_add(&sums->in_bytes, bytes_of_lists(lists + out * sizeof(void *), in));
	__sync_fetch_and_add(&sums->out_lists, out);
	__sync_fetch_and_add(&sums->in_lists, in);
	return 0;
}

static __always_inline int add_one(u64 *registers, bool is_in)
{
	struct sums *sums = sums_of((void *)argument(registers, 0));
	u64 bytes;

	if (!sums)
		return 0;
	bytes = bytes_of((void *)argument(registers, 1));
	__sync_fetch_and_add(is_in ? &sums->in_lists : &sums->out_lists, 1);
	__sync_fetch_and_add(is_in ? &sums->in_bytes : &sums->out_bytes, bytes);
	return 0;
}

SEC("kprobe/virtqueue_add_outbuf")
int add_outbuf(u64 *registers)
{
	return add_one(registers, false);
}

SEC("kprobe/virtqueue_add_inbuf")
int add_inbuf(u64 *registers)
{
	return add_one(registers, true);
}

SEC("kprobe/virtqueue_add_inbuf_ctx")
int add_inbuf_ctx(u64 *registers)
{
	return add_one(registers, true);
}
