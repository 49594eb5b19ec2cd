/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The events of the drain benchmark, and macros that fill them; compiled by clang and by bcc.
 *
 * The programs are run by BPF_PROG_TEST_RUN, with the number of the first event as their argument.
 * So no workload is needed, and some ten million events a second can be made.
 */
#pragma once

/*
 * Events of one run: with more the verifier, which walks every iteration of the loop, takes long.
 */
#define EVENTS_PER_RUN 512

/* The event of libbpf-tools' opensnoop: 291 bytes, two strings. */
struct open_event {
	u64 time;
	u32 pid;
	s32 ret;
	u32 flags;
	char comm[16];
	char path[255];
} __attribute__((packed));

/* Integers only. */
struct small_event {
	u64 time;
	u64 bytes;
	u32 pid;
	u32 cpu;
};

/* An event as our tools have it: a nested struct, and a string at its end. */
struct actor {
	u64 cgroup;
	u32 pid;
	u32 tid;
	u32 uid;
	u32 gid;
	char comm[16];
};

struct tool_event {
	u64 time;
	struct actor who;
	s32 ret;
	u32 flags;
	u32 mode;
	u8 cut;
	char text[51];
};

/* An array of structs and an array of numbers in a struct. */
struct place {
	u64 bytes;
	u32 device;
	u32 sector;
};

struct deep_event {
	u64 time;
	struct place places[2];
	u32 slots[8];
};

#define COMM "worker-00"
#define PATH "/usr/lib/x86_64-linux-gnu/libsomething.so.000"

/* Stores constants without a .rodata section, which bcc does not support. */
#define PUT(to, text)                                                                              \
	do {                                                                                       \
		_Pragma("unroll") for (u32 at = 0; at < sizeof(text) - 1; at++) (to)[at] =         \
			(text)[at];                                                                \
	} while (0)

/* 50 different process names and 500 file names. */
#define PUT_COMM(to, number)                                                                       \
	do {                                                                                       \
		PUT(to, COMM);                                                                     \
		(to)[sizeof(COMM) - 3] = '0' + (number) / 10 % 5;                                  \
		(to)[sizeof(COMM) - 2] = '0' + (number) % 10;                                      \
	} while (0)
#define PUT_PATH(to, number)                                                                       \
	do {                                                                                       \
		PUT(to, PATH);                                                                     \
		(to)[sizeof(PATH) - 4] = '0' + (number) / 100 % 5;                                 \
		(to)[sizeof(PATH) - 3] = '0' + (number) / 10 % 10;                                 \
		(to)[sizeof(PATH) - 2] = '0' + (number) % 10;                                      \
	} while (0)

static inline __attribute__((always_inline)) void make_open(struct open_event *event, u32 number)
{
	event->time = number;
	event->pid = number;
	event->ret = 3;
	event->flags = 02000000;
	PUT_COMM(event->comm, number);
	PUT_PATH(event->path, number);
}

static inline __attribute__((always_inline)) void make_small(struct small_event *event, u32 number)
{
	event->time = number;
	event->bytes = 4096;
	event->pid = number;
	event->cpu = 1;
}

static inline __attribute__((always_inline)) void make_tool(struct tool_event *event, u32 number)
{
	event->time = number;
	event->who.cgroup = 1;
	event->who.pid = number;
	event->who.tid = number;
	event->who.uid = 1000;
	event->who.gid = 1000;
	PUT_COMM(event->who.comm, number);
	event->ret = 3;
	event->flags = 02000000;
	PUT_PATH(event->text, number);
}

static inline __attribute__((always_inline)) void make_deep(struct deep_event *event, u32 number)
{
	event->time = number;
	event->places[0].bytes = 4096;
	event->places[0].device = number;
	event->places[1].bytes = 8192;
	event->places[1].sector = number;
	event->slots[0] = number;
	event->slots[7] = number;
}
