/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Reads, writes, opens, syncs and attribute requests of the regular files of one type of file system,
 * from entry to exit (operations.ts chooses the type and the programs).
 *
 * Traces system calls on files; the file's superblock shows whether its file system is of the chosen
 * type. So no function of a file system is named, except for attributes, which system calls request
 * by path. A tool that includes this defines operation_done() and operation_dropped().
 */
#pragma once

#include "../base/maps.h"
#include "../base/registers.h"
#include "../task/filter.h"
#include "mount_ids.h"
#include "path.h"

#define FS_TYPES 3
#define FS_TYPE_WORDS 2 /* of eight bytes */

/* Names of types, as in /proc/filesystems, padded with NUL; an empty one matches nothing. */
const volatile u64 fs_types[FS_TYPES * FS_TYPE_WORDS] = {};

KERNEL_STRUCTS

struct file_system_type {
	const char *name;
};

struct super_block___type {
	struct file_system_type *s_type;
};

struct inode___type {
	unsigned short i_mode;
	long long i_size;
	struct super_block___type *i_sb;
};

struct file___type {
	unsigned int f_mode;
	unsigned int f_flags;
	struct inode___type *f_inode;
	long long f_pos;
};

KERNEL_STRUCTS_END

/* stat.h, fcntl.h and include/linux/fs.h */
#define TYPE_S_IFMT 0170000
#define TYPE_S_IFREG 0100000
#define APPEND 02000
#define PATH_ONLY 0x4000 /* FMODE_PATH, opened with O_PATH: the file system is not called */

#define FILE_POSITION (-1)

enum operation_kind {
	READ,
	WRITE,
	OPEN,
	SYNC,
	GETATTR,
};

struct operation_key {
	u32 tid;
	u32 operation;
};

struct operation {
	u64 start; /* ns since boot */
	s64 offset;
	struct file___type *file; /* NULL for a file not opened yet, and for attributes */
	struct dentry *dentry;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 10240);
	__type(key, struct operation_key);
	__type(value, struct operation);
} operations SEC(".maps");

/* Called when an operation ends; `size` is in bytes, 0 or -errno. */
static void operation_done(u32 kind, struct operation *operation, s64 size);

/* Called when an operation finds the map full. */
static void operation_dropped(void);

static __always_inline bool is_type_wanted(struct inode___type *inode)
{
	u64 name[FS_TYPE_WORDS] = {};

	bpf_probe_read_kernel_str(name, sizeof(name), BPF_CORE_READ(inode, i_sb, s_type, name));
	for (u32 i = 0; i < FS_TYPES * FS_TYPE_WORDS; i += FS_TYPE_WORDS) {
		if (name[0] && name[0] == fs_types[i] && name[1] == fs_types[i + 1])
			return true;
	}
	return false;
}

static __always_inline bool is_file_wanted(struct file___type *file)
{
	struct inode___type *inode = BPF_CORE_READ(file, f_inode);

	return file && (BPF_CORE_READ(inode, i_mode) & TYPE_S_IFMT) == TYPE_S_IFREG &&
	       !(BPF_CORE_READ(file, f_mode) & PATH_ONLY) && is_type_wanted(inode);
}

static __noinline int begin_operation(u32 kind, struct file___type *file, struct dentry *dentry, s64 offset)
{
	struct operation_key key = { .tid = bpf_get_current_pid_tgid(), .operation = kind };
	struct operation operation = {
		.start = bpf_ktime_get_ns(),
		.offset = offset,
		.file = file,
		.dentry = dentry,
	};

	if (is_wanted() && bpf_map_update_elem(&operations, &key, &operation, BPF_ANY))
		operation_dropped();
	return 0;
}

/* `file`: the opened file, if any. */
static __noinline int end_operation(u32 kind, struct file *file, s64 size)
{
	struct operation_key key = { .tid = bpf_get_current_pid_tgid(), .operation = kind };
	struct operation *operation = bpf_map_lookup_elem(&operations, &key);

	if (!operation)
		return 0;

	struct file___type *written = operation->file;

	if (file)
		operation->dentry = BPF_CORE_READ(file, f_path.dentry);
	/* The offset of an append is only known from where it ended. */
	if (kind == WRITE && size > 0 && BPF_CORE_READ(written, f_flags) & APPEND)
		operation->offset = BPF_CORE_READ(written, f_inode, i_size) - size;
	if (operation->dentry)
		operation_done(kind, operation, size);
	bpf_map_delete_elem(&operations, &key);
	return 0;
}

static __always_inline int enter_on(u32 kind, int fd, s64 offset)
{
	struct file *file = file_of(fd);
	struct file___type *fields = (void *)file;

	if (!is_file_wanted(fields))
		return 0;
	return begin_operation(kind, fields, BPF_CORE_READ(file, f_path.dentry),
			       offset == FILE_POSITION ? BPF_CORE_READ(fields, f_pos) : offset);
}

static __always_inline int leave_open(s64 fd)
{
	struct file *file = fd < 0 ? NULL : file_of(fd);

	return end_operation(OPEN, is_file_wanted((void *)file) ? file : NULL, 0);
}

#define ON_FILE(name, kind, offset)                                                                    \
	AT_ENTRY(name, enter_on(kind, ctx->args[0], offset))                                       \
	AT_EXIT(name, end_operation(kind, NULL, ctx->ret))

ON_FILE(read, READ, FILE_POSITION)
ON_FILE(readv, READ, FILE_POSITION)
ON_FILE(pread64, READ, ctx->args[3])
ON_FILE(preadv, READ, ctx->args[3])
ON_FILE(preadv2, READ, ctx->args[3])
ON_FILE(write, WRITE, FILE_POSITION)
ON_FILE(writev, WRITE, FILE_POSITION)
ON_FILE(pwrite64, WRITE, ctx->args[3])
ON_FILE(pwritev, WRITE, ctx->args[3])
ON_FILE(pwritev2, WRITE, ctx->args[3])
ON_FILE(fsync, SYNC, 0)
ON_FILE(fdatasync, SYNC, 0)

#define OPENING(name)                                                                                  \
	AT_ENTRY(name, begin_operation(OPEN, NULL, NULL, 0))                                       \
	AT_EXIT(name, leave_open(ctx->ret))

OPENING(open)
OPENING(creat)
OPENING(openat)
OPENING(openat2)

/* Attributes; parameters: (id mapping of the mount, path, …), or before Linux 5.12 (path, …). */
#define GETTING_ATTRIBUTES(function)                                                                   \
	SEC("kprobe/" #function)                                                                   \
	int enter_##function(u64 *registers)                                                       \
	{                                                                                          \
		u64 path_address;                                                                  \
                                                                                                   \
		/* The verifier wants constant offsets. */                                         \
		if (are_mount_ids_passed()) {                                                      \
			path_address = argument(registers, 1);                                     \
			__asm__ volatile("" : "+r"(path_address));                                 \
		} else {                                                                           \
			path_address = argument(registers, 0);                                     \
		}                                                                                  \
                                                                                                   \
		struct path *path = (void *)path_address;                                          \
                                                                                                   \
		return begin_operation(GETATTR, NULL, BPF_CORE_READ(path, dentry), 0);             \
	}                                                                                          \
                                                                                                   \
	SEC("kretprobe/" #function)                                                                \
	int exit_##function(u64 *registers)                                                        \
	{                                                                                          \
		return end_operation(GETATTR, NULL, (s32)result(registers));                       \
	}

GETTING_ATTRIBUTES(ext4_file_getattr)
GETTING_ATTRIBUTES(f2fs_getattr)
GETTING_ATTRIBUTES(nfs_getattr)
