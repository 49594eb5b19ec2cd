/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Fills the map that is read, in programs run by BPF_PROG_TEST_RUN; compiled by clang and by bcc.
 */
#pragma once

#define ENTRIES_PER_RUN 500

struct entry_key {
	u32 pid;
	u32 id;
};

struct entry_value {
	u64 count;
	u64 bytes;
};
