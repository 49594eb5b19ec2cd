// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * sslsniff: plain text that programs pass to and receive from TLS libraries, at the end of each call.
 */
#include "../../toolkit/kernel/event_tool.h"
#include "../../toolkit/kernel/base/registers.h"
#include "nested_calls.h"

#define DATA_MAX 16384 /* a TLS record holds no more (RFC 8446, 5.1) */

const volatile u32 data_max = DATA_MAX;

enum function {
	READ,
	WRITE,
	HANDSHAKE,
};

struct event {
	u64 time; /* ns since boot, at the end */
	struct who who;
	u64 duration_ns;
	u32 function;
	u32 length; /* in bytes; `data` may hold fewer */
	u8 data[];
};

/* Buffer in which an event is built. */
PER_CPU(scratches, u8[sizeof(struct event) + DATA_MAX]);

EVENTS(events, struct event);

static __always_inline int begin(u64 *registers, const void *data, const u64 *done)
{
	struct nested_call call = {
		.stack = stack_at_begin(registers),
		.time = bpf_ktime_get_ns(),
		.data = (u64)data,
		.done = (u64)done,
	};

	if (is_wanted() && !push_call(&call))
		count_in_flight_dropped();
	return 0;
}

/* SSL_read(ssl, data, length) and functions with the same arguments. */
SEC("uprobe")
int begin_call(u64 *registers)
{
	return begin(registers, (const void *)argument(registers, 1), NULL);
}

/* SSL_read_ex(ssl, data, length, &done), which returns whether it succeeded. */
SEC("uprobe")
int begin_ex(u64 *registers)
{
	return begin(registers, (const void *)argument(registers, 1),
		     (const u64 *)argument(registers, 3));
}

/*
 * PR_Read(file, data, length) and the like, which are also called for plain files. TLS is a layer upon
 * another one, so files without a `lower` layer (struct PRFileDesc, prio.h of NSPR) are not TLS.
 */
SEC("uprobe")
int begin_nspr(u64 *registers)
{
	struct {
		u64 methods, secret, lower;
	} file = {};

	if (bpf_probe_read_user(&file, sizeof(file), (const void *)argument(registers, 0)) || !file.lower)
		return 0;
	return begin(registers, (const void *)argument(registers, 1), NULL);
}

static __always_inline void tell(const struct nested_call *call, u32 function, u32 length)
{
	struct event *event = of_this_cpu(&scratches);
	u32 size = length < data_max ? length : data_max;

	if (!event)
		return;
	event->time = bpf_ktime_get_ns();
	event->duration_ns = event->time - call->time;
	event->function = function;
	event->length = length;
	set_who(&event->who);
	if (size > DATA_MAX)
		size = DATA_MAX;
	if (size && bpf_probe_read_user(event->data, size, (const void *)call->data))
		size = 0;
	send(events, event, sizeof(*event) + size);
}

static __always_inline int end(u64 *registers, u32 function)
{
	struct nested_call call;
	s32 length = result(registers);
	u64 done = 0;

	if (!pop_call(stack_at_end(registers), &call) || length <= 0)
		return 0;
	if (call.done) {
		bpf_probe_read_user(&done, sizeof(done), (const void *)call.done);
		length = done;
	}
	if (length > 0)
		tell(&call, function, length);
	return 0;
}

SEC("uprobe")
int end_read(u64 *registers)
{
	return end(registers, READ);
}

SEC("uprobe")
int end_write(u64 *registers)
{
	return end(registers, WRITE);
}

static __always_inline int end_handshake(u64 *registers, s32 success)
{
	struct nested_call call;

	if (pop_call(stack_at_end(registers), &call) && (s32)result(registers) == success)
		tell(&call, HANDSHAKE, 0);
	return 0;
}

SEC("uprobe")
int end_openssl_handshake(u64 *registers)
{
	return end_handshake(registers, 1);
}

SEC("uprobe")
int end_gnutls_handshake(u64 *registers)
{
	return end_handshake(registers, 0);
}
