/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * A path that is passed to a system call.
 *
 * It is read at entry, before another thread can change it. If that fails (the page is not resident, and
 * a program in a tracepoint cannot wait for a page fault) or the path is long, it is read at exit, when
 * the kernel itself has just read it.
 */
#pragma once

#include "../base/prelude.h"

#define PATH_MAX 4096 /* including the NUL; a longer path fails with ENAMETOOLONG */
#define ENTRY_PATH 256

struct path_argument {
	const char *address;
	u32 length; /* 0: to be read at exit */
	char text[ENTRY_PATH];
};

static __always_inline void keep_path(struct path_argument *path, const char *address)
{
	long size = bpf_probe_read_user_str(path->text, sizeof(path->text), address);

	path->address = address;
	if (size > 0 && size < ENTRY_PATH)
		path->length = size - 1;
}

/* Reads the path into `text`, of PATH_MAX + 1 bytes; returns its length, PATH_MAX if it is longer. */
static __always_inline u32 read_path(char *text, const struct path_argument *path)
{
	u32 length = path->length & (ENTRY_PATH - 1); /* never above: the mask proves it to the verifier */

	if (length > 0) {
		bpf_probe_read_kernel(text, length, path->text);
		return length;
	}

	long size = bpf_probe_read_user_str(text, PATH_MAX + 1, path->address);

	return size > 0 ? size - 1 : 0;
}
