/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The directories that a relative path starts from.
 */
#pragma once

#include "../task/task.h"

KERNEL_STRUCTS

struct qstr {
	const unsigned char *name;
};

struct dentry {
	struct dentry *d_parent;
	struct qstr d_name;
};

struct vfsmount {
	struct dentry *mnt_root;
};

struct mount {
	struct mount *mnt_parent;
	struct dentry *mnt_mountpoint;
	struct vfsmount mnt;
};

struct path {
	struct vfsmount *mnt;
	struct dentry *dentry;
};

struct fs_struct {
	struct path root;
	struct path pwd;
};

struct file {
	struct path f_path;
};

struct fdtable {
	unsigned int max_fds;
	struct file **fd;
};

struct files_struct {
	struct fdtable *fdt;
};

KERNEL_STRUCTS_END

#define AT_FDCWD (-100)
#define NAME_MAX 255
#define DIRECTORIES_MAX 64
#define TEXT_MAX 8192 /* a power of two: twice PATH_MAX */
#define TEXT_ROOM (TEXT_MAX + NAME_MAX + 1) /* a name that begins below TEXT_MAX fits */

/* The file of a descriptor of the current process; NULL if it is not open. */
static __always_inline struct file *file_of(int fd)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct fdtable *table = BPF_CORE_READ(task, files, fdt);
	struct file **files = BPF_CORE_READ(table, fd);
	struct file *file = NULL;

	if ((u32)fd < BPF_CORE_READ(table, max_fds))
		bpf_probe_read_kernel(&file, sizeof(file), files + (u32)fd);
	return file;
}

/* The directory of a descriptor, or the working directory; NULL members when there is none. */
static __always_inline struct path start_directory(int directory_fd)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct path path = {};

	if (directory_fd == AT_FDCWD) {
		path.mnt = BPF_CORE_READ(task, fs, pwd.mnt);
		path.dentry = BPF_CORE_READ(task, fs, pwd.dentry);
	} else {
		struct file *file = file_of(directory_fd);

		path.mnt = BPF_CORE_READ(file, f_path.mnt);
		path.dentry = BPF_CORE_READ(file, f_path.dentry);
	}
	return path;
}

/*
 * Appends NUL and the names of the directories from the start up to the root, innermost first, each
 * ending in NUL, across mounts. The root is that of the process, as for absolute paths that it opens.
 * Returns whether the root was reached; without a start directory it appends nothing.
 *
 * `text` has TEXT_ROOM bytes. `length`, its length so far, is in a map as well: a value loaded from a map
 * is an unknown number to the verifier, whereas it would track the bounds of a register through every
 * path of every iteration.
 */
static __always_inline bool append_directories(char *text, u64 *length, int directory_fd)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct vfsmount *root_mount = BPF_CORE_READ(task, fs, root.mnt);
	struct dentry *root = BPF_CORE_READ(task, fs, root.dentry);
	struct path path = start_directory(directory_fd);
	u64 mount_offset = bpf_core_field_offset(struct mount, mnt);
	struct mount *mount = (void *)path.mnt - mount_offset;
	struct dentry *dentry = path.dentry;

	if (!dentry)
		return true;
	text[(*length)++ & (TEXT_MAX - 1)] = 0;
	for (int i = 0; i < DIRECTORIES_MAX; i++) {
		struct dentry *parent = BPF_CORE_READ(dentry, d_parent);

		if (dentry == root && (void *)mount + mount_offset == root_mount)
			return true;
		if (dentry == BPF_CORE_READ(mount, mnt.mnt_root) || dentry == parent) {
			struct mount *outer = BPF_CORE_READ(mount, mnt_parent);

			if (mount == outer)
				return true;
			dentry = BPF_CORE_READ(mount, mnt_mountpoint);
			mount = outer;
			continue;
		}
		if (*length >= TEXT_MAX)
			return false;
		long size = bpf_probe_read_kernel_str(&text[*length & (TEXT_MAX - 1)], NAME_MAX + 1,
						      BPF_CORE_READ(dentry, d_name.name));
		if (size <= 0)
			return false;
		*length += size;
		dentry = parent;
	}
	return false;
}
