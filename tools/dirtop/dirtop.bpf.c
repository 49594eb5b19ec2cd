// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * dirtop: reads and writes of the files below given directories.
 */
#include "../../toolkit/kernel/fs/file_sums.h"

#define LEVELS 64

struct directory {
	u64 inode;
	u32 device;
	u32 unused;
};

/* The requested directories, with the numbers that the tool gives them. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, struct directory);
	__type(value, u32);
} roots SEC(".maps");

struct key {
	u32 number;
};

/* Totals since the start, by the number of the directory. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, struct key);
	__type(value, struct sums);
} directories SEC(".maps");

/* The closest requested directory above the file; NULL if there is none. */
static __noinline u32 *root_of(struct file *file)
{
	struct dentry___io *dentry = (void *)BPF_CORE_READ(file, f_path.dentry);

	for (u32 i = 0; i < LEVELS; i++) {
		struct dentry___io *parent = BPF_CORE_READ(dentry, d_parent);

		if (!parent || parent == dentry)
			return NULL;

		struct file_id id = file_id_of_inode(BPF_CORE_READ(parent, d_inode));
		struct directory directory = { .inode = id.inode, .device = id.device };
		u32 *number = bpf_map_lookup_elem(&roots, &directory);

		if (number)
			return number;
		dentry = parent;
	}
	return NULL;
}

static bool is_io_wanted(struct file *file)
{
	return true;
}

static void io_done(struct io *io, s64 bytes)
{
	u32 *root = root_of(io->file);
	struct key key = { .number = root ? *root : 0 };

	if (root)
		add_io(&directories, &key, io, bytes);
}
