// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * ttysnoop: what processes write to a terminal, by write(2) and writev(2).
 *
 * The data is read at exit, when its length is known and its pages are resident.
 */
#include "../../toolkit/kernel/event_tool.h"
#include "../../toolkit/kernel/fs/path.h"

KERNEL_STRUCTS

struct super_block___tty {
	unsigned int s_dev;
};

struct inode___tty {
	unsigned long i_ino;
	unsigned int i_rdev;
	struct super_block___tty *i_sb;
};

struct dentry___tty {
	struct inode___tty *d_inode;
};

struct tty_driver {
	int major;
	int minor_start;
};

struct tty_struct {
	struct tty_driver *driver;
	int index;
	void *driver_data;
};

struct tty_file_private {
	struct tty_struct *tty;
};

struct file___tty {
	struct inode___tty *f_inode;
	struct tty_file_private *private_data;
};

KERNEL_STRUCTS_END

#define MINOR_BITS 20 /* include/linux/kdev_t.h */
#define DEV_TTY (5 << MINOR_BITS) /* /dev/tty: the controlling terminal of the process that opens it */
#define DATA_MAX 16384
#define PIECES 128 /* most pieces of one write: elements of its vector, split to fit an event */

/* The terminal. Pseudo terminals by inode: the numbers of each devpts instance begin at 0. */
const volatile u32 target_tty = 0;
const volatile bool is_pseudo = false;
const volatile u64 target_inode = 0;
const volatile u32 target_device = 0;
const volatile u32 data_size = 256;
const volatile u32 data_count = 16;

struct iovec {
	u64 base;
	u64 length;
};

struct call {
	u64 buffer;
	u64 vectors; /* 0: a single buffer */
};

struct event {
	struct who who;
	char data[];
};

/* What is left of a write is kept here too, for the verifier: see append_directories() in path.h. */
struct scratch {
	struct iovec part;
	u64 vector; /* the next element */
	u64 left; /* bytes written and not sent yet */
	u64 room; /* bytes that may still be sent */
	char event[sizeof(struct event) + DATA_MAX];
};

PER_CPU(scratches, struct scratch);
CALLS(calls, struct call);
EVENTS(events, struct event);

u64 truncated_bytes;

static __always_inline bool is_target(struct inode___tty *inode)
{
	if (!is_pseudo)
		return BPF_CORE_READ(inode, i_rdev) == target_tty;
	return BPF_CORE_READ(inode, i_ino) == target_inode &&
	       BPF_CORE_READ(inode, i_sb, s_dev) == target_device;
}

/* Whether /dev/tty of this process is the traced terminal. */
static __always_inline bool leads_to_target(struct tty_file_private *file)
{
	struct tty_struct *tty = BPF_CORE_READ(file, tty);
	struct dentry___tty *dentry = BPF_CORE_READ(tty, driver_data);
	u32 device = BPF_CORE_READ(tty, driver, major) << MINOR_BITS |
		     (BPF_CORE_READ(tty, driver, minor_start) + BPF_CORE_READ(tty, index));

	if (device != target_tty)
		return false;
	return !is_pseudo || is_target(BPF_CORE_READ(dentry, d_inode));
}

static __noinline int begin(int fd, u64 buffer, u64 vectors)
{
	struct call call = { .buffer = buffer, .vectors = vectors };
	struct file___tty *file = is_wanted() ? (void *)file_of(fd) : NULL;
	struct inode___tty *inode = BPF_CORE_READ(file, f_inode);

	if (!inode)
		return 0;
	if (BPF_CORE_READ(inode, i_rdev) == DEV_TTY ?
		    !leads_to_target(BPF_CORE_READ(file, private_data)) :
		    !is_target(inode))
		return 0;
	if (!keep_call(&calls, &call))
		count_in_flight_dropped();
	return 0;
}

/* Sends the next piece of the write; returns whether there may be more. */
static __always_inline bool send_piece(struct scratch *scratch)
{
	struct event *event = (void *)scratch->event;
	u64 size = scratch->part.length;

	if (!scratch->left || !scratch->room)
		return false;
	if (!size) {
		scratch->vector += sizeof(struct iovec);
		return !bpf_probe_read_user(&scratch->part, sizeof(scratch->part),
					    (void *)(scratch->vector - sizeof(struct iovec)));
	}
	if (size > scratch->left)
		size = scratch->left;
	if (size > scratch->room)
		size = scratch->room;
	if (size > data_size)
		size = data_size;
	if (size > DATA_MAX || bpf_probe_read_user(event->data, size, (void *)scratch->part.base))
		return false;
	send(events, event, offsetof(struct event, data) + size);
	scratch->part.base += size;
	scratch->part.length -= size;
	scratch->left -= size;
	scratch->room -= size;
	return true;
}

static __always_inline void report(struct call *call, u64 written)
{
	struct scratch *scratch = of_this_cpu(&scratches);

	if (!scratch)
		return;

	struct event *event = (void *)scratch->event;

	set_who(&event->who);
	scratch->part.base = call->buffer;
	scratch->part.length = call->vectors ? 0 : written;
	scratch->vector = call->buffer;
	scratch->left = written;
	scratch->room = (u64)data_size * data_count;
	for (u32 i = 0; i < PIECES && send_piece(scratch); i++)
		;
	__sync_fetch_and_add(&truncated_bytes, scratch->left);
}

static __noinline int end(s64 ret)
{
	struct call *call = kept_call(&calls);

	if (!call)
		return 0;
	if (ret > 0)
		report(call, ret);
	forget_call(&calls);
	return 0;
}

AT_ENTRY(write, begin(ctx->args[0], ctx->args[1], 0))
AT_EXIT(write, end(ctx->ret))
AT_ENTRY(writev, begin(ctx->args[0], ctx->args[1], ctx->args[2]))
AT_EXIT(writev, end(ctx->ret))
