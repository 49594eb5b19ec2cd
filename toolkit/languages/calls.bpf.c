// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * Method calls in language runtimes: counted and timed (ucalls), or reported one by one (uflow); and the
 * system calls of the same process, for ucalls -S.
 */
#include "../kernel/event_tool.h"
#include "../kernel/base/dropped.h"
#include "../kernel/languages/frames.h"

const volatile bool counting = false; /* ucalls; else uflow */
const volatile bool count_at_leave = false; /* for runtimes whose probe of entries does not fire */
const volatile char class_prefix[METHOD_TEXT] = {};
const volatile char name_prefix[METHOD_TEXT] = {};
const volatile u32 class_prefix_length = 0;
const volatile u32 name_prefix_length = 0;

struct sums {
	u64 count;
	u64 time; /* ns */
};

struct event {
	struct who who;
	u64 time; /* ns since boot */
	u32 cpu;
	u32 depth;
	u32 is_leave;
	u32 unused;
	struct method method;
};

struct syscall {
	u64 start;
	u64 number;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 40960);
	__type(key, struct method);
	__type(value, struct sums);
} methods SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, u32);
	__type(value, struct sums);
} syscalls SEC(".maps");

PER_CPU(event_scratches, struct event);
CALLS(syscalls_in_flight, struct syscall);
EVENTS(events, struct event);

static __always_inline void add(void *map, void *key, u64 time)
{
	struct sums zero = {}, *sums = lookup_or_insert(map, key, &zero);

	if (!sums) {
		__sync_fetch_and_add(&dropped, 1);
		return;
	}
	__sync_fetch_and_add(&sums->count, 1);
	/* Adding a constant 0 would be compiled to another atomic operation, which needs Linux 5.12. */
	if (time)
		__sync_fetch_and_add(&sums->time, time);
}

static __always_inline bool begins_with(const char *text, const volatile char *prefix, u32 length)
{
	for (u32 i = 0; i < METHOD_TEXT; i++) {
		if (i >= length)
			break;
		if (text[i] != prefix[i])
			return false;
	}
	return true;
}

static __always_inline bool is_shown(struct method *method)
{
	return begins_with(method->class, class_prefix, class_prefix_length) &&
	       begins_with(method->name, name_prefix, name_prefix_length);
}

static __always_inline void tell(struct method *method, u32 depth, bool is_leave)
{
	struct event *event = of_this_cpu(&event_scratches);

	if (!event)
		return;
	set_who(&event->who);
	event->time = bpf_ktime_get_ns();
	event->cpu = bpf_get_smp_processor_id();
	event->depth = depth;
	event->is_leave = is_leave;
	event->method = *method;
	send(events, event, sizeof(*event));
}

static __always_inline void enter(struct frame *frame)
{
	frame->kind |= IS_METHOD | (is_shown(&frame->method) ? IS_SHOWN : 0);
	frame->id = id_of_method(&frame->method);
	if (follow && !push_frame(frame))
		count_in_flight_dropped();
	if (counting && !follow && !count_at_leave)
		add(&methods, &frame->method, 0);
	if (!counting && frame->kind & IS_SHOWN)
		tell(&frame->method, frame->depth, false);
}

/* The top of the stack is the method that is left. */
static __always_inline void leave_top(void)
{
	struct frame *top = frame_below(0);

	if (!top)
		return;
	if (counting && top->kind & IS_METHOD)
		add(&methods, &top->method, bpf_ktime_get_ns() - top->start);
	if (!counting && top->kind & IS_SHOWN)
		tell(&top->method, top->depth, true);
	pop_frame();
}

static __always_inline void leave(struct frame *frame)
{
	if (count_at_leave && counting && !follow) {
		add(&methods, &frame->method, 0);
		return;
	}
	if (!follow)
		return;
	frame->id = id_of_method(&frame->method);
	if (unwind_to(frame->id)) {
		leave_top();
		return;
	}
	/* Its entry was not seen. */
	if (!counting && is_shown(&frame->method)) {
		struct frame *top = frame_below(0);

		tell(&frame->method, top ? top->depth + 1 : 1, true);
	}
}

static __always_inline void read_method(void *ctx, struct probe_point *point, struct method *method)
{
	read_point_text(ctx, point, 0, 1, method->class, METHOD_TEXT);
	read_point_text(ctx, point, 2, 3, method->name, METHOD_TEXT);
}

static __always_inline void enter_perl(void *ctx, struct probe_point *point, struct frame *frame)
{
	u64 code = perl_code(operand_value(ctx, &point->operands[0]));

	if (!code)
		return;
	read_perl_names(code, frame->method.class, METHOD_TEXT, frame->method.name, METHOD_TEXT);
	frame->kind = is_perl_native(code) ? IS_NATIVE : 0;
	enter(frame);
}

/* Tcl: the frame on top is that of a procedure. */
static __always_inline void enter_frame(struct frame *frame)
{
	struct frame *top;

	if (!follow) {
		enter(frame);
		return;
	}
	top = frame_below(0);
	if (top && !(top->kind & IS_METHOD))
		pop_frame(); /* pushed by PUSH_FRAME */
	enter(frame);
}

SEC("uprobe")
int at_call(u64 *ctx)
{
	struct probe_point *point = this_probe_point(ctx);
	struct frame *frame = of_this_cpu(&frame_scratches);

	if (!point || !frame || !is_wanted())
		return 0;
	__builtin_memset(frame, 0, sizeof(*frame));
	switch (point->kind) {
	case ENTER:
		read_method(ctx, point, &frame->method);
		enter(frame);
		break;
	case LEAVE:
		read_method(ctx, point, &frame->method);
		leave(frame);
		break;
	case LEAVE_LAST:
		if (follow)
			leave_top();
		break;
	case ENTER_PERL:
		enter_perl(ctx, point, frame);
		break;
	case PUSH_FRAME:
		if (follow && !push_frame(frame))
			count_in_flight_dropped();
		break;
	case ENTER_FRAME:
		read_method(ctx, point, &frame->method);
		enter_frame(frame);
		break;
	}
	return 0;
}

/* At the return of Perl_pp_entersub() a sub written in C has ended, any other has just begun. */
SEC("uretprobe")
int at_return(u64 *ctx)
{
	struct frame *top;

	if (!is_wanted())
		return 0;
	top = frame_below(0);
	if (top && top->kind & IS_NATIVE)
		leave_top();
	return 0;
}

SEC("raw_tp/sys_enter")
int enter_syscall(u64 *arguments)
{
	struct syscall call = { .start = bpf_ktime_get_ns(), .number = arguments[1] };
	u32 number = call.number;

	if (!is_wanted())
		return 0;
	if (!follow)
		add(&syscalls, &number, 0);
	else if (!keep_call(&syscalls_in_flight, &call))
		count_in_flight_dropped();
	return 0;
}

SEC("raw_tp/sys_exit")
int exit_syscall(u64 *arguments)
{
	struct syscall *call = kept_call(&syscalls_in_flight);
	u32 number;

	if (!call)
		return 0;
	number = call->number;
	add(&syscalls, &number, bpf_ktime_get_ns() - call->start);
	forget_call(&syscalls_in_flight);
	return 0;
}
