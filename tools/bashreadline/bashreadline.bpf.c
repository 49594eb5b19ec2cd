// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * bashreadline: lines that the line editors of shells return.
 */
#include "../../toolkit/kernel/event_tool.h"
#include "../../toolkit/kernel/base/registers.h"

#define LINE_ROOM 4096 /* with the NUL */

const volatile bool bash_only = true; /* skip other programs that use libreadline */

enum {
	PLAIN,
	METAFIED, /* with the bytes that zsh reserves for itself escaped by Meta */
};

struct event {
	struct who who;
	u32 coding;
	u32 is_cut;
	u8 line[];
};

struct scratch {
	u64 event[(sizeof(struct event) + LINE_ROOM) / sizeof(u64)];
};

PER_CPU(scratches, struct scratch);
EVENTS(events, struct event);

static __always_inline bool is_bash(void)
{
	char comm[TASK_COMM_LEN] = {};

	bpf_get_current_comm(comm, sizeof(comm));
	return comm[0] == 'b' && comm[1] == 'a' && comm[2] == 's' && comm[3] == 'h' && !comm[4];
}

static __always_inline int show(u64 line, u32 coding)
{
	struct event *event = of_this_cpu(&scratches);
	long size;

	/* NULL at the end of the input. */
	if (!event || !line || !is_wanted())
		return 0;
	set_who(&event->who);
	event->coding = coding;
	size = bpf_probe_read_user_str(event->line, LINE_ROOM, (void *)line);
	if (size < 1)
		size = 1; /* unreadable: reported as an empty line */
	event->is_cut = size == LINE_ROOM;
	size = (size - 1) & (LINE_ROOM - 1);
	send(events, event, sizeof(*event) + size);
	return 0;
}

/* The tool attaches these to the returns of the editors' functions. */
SEC("uretprobe")
int end_bash(u64 *registers)
{
	return show(result(registers), PLAIN);
}

SEC("uretprobe")
int end_library(u64 *registers)
{
	return bash_only && !is_bash() ? 0 : show(result(registers), PLAIN);
}

SEC("uretprobe")
int end_zsh(u64 *registers)
{
	return show(result(registers), METAFIED);
}
