// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * mountsnoop: mount(2) and its relatives, and the mount API of Linux 5.2, from entry to exit.
 */
#include "../../toolkit/kernel/event_tool.h"
#include "../../toolkit/kernel/fs/path_list.h"

enum syscall {
	MOUNT,
	UMOUNT,
	FSOPEN,
	FSCONFIG,
	FSMOUNT,
	FSPICK,
	MOVE_MOUNT,
	OPEN_TREE,
	MOUNT_SETATTR,
	PIVOT_ROOT,
};

/* include/uapi/linux/mount.h: commands of fsconfig(2) whose value is a string. */
#define FSCONFIG_SET_STRING 1
#define FSCONFIG_SET_PATH 3
#define FSCONFIG_SET_PATH_EMPTY 4

#define TEXTS 3
#define NUMBERS 3

struct call {
	u32 syscall;
	u32 texts;
	u64 numbers[NUMBERS];
	struct path_argument text[TEXTS];
	char type[64];
};

struct event {
	u64 time; /* ns since boot, at exit */
	struct who who;
	u32 syscall;
	s32 ret;
	u64 numbers[NUMBERS];
	u32 mount_namespace;
	u32 ppid;
	char parent[TASK_COMM_LEN];
	char type[64];
	char texts[]; /* each ends in NUL */
};

/* Buffers in which a call and an event are built. */
struct scratch {
	struct call call;
	u64 length; /* of the event's texts */
	char event[sizeof(struct event) + TEXTS_ROOM];
};

PER_CPU(scratches, struct scratch);
EVENTS(events, struct event);

/* Calls in flight: few, as each takes a kilobyte. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, u32);
	__type(value, struct call);
} calls SEC(".maps");

/* Returns a new call if it passes the filters; end() stores it. */
static __always_inline struct call *begin(u32 syscall, u64 first, u64 second, u64 third)
{
	struct scratch *scratch = of_this_cpu(&scratches);
	struct call *call = scratch ? &scratch->call : NULL;

	if (!call || !is_wanted())
		return NULL;
	call->syscall = syscall;
	call->texts = 0;
	call->numbers[0] = first;
	call->numbers[1] = second;
	call->numbers[2] = third;
	call->type[0] = 0;
	return call;
}

static __always_inline void add_text(struct call *call, u64 address)
{
	u32 at = call->texts++;

	if (at < TEXTS)
		keep_text(&call->text[at], address);
}

static __always_inline int end(struct call *call)
{
	if (!keep_call(&calls, call))
		count_in_flight_dropped();
	return 0;
}

static __always_inline void report(struct call *call, s32 ret)
{
	struct scratch *scratch = of_this_cpu(&scratches);
	struct task_struct *task = (void *)bpf_get_current_task();

	if (!scratch)
		return;

	struct event *event = (void *)scratch->event;

	event->time = bpf_ktime_get_ns();
	set_who(&event->who);
	event->syscall = call->syscall;
	event->ret = ret;
	__builtin_memcpy(event->numbers, call->numbers, sizeof(event->numbers));
	event->mount_namespace = BPF_CORE_READ(task, nsproxy, mnt_ns, ns.inum);
	event->ppid = parent_pid();
	bpf_probe_read_kernel_str(event->parent, sizeof(event->parent),
				  BPF_CORE_READ(task, real_parent, comm));
	__builtin_memcpy(event->type, call->type, sizeof(event->type));
	scratch->length = 0;
	for (u32 i = 0; i < TEXTS; i++) {
		if (i < call->texts)
			append_text(event->texts, &scratch->length, &call->text[i]);
	}

	u64 length = scratch->length;

	if (length > TEXTS_ROOM)
		length = TEXTS_ROOM;
	send(events, event, offsetof(struct event, texts) + length);
}

static __noinline int leave(s32 ret)
{
	struct call *call = kept_call(&calls);

	if (!call)
		return 0;
	report(call, ret);
	forget_call(&calls);
	return 0;
}

/* Entry and exit programs of a system call: its numeric arguments, and addresses of its strings. */
#define CALL(name, syscall, numbers, ...)                                                              \
	SEC("tracepoint/syscalls/sys_enter_" #name)                                                \
	int enter_##name(struct syscall_enter *ctx)                                                \
	{                                                                                          \
		struct call *call = begin(syscall, numbers);                                       \
		const u64 texts[] = { __VA_ARGS__ };                                               \
                                                                                                   \
		if (!call)                                                                         \
			return 0;                                                                  \
		for (u32 i = 0; i < sizeof(texts) / sizeof(u64); i++)                              \
			add_text(call, texts[i]);                                                  \
		return end(call);                                                                  \
	}                                                                                          \
	AT_EXIT(name, leave(ctx->ret))

#define NO_NUMBERS 0, 0, 0
#define NUMBERS_1(first) ctx->args[first], 0, 0
#define NUMBERS_2(first, second) ctx->args[first], ctx->args[second], 0
#define NUMBERS_3(first, second, third) ctx->args[first], ctx->args[second], ctx->args[third]

SEC("tracepoint/syscalls/sys_enter_mount")
int enter_mount(struct syscall_enter *ctx)
{
	struct call *call = begin(MOUNT, ctx->args[3], 0, 0);

	if (!call)
		return 0;
	add_text(call, ctx->args[0]);
	add_text(call, ctx->args[1]);
	add_text(call, ctx->args[4]);
	bpf_probe_read_user_str(call->type, sizeof(call->type), (void *)ctx->args[2]);
	return end(call);
}

AT_EXIT(mount, leave(ctx->ret))

static __always_inline bool is_text(u32 command)
{
	return command == FSCONFIG_SET_STRING || command == FSCONFIG_SET_PATH ||
	       command == FSCONFIG_SET_PATH_EMPTY;
}

SEC("tracepoint/syscalls/sys_enter_fsconfig")
int enter_fsconfig(struct syscall_enter *ctx)
{
	struct call *call = begin(FSCONFIG, NUMBERS_3(0, 1, 4));

	if (!call)
		return 0;
	add_text(call, ctx->args[2]);
	add_text(call, is_text(ctx->args[1]) ? ctx->args[3] : 0);
	return end(call);
}

AT_EXIT(fsconfig, leave(ctx->ret))

SEC("tracepoint/syscalls/sys_enter_fsmount")
int enter_fsmount(struct syscall_enter *ctx)
{
	struct call *call = begin(FSMOUNT, NUMBERS_3(0, 1, 2));

	return call ? end(call) : 0;
}

AT_EXIT(fsmount, leave(ctx->ret))

CALL(umount, UMOUNT, NUMBERS_1(1), ctx->args[0])
CALL(fsopen, FSOPEN, NUMBERS_1(1), ctx->args[0])
CALL(fspick, FSPICK, NUMBERS_2(0, 2), ctx->args[1])
CALL(move_mount, MOVE_MOUNT, NUMBERS_3(0, 2, 4), ctx->args[1], ctx->args[3])
CALL(open_tree, OPEN_TREE, NUMBERS_2(0, 2), ctx->args[1])
CALL(mount_setattr, MOUNT_SETATTR, NUMBERS_2(0, 2), ctx->args[1])
CALL(pivot_root, PIVOT_ROOT, NO_NUMBERS, ctx->args[0], ctx->args[1])
