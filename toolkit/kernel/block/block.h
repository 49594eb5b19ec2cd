/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Block I/O requests, from being queued to being done.
 *
 * A tool that includes this defines io_done() and io_lost(); block.ts chooses the programs. A request
 * is known by its address, which is its own until it is done: unlike device and sector, merging does
 * not change it. Since Linux 6.5 block_io_start and block_io_done tell of all of its life. Before,
 * it begins with block_rq_insert, or with block_rq_issue if no scheduler is asked, and ends with the
 * block_rq_complete that covers all that is left of it.
 */
#pragma once

#include "../task/filter.h"
#include "../task/who.h"

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

struct hd_struct {
	int partno; /* until Linux 5.10 */
};

KERNEL_STRUCTS_END

#define REQ_OP_MASK 0xff /* the operation's bits of cmd_flags; include/linux/blk_types.h */
#define SECTOR_SHIFT 9

const volatile u32 target_device = 0; /* 0: any; a disk as MKDEV() has it */

/* A request. Merging may change it until it is issued. */
struct io {
	u64 queued; /* ns since boot */
	u64 issued; /* to the driver; 0 while it is not */
	u64 sector;
	u32 device;
	u32 bytes;
	u32 flags; /* cmd_flags: the operation and how */
	struct who who; /* queued it */
};

/* Tells of a request that is done. */
static __always_inline void io_done(struct io *io, u64 now);

/* Counts a request for which there was no room. */
static __always_inline void io_lost(void);

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, u64);
	__type(value, struct io);
} requests SEC(".maps");

static __always_inline u32 device_of(struct request *request)
{
	struct request___5_16 *old = (void *)request;
	struct gendisk *disk = bpf_core_field_exists(old->rq_disk) ? BPF_CORE_READ(old, rq_disk) :
								       BPF_CORE_READ(request, q, disk);

	return (u32)BPF_CORE_READ(disk, major) << 20 | BPF_CORE_READ(disk, first_minor);
}

static __always_inline void read_request(struct io *io, struct request *request)
{
	io->sector = BPF_CORE_READ(request, __sector);
	io->bytes = BPF_CORE_READ(request, __data_len);
	io->flags = BPF_CORE_READ(request, cmd_flags);
}

static __always_inline int queue(struct request *request, bool is_issued)
{
	u64 key = (u64)request;
	u64 now = bpf_ktime_get_ns();
	struct io io = { .queued = now, .issued = is_issued ? now : 0, .device = device_of(request) };

	if (target_device && target_device != io.device)
		return 0;
	if (!is_wanted())
		return 0;
	set_who(&io.who);
	read_request(&io, request);
	if (bpf_map_update_elem(&requests, &key, &io, BPF_ANY))
		io_lost();
	return 0;
}

static __always_inline bool issue(struct request *request)
{
	u64 key = (u64)request;
	struct io *io = bpf_map_lookup_elem(&requests, &key);

	if (!io)
		return false;
	io->issued = bpf_ktime_get_ns();
	read_request(io, request);
	return true;
}

static __always_inline int finish(struct request *request)
{
	u64 key = (u64)request;
	struct io *io = bpf_map_lookup_elem(&requests, &key);

	if (!io)
		return 0;
	io_done(io, bpf_ktime_get_ns());
	bpf_map_delete_elem(&requests, &key);
	return 0;
}

/* Until Linux 5.10 the queue comes first, as it does where there is a struct hd_struct. */
#define REQUEST(arguments)                                                                             \
	(struct request *)(bpf_core_type_exists(struct hd_struct) ? (arguments)[1] : (arguments)[0])

SEC("raw_tp/block_io_start")
int io_start(u64 *arguments)
{
	return queue((void *)arguments[0], false);
}

SEC("raw_tp/block_rq_insert")
int rq_insert(u64 *arguments)
{
	return queue(REQUEST(arguments), false);
}

SEC("raw_tp/block_rq_issue")
int rq_issue(u64 *arguments)
{
	issue(REQUEST(arguments));
	return 0;
}

SEC("raw_tp/block_rq_issue")
int rq_issue_first(u64 *arguments)
{
	struct request *request = REQUEST(arguments);

	return issue(request) ? 0 : queue(request, true);
}

SEC("raw_tp/block_io_done")
int io_end(u64 *arguments)
{
	return finish((void *)arguments[0]);
}

SEC("raw_tp/block_rq_complete")
int rq_complete(u64 *arguments)
{
	struct request *request = (void *)arguments[0];

	return (u32)arguments[2] < BPF_CORE_READ(request, __data_len) ? 0 : finish(request);
}
