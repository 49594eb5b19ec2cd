/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Block I/O requests as their tracepoints give them.
 */
#pragma once

#include "../base/prelude.h"

KERNEL_STRUCTS

struct gendisk {
	int major;
	int first_minor;
};

struct request_queue {
	struct gendisk *disk;
};

struct request {
	struct request_queue *q;
	unsigned int cmd_flags;
	unsigned int __data_len;
	unsigned long long __sector;
};

struct request___5_16 {
	struct gendisk *rq_disk; /* until Linux 5.16 */
};

KERNEL_STRUCTS_END

#define REQ_OP_MASK 0xff /* the operation's bits of cmd_flags; include/linux/blk_types.h */
#define REQ_OP_FLUSH 2
#define REQ_FUA (1 << 17)
#define SECTOR_SHIFT 9

const volatile u32 target_device = 0; /* 0: any; MKDEV() of the disk */
const volatile bool is_queue_first = false; /* whether block_rq_insert and _issue pass the queue first */

static __always_inline u32 device_of(struct request *request)
{
	struct request___5_16 *old = (void *)request;
	struct gendisk *disk = bpf_core_field_exists(old->rq_disk) ? BPF_CORE_READ(old, rq_disk) :
								       BPF_CORE_READ(request, q, disk);

	return (u32)BPF_CORE_READ(disk, major) << 20 | BPF_CORE_READ(disk, first_minor);
}

/* Whether it belongs to a traced disk. */
static __always_inline bool is_device_wanted(u32 device)
{
	return !target_device || device == target_device;
}

static __always_inline bool is_flush(struct request *request)
{
	return (BPF_CORE_READ(request, cmd_flags) & REQ_OP_MASK) == REQ_OP_FLUSH;
}

static __always_inline struct request *request_of(u64 *arguments)
{
	u64 address;

	/* The verifier wants constant offsets, so the compiler must not select one at run time. */
	if (is_queue_first) {
		address = arguments[1];
		__asm__ volatile("" : "+r"(address));
	} else {
		address = arguments[0];
	}
	return (void *)address;
}

/* Whether block_rq_complete completes the rest of a request: a disk may complete parts. */
static __always_inline bool is_last_part(u64 *arguments)
{
	struct request *request = (void *)arguments[0];

	return (u32)arguments[2] >= BPF_CORE_READ(request, __data_len);
}
