// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * ksnoop: calls of chosen kernel functions, with values of their parameters and results.
 */
#include "call_order.h"

/* The innermost pid namespace that the current thread is in. */
static __always_inline u32 pid_namespace(void)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct pid *pid = BPF_CORE_READ(task, thread_pid);
	struct upid *number = (void *)pid + bpf_core_field_offset(struct pid, numbers);

	number = (void *)number + BPF_CORE_READ(pid, level) * bpf_core_type_size(struct upid);
	return BPF_CORE_READ(number, ns, ns.inum);
}

static __always_inline void begin(struct event *event, u32 index)
{
	set_who(&event->who);
	event->time = bpf_ktime_get_ns();
	event->cpu = bpf_get_smp_processor_id();
	event->function = index;
	event->count = 0;
	event->size = 0;
	event->namespace = pid_namespace();
}

static __always_inline void finish(struct event *event, bool is_return)
{
	u32 size = event->size;

	event->is_return = is_return;
	if (size > ROOM)
		return;
	send(events, event, sizeof(*event) + size);
}

/* Adds the values at entry or return; false if one does not meet its condition. */
#define ADD_VALUES(event, function, is_return, register_of)                                        \
	({                                                                                         \
		bool is_wanted_so = true;                                                          \
                                                                                                   \
		for (u32 i = 0; i < VALUES; i++) {                                                 \
			const struct value *value = &(function)->values[i];                        \
                                                                                                   \
			if (i >= (function)->count)                                                \
				break;                                                             \
			if ((value->argument == RESULT) != (is_return))                            \
				continue;                                                          \
			is_wanted_so = add_value(event, value, register_of, i);                    \
			if (!is_wanted_so)                                                         \
				break;                                                             \
		}                                                                                  \
		is_wanted_so;                                                                      \
	})

static __always_inline u64 nth(const volatile u64 *registers, u32 n)
{
	switch (n) {
	case 0:
		return argument(registers, 0);
	case 1:
		return argument(registers, 1);
	case 2:
		return argument(registers, 2);
	case 3:
		return argument(registers, 3);
	}
	return argument(registers, 4);
}

/* The tool attaches these; the cookie is the function's index in the list. */
SEC("kprobe")
int enter(u64 *registers)
{
	u32 index = bpf_get_attach_cookie(registers);
	struct function *function = bpf_map_lookup_elem(&functions, &index);
	struct event *event = of_this_cpu(&scratches);

	if (!function || !event || !is_wanted())
		return 0;
	if (function->flags & IS_OF_MANY && !goes_on(function->flags, index))
		return 0;
	begin(event, index);
	if (!ADD_VALUES(event, function, false, nth(registers, value->argument)))
		return 0;
	if (function->flags & IS_OF_MANY)
		go_on(function->flags, index);
	if (function->flags & KEPT) {
		struct call call = { .tid = bpf_get_current_pid_tgid(), .function = index };

		if (bpf_map_update_elem(&calls, &call, event, BPF_ANY))
			count_in_flight_dropped();
	} else if (event->count || !function->count) {
		finish(event, false);
	}
	return 0;
}

SEC("kretprobe")
int leave(u64 *registers)
{
	u32 index = bpf_get_attach_cookie(registers);
	struct function *function = bpf_map_lookup_elem(&functions, &index);
	struct call call = { .tid = bpf_get_current_pid_tgid(), .function = index };
	struct event *event = of_this_cpu(&scratches);
	bool is_shown = true;
	u32 before;

	if (!function || !event || !is_wanted())
		return 0;
	if (function->flags & IS_OF_MANY)
		is_shown = goes_back(function->flags, index);
	if (function->flags & KEPT)
		event = bpf_map_lookup_elem(&calls, &call);
	else
		begin(event, index);
	if (!event)
		return 0;
	before = event->count;
	if (is_shown && ADD_VALUES(event, function, true, result(registers)) &&
	    (function->flags & KEPT || event->count > before))
		finish(event, true);
	if (function->flags & KEPT)
		bpf_map_delete_elem(&calls, &call);
	return 0;
}
