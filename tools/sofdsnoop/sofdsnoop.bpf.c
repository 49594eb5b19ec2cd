// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * sofdsnoop: descriptors passed by sendmsg(2) and recvmsg(2), read from the control message at the exit:
 * then received ones are there, and failed calls are known.
 */
#include "../../toolkit/kernel/event_tool.h"
#include "../../toolkit/kernel/fs/path.h"

KERNEL_STRUCTS

struct inode___fd {
	unsigned short i_mode;
	unsigned long i_ino;
};

struct file___fd {
	struct inode___fd *f_inode;
};

KERNEL_STRUCTS_END

/* include/linux/socket.h and include/net/scm.h */
#define SOL_SOCKET 1
#define SCM_RIGHTS 1
#define SCM_MAX_FD 253

#define HEADERS 8 /* most control messages read of one call */

/* struct msghdr and struct cmsghdr of user space, on 64 bit machines. */
struct message {
	u64 name;
	u32 name_length;
	u64 vector;
	u64 vector_length;
	u64 control;
	u64 control_length;
	u32 flags;
};

struct control_header {
	u64 length;
	s32 level;
	s32 type;
};

enum action {
	SEND,
	RECV,
};

struct call {
	u64 message;
	s32 socket;
	u32 action;
};

struct event {
	u64 time; /* ns since boot, at exit */
	struct who who;
	u64 socket_inode;
	u64 inode;
	u32 mode; /* of the passed file, as in stat(2) */
	u32 action;
	s32 socket;
	s32 fd;
	char name[];
};

/* Buffer in which an event is built: Linux 6.1 sums the stack sizes of all subprograms. */
struct scratch {
	char event[sizeof(struct event) + NAME_MAX + 1];
};

PER_CPU(scratches, struct scratch);
CALLS(calls, struct call);
EVENTS(events, struct event);

static __noinline int enter(u32 action, s32 socket, u64 message)
{
	struct call call = { .message = message, .socket = socket, .action = action };

	if (is_wanted() && !keep_call(&calls, &call))
		count_in_flight_dropped();
	return 0;
}

static __noinline int report(const struct call *call, s32 fd)
{
	struct scratch *scratch = of_this_cpu(&scratches);
	struct file *file = file_of(fd);
	struct file___fd *fields = (void *)file;
	struct file___fd *socket = (void *)file_of(call->socket);

	if (!scratch)
		return 0;

	struct event *event = (void *)scratch->event;

	event->time = bpf_ktime_get_ns();
	set_who(&event->who);
	event->socket_inode = BPF_CORE_READ(socket, f_inode, i_ino);
	event->inode = BPF_CORE_READ(fields, f_inode, i_ino);
	event->mode = BPF_CORE_READ(fields, f_inode, i_mode);
	event->action = call->action;
	event->socket = call->socket;
	event->fd = fd;

	long length = bpf_probe_read_kernel_str(event->name, NAME_MAX + 1,
						BPF_CORE_READ(file, f_path.dentry, d_name.name));

	if (length < 1)
		length = 1;
	/* Never above NAME_MAX: the mask proves that to the verifier of Linux 6.1. */
	send(events, event, offsetof(struct event, name) + ((length - 1) & NAME_MAX));
	return 0;
}

/* Returns the address of the first descriptor, and their number in `count`. */
static __always_inline u64 find_descriptors(u64 address, u32 *count)
{
	struct message message = {};

	bpf_probe_read_user(&message, sizeof(message), (void *)address);

	u64 at = message.control;
	u64 end = at + message.control_length;

	for (u32 i = 0; i < HEADERS && at && at + sizeof(struct control_header) <= end; i++) {
		struct control_header header = {};

		if (bpf_probe_read_user(&header, sizeof(header), (void *)at) ||
		    header.length < sizeof(header))
			return 0;
		if (header.level == SOL_SOCKET && header.type == SCM_RIGHTS) {
			*count = (header.length - sizeof(header)) / sizeof(s32);
			return at + sizeof(header);
		}
		at += (header.length + 7) & ~7ULL;
	}
	return 0;
}

static __noinline int leave(s64 ret)
{
	struct call *kept = kept_call(&calls);

	if (!kept)
		return 0;

	struct call call = *kept;
	u32 count = 0;
	u64 descriptors = ret < 0 ? 0 : find_descriptors(call.message, &count);

	forget_call(&calls);
	for (u32 i = 0; i < SCM_MAX_FD; i++) {
		s32 fd = -1;

		if (!descriptors || i >= count)
			break;
		bpf_probe_read_user(&fd, sizeof(fd), (void *)descriptors + i * sizeof(fd));
		report(&call, fd);
	}
	return 0;
}

AT_ENTRY(sendmsg, enter(SEND, ctx->args[0], ctx->args[1]))
AT_EXIT(sendmsg, leave(ctx->ret))
AT_ENTRY(recvmsg, enter(RECV, ctx->args[0], ctx->args[1]))
AT_EXIT(recvmsg, leave(ctx->ret))
