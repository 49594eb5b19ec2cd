// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * filetop: reads and writes by thread and file.
 */
#include "../../toolkit/kernel/fs/file_sums.h"

const volatile u64 directory_inode = 0; /* 0: any directory */
const volatile u32 directory_device = 0;

struct key {
	u64 inode;
	u32 device;
	u32 mode;
	u32 pid;
	u32 tid;
	char comm[TASK_COMM_LEN];
	char name[NAME_MAX + 1];
};

/* Totals since an entry was created; the reader deletes entries that no longer change. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 10240);
	__type(key, struct key);
	__type(value, struct sums);
} files SEC(".maps");

PER_CPU(keys, struct key);

static bool is_io_wanted(struct file *file)
{
	if (!directory_inode)
		return true;

	struct dentry___io *dentry = (void *)BPF_CORE_READ(file, f_path.dentry);
	struct file_id directory = file_id_of_inode(BPF_CORE_READ(dentry, d_parent, d_inode));

	return directory.inode == directory_inode && directory.device == directory_device;
}

static void io_done(struct io *io, s64 bytes)
{
	struct key *key = of_this_cpu(&keys);

	if (!key)
		return;

	struct file_id id = file_id_of(io->file);
	u64 ids = current_ids();

	__builtin_memset(key, 0, sizeof(*key));
	key->inode = id.inode;
	key->device = id.device;
	key->mode = id.mode;
	key->pid = ids >> 32;
	key->tid = ids;
	bpf_get_current_comm(key->comm, sizeof(key->comm));
	read_name(key->name, io->file);
	add_io(&files, key, io, bytes);
}
