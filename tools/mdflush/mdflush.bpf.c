// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * mdflush: requests to md devices that begin with a flush.
 */
#include "../../toolkit/kernel/event_tool.h"

#define DISK_NAME_LEN 32 /* include/linux/blkdev.h */

KERNEL_STRUCTS

struct gendisk {
	char disk_name[DISK_NAME_LEN];
};

struct block_device {
	struct gendisk *bd_disk;
};

struct bio {
	struct block_device *bi_bdev;
	unsigned int bi_opf;
};

struct bio___5_11 {
	struct gendisk *bi_disk; /* until Linux 5.11 */
};

enum req_flag_bits {
	__REQ_PREFLUSH,
};

KERNEL_STRUCTS_END

struct event {
	struct who who;
	char disk[DISK_NAME_LEN];
};

EVENTS(events, struct event);

const volatile bool is_queue_first = false; /* whether block_bio_queue passes the queue first, as until Linux 5.11 */

/* md devices are called md0, md127, md_home, md_d0; no other disk has such a name. */
static __always_inline bool is_md(const char *name)
{
	return name[0] == 'm' && name[1] == 'd' && (name[2] == '_' || (name[2] >= '0' && name[2] <= '9'));
}

SEC("raw_tp/block_bio_queue")
int queued(u64 *arguments)
{
	u64 address;

	/* The verifier wants constant offsets, so the compiler must not select one at run time. */
	if (is_queue_first) {
		address = arguments[1];
		__asm__ volatile("" : "+r"(address));
	} else {
		address = arguments[0];
	}

	struct bio *bio = (void *)address;
	struct bio___5_11 *old = (void *)bio;
	struct event event = {};

	if (!(BPF_CORE_READ(bio, bi_opf) >> bpf_core_enum_value(enum req_flag_bits, __REQ_PREFLUSH) & 1))
		return 0;
	if (bpf_core_field_exists(old->bi_disk))
		BPF_CORE_READ_STR_INTO(&event.disk, old, bi_disk, disk_name);
	else
		BPF_CORE_READ_STR_INTO(&event.disk, bio, bi_bdev, bd_disk, disk_name);
	if (!is_md(event.disk) || !is_wanted())
		return 0;
	set_who(&event.who);
	send(events, &event, sizeof(event));
	return 0;
}
