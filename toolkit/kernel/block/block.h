/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Block I/O requests, from queueing to completion.
 *
 * A tool that includes this defines io_done() and io_dropped(); block.ts chooses the programs. With
 * IO_STACKS defined it also gets the kernel stack on which a request was queued. Requests are
 * identified by address, which is unique until completion: unlike device and sector, merging does
 * not change it. Since Linux 6.5 block_io_start and block_io_done cover a request's whole life.
 * Before, a request begins with block_rq_insert, or with block_rq_issue if there is no scheduler, and ends
 * with the block_rq_complete that covers all that is left of it.
 *
 * A flush sent to the disk is a request of the block layer itself, issued and completed only, which
 * serves all flushes requested at that time (block/blk-flush.c); those are never issued themselves.
 */
#pragma once

#include "request.h"
#include "../task/filter.h"
#include "../task/who.h"
#ifdef IO_STACKS
#include "../stacks/stack_slots.h"
#endif

KERNEL_STRUCTS

struct list_head {
	struct list_head *next;
};

struct blk_flush_queue {
	unsigned int flush_running_idx : 1;
	struct list_head flush_queue[2]; /* the running flush serves [flush_running_idx] */
};

struct blk_mq_hw_ctx {
	struct blk_flush_queue *fq;
};

struct request___flush {
	struct blk_mq_hw_ctx *mq_hctx;
	struct list_head queuelist;
};

struct request___6_5 {
	struct {
		struct list_head list; /* in place of queuelist, until Linux 6.5 */
	} flush;
};

KERNEL_STRUCTS_END

#define FLUSHES_SERVED 16 /* most requests of a flush that are searched for a known one */

/* A request. Merging may change it until it is issued. */
struct io {
	u64 queued; /* ns since boot */
	u64 issued; /* to the driver; 0: not yet */
	u64 sector;
	u32 device;
	u32 bytes;
	u32 flags; /* cmd_flags: operation and modifiers */
	struct who who; /* the task that queued it, or requested this flush */
#ifdef IO_STACKS
	u64 stack; /* id of the stack that queued it: kept_stacks.h */
#endif
	/* REQ_FUA on a disk without FUA: the block layer sends a flush after it, on behalf of this
	 * request. */
	bool is_flush_due;
	bool is_done;
};

/* Called for a completed request. */
static __always_inline void io_done(struct io *io, u64 now);

/* Called for a request that found the map full. */
static __always_inline void io_dropped(void);

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, u64);
	__type(value, struct io);
} requests SEC(".maps");

static __always_inline void read_request(struct io *io, struct request *request)
{
	io->sector = BPF_CORE_READ(request, __sector);
	io->bytes = BPF_CORE_READ(request, __data_len);
	io->flags = BPF_CORE_READ(request, cmd_flags);
}

static __always_inline int queue(void *ctx, struct request *request, bool is_issued)
{
	u64 key = (u64)request;
	u64 now = bpf_ktime_get_ns();
	struct io io = { .queued = now, .issued = is_issued ? now : 0, .device = device_of(request) };

	if (!is_device_wanted(io.device))
		return 0;
	if (!is_wanted())
		return 0;
	set_who(&io.who);
#ifdef IO_STACKS
	io.stack = keep_stack_in_slot(ctx, 0);
#endif
	read_request(&io, request);
	if (bpf_map_update_elem(&requests, &key, &io, BPF_ANY))
		io_dropped();
	return 0;
}

/* Finds the origin of a flush: who queued the first known request among those it serves. */
static __noinline bool set_who_asked(struct io *flush, struct request *request)
{
	struct request___flush *flushing = (void *)request;
	struct request___6_5 *old = (void *)request;
	struct blk_flush_queue *queue = BPF_CORE_READ(flushing, mq_hctx, fq);
	u64 member = bpf_core_field_exists(old->flush.list) ?
			     bpf_core_field_offset(struct request___6_5, flush.list) :
			     bpf_core_field_offset(struct request___flush, queuelist);
	struct list_head *heads =
		(void *)queue + bpf_core_field_offset(struct blk_flush_queue, flush_queue);
	struct list_head *head =
		(void *)heads + BPF_CORE_READ_BITFIELD_PROBED(queue, flush_running_idx) *
					bpf_core_type_size(struct list_head);
	struct list_head *node = BPF_CORE_READ(head, next);
	bool is_known = false;

	if (!flush)
		return false;
	for (int i = 0; i < FLUSHES_SERVED && node && node != head; i++) {
		u64 key = (u64)node - member;
		struct io *io = bpf_map_lookup_elem(&requests, &key);

		node = BPF_CORE_READ(node, next);
		if (!io)
			continue;
		if (!is_known) {
			flush->who = io->who;
			if (!io->is_done)
				flush->queued = io->queued;
		}
		is_known = true;
		if (io->is_done)
			bpf_map_delete_elem(&requests, &key);
	}
	return is_known;
}

/* A flush is issued: its origin is the task that requested it, or if unknown, the one that issues it. */
static __always_inline int issue_flush(void *ctx, struct request *request)
{
	u64 key = (u64)request;
	u64 now = bpf_ktime_get_ns();
	struct io io = { .queued = now, .issued = now, .device = device_of(request) };

	if (!is_device_wanted(io.device))
		return 0;
	if (!set_who_asked(&io, request)) {
		if (!is_wanted())
			return 0;
		set_who(&io.who);
	}
#ifdef IO_STACKS
	io.stack = keep_stack_in_slot(ctx, 0);
#endif
	io.flags = BPF_CORE_READ(request, cmd_flags);
	if (bpf_map_update_elem(&requests, &key, &io, BPF_ANY))
		io_dropped();
	return 0;
}

static __always_inline bool issue(struct request *request)
{
	u64 key = (u64)request;
	struct io *io = bpf_map_lookup_elem(&requests, &key);

	if (!io)
		return false;
	bool is_durable = io->flags & REQ_FUA;

	io->issued = bpf_ktime_get_ns();
	read_request(io, request);
	/* The block layer clears the flag where it replaces a FUA write by a write and a flush. */
	io->is_flush_due |= is_durable && !(io->flags & REQ_FUA);
	return true;
}

static __always_inline int finish(struct request *request)
{
	u64 key = (u64)request;
	struct io *io = bpf_map_lookup_elem(&requests, &key);

	if (!io || io->is_done)
		return 0;
	io_done(io, bpf_ktime_get_ns());
	if (io->is_flush_due)
		io->is_done = true;
	else
		bpf_map_delete_elem(&requests, &key);
	return 0;
}

SEC("raw_tp/block_io_start")
int io_start(u64 *arguments)
{
	return queue(arguments, (void *)arguments[0], false);
}

SEC("raw_tp/block_rq_insert")
int rq_insert(u64 *arguments)
{
	return queue(arguments, request_of(arguments), false);
}

SEC("raw_tp/block_rq_issue")
int rq_issue(u64 *arguments)
{
	struct request *request = request_of(arguments);

	if (is_flush(request))
		return issue_flush(arguments, request);
	issue(request);
	return 0;
}

SEC("raw_tp/block_rq_issue")
int rq_issue_first(u64 *arguments)
{
	struct request *request = request_of(arguments);

	if (is_flush(request))
		return issue_flush(arguments, request);
	return issue(request) ? 0 : queue(arguments, request, true);
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

	return is_last_part(arguments) ? finish(request) : 0;
}

/* In addition to block_io_done, which does not cover flushes. */
SEC("raw_tp/block_rq_complete")
int flush_complete(u64 *arguments)
{
	struct request *request = (void *)arguments[0];

	return is_flush(request) ? finish(request) : 0;
}
