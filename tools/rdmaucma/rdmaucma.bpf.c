// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * rdmaucma: events of processes' RDMA connections, as module rdma_ucm receives them.
 */
#include "../../toolkit/kernel/event_tool.h"
#include "../../toolkit/kernel/base/registers.h"
#include "../../toolkit/kernel/net/flow.h"

KERNEL_STRUCTS

struct sockaddr_storage {
	u16 ss_family;
};

struct rdma_addr {
	struct sockaddr_storage src_addr;
	struct sockaddr_storage dst_addr;
};

struct rdma_route {
	struct rdma_addr addr;
};

/* Described by the BTF of modules. */
struct rdma_cm_id {
	struct rdma_route route;
};

enum rdma_cm_event_type {
	RDMA_CM_EVENT_ADDR_RESOLVED,
};

struct rdma_cm_event {
	enum rdma_cm_event_type event;
	int status;
};

KERNEL_STRUCTS_END

/* include/uapi/linux/in.h and in6.h: struct sockaddr_in and sockaddr_in6 in one. */
struct socket_address {
	u16 family;
	__be16 port;
	__be32 ipv4; /* in IPv6, the flow label */
	u8 ipv6[16];
};

struct event {
	u64 time; /* ns since boot */
	struct who who; /* the current task: mostly a kernel thread */
	struct flow flow;
	u32 event; /* enum rdma_cm_event_type */
	s32 status; /* 0, or the error */
};

EVENTS(events, struct event);

/* Reads a kernel socket address; returns its port, in host byte order. */
static __always_inline u16 read_address(u8 *address, const void *from, u16 *family)
{
	struct socket_address read = {};

	bpf_probe_read_kernel(&read, sizeof(read), from);
	if (read.family == AF_INET)
		set_mapped(address, read.ipv4);
	else
		__builtin_memcpy(address, read.ipv6, sizeof(read.ipv6));
	*family = read.family;
	return bpf_ntohs(read.port);
}

SEC("kprobe/ucma_event_handler")
int handle(u64 *registers)
{
	const struct rdma_cm_id *id = (const void *)argument(registers, 0);
	const struct rdma_cm_event *told = (const void *)argument(registers, 1);
	struct event event = {
		.time = bpf_ktime_get_ns(),
		.event = BPF_CORE_READ(told, event),
		.status = BPF_CORE_READ(told, status),
	};
	u16 remote_family;

	event.flow.local_port = read_address(
		event.flow.local, __builtin_preserve_access_index(&id->route.addr.src_addr),
		&event.flow.family);
	event.flow.remote_port = read_address(
		event.flow.remote, __builtin_preserve_access_index(&id->route.addr.dst_addr),
		&remote_family);
	if ((event.flow.family != AF_INET && event.flow.family != AF_INET6) ||
	    !is_flow_wanted(&event.flow))
		return 0;
	set_who(&event.who);
	send(events, &event, sizeof(event));
	return 0;
}
