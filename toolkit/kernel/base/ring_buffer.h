/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The ring buffer that carries a tool's events, with an exact count of those that did not fit.
 */
#pragma once

#include "prelude.h"

/*
 * Declares ring buffer `name` of an `event_type`, and `name`_dropped, which the reader finds by its
 * name. The value type tells the reader how an event is laid out; the loader clears the size that
 * comes with it, which a ring buffer may not have. The size is set before load by the tool.
 */
#define EVENTS(name, event_type)                                                                   \
	struct {                                                                                   \
		__uint(type, BPF_MAP_TYPE_RINGBUF);                                                \
		__uint(max_entries, 256 * 1024);                                                   \
		__type(value, event_type);                                                         \
	} name SEC(".maps");                                                                       \
	u64 name##_dropped

/* Sends `size` bytes; never waits. An event for which there is no room is counted. */
#define send(name, event, size)                                                                    \
	do {                                                                                       \
		if (bpf_ringbuf_output(&name, event, size, 0))                                     \
			count_dropped(name);                                                       \
	} while (0)

#define count_dropped(name) __sync_fetch_and_add(&name##_dropped, 1)

/* Calls not traced from entry to exit because the map of calls in flight was full. */
u64 in_flight_dropped;
#define count_in_flight_dropped() __sync_fetch_and_add(&in_flight_dropped, 1)
