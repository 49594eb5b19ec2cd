// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * biosnoop: one event per completed block I/O request.
 */
#include "../../toolkit/kernel/block/block.h"
#include "../../toolkit/kernel/event_tool.h"

const volatile bool with_pattern = false;

enum pattern {
	PATTERN_UNKNOWN,
	PATTERN_SEQUENTIAL,
	PATTERN_RANDOM,
};

struct event {
	u64 time; /* ns since boot, at completion */
	struct who who;
	u64 sector;
	u64 waited; /* ns from queueing to issue */
	u64 latency; /* ns from issue to completion */
	u32 device;
	u32 bytes;
	u32 flags;
	u32 pattern;
};

/* End of the last request of each disk. When the map is full, the pattern of further disks is unknown. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8192);
	__type(key, u32);
	__type(value, u64);
} last_sectors SEC(".maps");

EVENTS(events, struct event);

static __always_inline u32 pattern_of(struct io *io)
{
	u64 end = io->sector + (io->bytes >> SECTOR_SHIFT);
	u64 *last = bpf_map_lookup_elem(&last_sectors, &io->device);

	if (!last) {
		bpf_map_update_elem(&last_sectors, &io->device, &end, BPF_ANY);
		return PATTERN_UNKNOWN;
	}

	u32 pattern = io->sector == *last ? PATTERN_SEQUENTIAL : PATTERN_RANDOM;

	*last = end;
	return pattern;
}

static __always_inline void io_done(struct io *io, u64 now)
{
	if (!io->issued)
		return; /* a flush without data: the block layer issues a request of its own for it */

	struct event event = {
		.time = now,
		.who = io->who,
		.sector = io->sector,
		.waited = io->issued - io->queued,
		.latency = now - io->issued,
		.device = io->device,
		.bytes = io->bytes,
		.flags = io->flags,
		.pattern = with_pattern ? pattern_of(io) : PATTERN_UNKNOWN,
	};

	send(events, &event, sizeof(event));
}

static __always_inline void io_dropped(void)
{
	count_in_flight_dropped();
}
