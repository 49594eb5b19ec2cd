/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The command line of a program that is executed: a path and arguments, each ending in NUL.
 *
 * `text` has ARGUMENTS_ROOM bytes. `length`, its length so far, is in a map as well: a value loaded
 * from a map is an unknown number to the verifier, whereas it would track the bounds of a register
 * through every path of every iteration.
 */
#pragma once

#include "../../toolkit/kernel/task/task.h"

KERNEL_STRUCTS

struct linux_binprm {
	const char *filename; /* the path as passed; /dev/fd/N if a descriptor is executed */
	const char *interp; /* differs from filename for a script: its interpreter */
};

struct mm_struct {
	u64 arg_start;
	u64 arg_end;
};

struct task_struct___image {
	struct mm_struct *mm;
};

KERNEL_STRUCTS_END

#define ARGUMENTS_MAX 1024
#define ARGUMENTS_TEXT 16384 /* a power of two */
#define ARGUMENT_ROOM 1024 /* with the NUL; longer arguments are truncated and end in "..." */
#define ARGUMENTS_ROOM (ARGUMENTS_TEXT + ARGUMENT_ROOM)

/* The result of reading a command line. */
enum {
	ARGUMENTS_CUT = 1, /* more arguments may follow: not read */
	ARGUMENTS_MISSING = 2, /* the path or an argument was unreadable, or the path empty */
	ARGUMENTS_IMAGE = 4, /* the text is the path, then the new image's arguments from argv[0] on */
	ARGUMENTS_SCRIPT = 8, /* the same, but the interpreters precede the script's own arguments */
};

/* Appends one piece; false when it cannot be read. */
static __always_inline bool append_argument(char *text, u64 *length, const char *piece)
{
	u64 at = *length & (ARGUMENTS_TEXT - 1);
	long size = bpf_probe_read_user_str(text + at, ARGUMENT_ROOM, piece);

	if (size <= 0)
		return false;
	if (size == ARGUMENT_ROOM)
		__builtin_memcpy(text + at + ARGUMENT_ROOM - 4, "...", 4);
	*length = at + size;
	return true;
}

/* Reads what was passed to execve: the path, and arguments[1] to arguments[count - 1]. */
static __always_inline u32 read_arguments(char *text, u64 *length, const char *path,
					  const char *const *arguments, u32 count)
{
	u32 missing = 0;

	*length = 0;
	/* With an empty path execveat() executes a descriptor: the new image knows a path. */
	if (!append_argument(text, length, path) || *length == 1)
		missing = ARGUMENTS_MISSING;
	for (u32 i = 1; arguments && i < ARGUMENTS_MAX; i++) {
		const char *argument = NULL;

		if (bpf_probe_read_user(&argument, sizeof(argument), &arguments[i]))
			return ARGUMENTS_MISSING | ARGUMENTS_CUT;
		if (!argument)
			return missing;
		if (i >= count || *length >= ARGUMENTS_TEXT)
			return missing | ARGUMENTS_CUT;
		if (!append_argument(text, length, argument))
			return ARGUMENTS_MISSING | ARGUMENTS_CUT;
	}
	return missing;
}

/* Reads the path and the arguments that the current task's new image was given. */
static __always_inline u32 read_image_arguments(char *text, u64 *length, struct linux_binprm *bprm)
{
	struct task_struct___image *task = (void *)bpf_get_current_task();
	struct mm_struct *mm = BPF_CORE_READ(task, mm);
	u64 start = BPF_CORE_READ(mm, arg_start);
	u64 size = BPF_CORE_READ(mm, arg_end) - start;
	const char *path = BPF_CORE_READ(bprm, filename);
	long path_size = bpf_probe_read_kernel_str(text, ARGUMENT_ROOM, path);
	u32 result = path == BPF_CORE_READ(bprm, interp) ? ARGUMENTS_IMAGE : ARGUMENTS_SCRIPT;

	if (size > ARGUMENTS_TEXT - 1) {
		size = ARGUMENTS_TEXT - 1;
		result |= ARGUMENTS_CUT;
	}
	*length = path_size;
	if (!bpf_probe_read_user(text + (*length & (ARGUMENT_ROOM - 1)), size, (void *)start))
		*length += size;
	return result;
}
