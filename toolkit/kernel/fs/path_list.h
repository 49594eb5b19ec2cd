/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Several paths or other strings of one system call, one after the other in its event.
 */
#pragma once

#include "path_argument.h"

#define TEXTS_MAX 16384 /* a power of two, above three texts of PATH_MAX */
#define TEXTS_ROOM (TEXTS_MAX + PATH_MAX + 1)

/* Keeps a string in a struct that may hold an earlier one, whose length keep_path() does not clear. */
static __always_inline void keep_text(struct path_argument *text, u64 address)
{
	text->length = 0;
	keep_path(text, (const char *)address);
}

/*
 * Appends a string and NUL to `texts`, which has TEXTS_ROOM bytes. `length`, their length so far, is in a
 * map as well, for the verifier: see append_directories() in path.h.
 */
static __always_inline void append_text(char *texts, u64 *length, const struct path_argument *text)
{
	u64 at = *length & (TEXTS_MAX - 1);
	u64 size = read_path(texts + at, text);

	*length = at + (size < PATH_MAX ? size : PATH_MAX);
	texts[(*length)++ & (TEXTS_MAX - 1)] = 0;
}
