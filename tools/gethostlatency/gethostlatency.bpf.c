// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * gethostlatency: calls of the C library that resolve host names, from entry to exit.
 */
#include "../../toolkit/kernel/event_tool.h"
#include "../../toolkit/kernel/base/registers.h"

#define HOST_MAX 256 /* host names have at most 253 bytes (RFC 1035, 2.3.4) */

struct event {
	u64 time; /* ns since boot, at the entry */
	struct who who;
	u64 duration_ns;
	s32 is_cut;
	u32 unused;
	char host[HOST_MAX];
};

CALLS(calls, struct event);
PER_CPU(scratches, struct event);
EVENTS(events, struct event);

SEC("uprobe")
int begin_lookup(u64 *registers)
{
	const char *host = (const char *)argument(registers, 0);
	struct event *event = of_this_cpu(&scratches);
	long length;

	/* getaddrinfo() without a name returns the local address. */
	if (!event || !host || !is_wanted())
		return 0;
	__builtin_memset(event, 0, sizeof(*event));
	length = bpf_probe_read_user_str(event->host, sizeof(event->host), host);
	event->is_cut = length == HOST_MAX;
	set_who(&event->who);
	event->time = bpf_ktime_get_ns();
	if (!keep_call(&calls, event))
		count_in_flight_dropped();
	return 0;
}

SEC("uprobe")
int end_lookup(u64 *registers)
{
	struct event *event = kept_call(&calls);

	if (!event)
		return 0;
	event->duration_ns = bpf_ktime_get_ns() - event->time;
	send(events, event, sizeof(*event));
	forget_call(&calls);
	return 0;
}
