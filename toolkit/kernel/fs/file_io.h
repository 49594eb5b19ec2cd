/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Reads and writes of files by programs, from the entry of their system calls to the exit.
 *
 * A tool that includes this defines is_io_wanted(), io_done(), and io_dropped(), which counts calls for
 * which the map has no room.
 */
#pragma once

#include "../base/maps.h"
#include "../task/filter.h"
#include "path.h"

KERNEL_STRUCTS

struct super_block___io {
	unsigned int s_dev;
};

struct inode___io {
	unsigned short i_mode;
	unsigned long i_ino;
	struct super_block___io *i_sb;
};

struct dentry___io {
	struct dentry___io *d_parent;
	struct inode___io *d_inode;
};

struct file___io {
	struct inode___io *f_inode;
};

KERNEL_STRUCTS_END

/* stat.h */
#define IO_S_IFMT 0170000
#define IO_S_IFREG 0100000
#define IO_S_IFSOCK 0140000

const volatile bool all_files = false; /* include sockets, pipes, devices … */

struct io {
	u64 start; /* ns since boot */
	struct file *file;
	bool is_write;
};

CALLS(ios, struct io);

/* Identifies a file: its inode number and its file system. */
struct file_id {
	u64 inode;
	u32 device; /* in the kernel's encoding: major << 20 | minor */
	u32 mode; /* st_mode of stat(2) */
};

/* Whether I/O of the current thread on this file passes the filters. */
static bool is_io_wanted(struct file *file);

/* A call ends; `bytes` were transferred, or -errno. */
static void io_done(struct io *io, s64 bytes);

static void io_dropped(void);

static __always_inline struct file_id file_id_of_inode(struct inode___io *inode)
{
	struct file_id id = {
		.inode = BPF_CORE_READ(inode, i_ino),
		.device = BPF_CORE_READ(inode, i_sb, s_dev),
		.mode = BPF_CORE_READ(inode, i_mode),
	};

	return id;
}

static __always_inline struct file_id file_id_of(struct file *file)
{
	struct file___io *fields = (void *)file;

	return file_id_of_inode(BPF_CORE_READ(fields, f_inode));
}

static __always_inline bool is_kind_wanted(struct file *file)
{
	struct file___io *fields = (void *)file;

	return all_files || (BPF_CORE_READ(fields, f_inode, i_mode) & IO_S_IFMT) == IO_S_IFREG;
}

/* Reads the last path component of a file into NAME_MAX + 1 bytes; returns its length. */
static __always_inline u32 read_name(char *name, struct file *file)
{
	long size = bpf_probe_read_kernel_str(name, NAME_MAX + 1,
					      BPF_CORE_READ(file, f_path.dentry, d_name.name));

	return size > 0 ? (size - 1) & NAME_MAX : 0;
}

static __noinline int enter_io(u32 fd, bool is_write)
{
	struct io io = { .is_write = is_write };

	if (!is_wanted())
		return 0;
	io.file = file_of(fd);
	if (!io.file || !is_kind_wanted(io.file) || !is_io_wanted(io.file))
		return 0;
	io.start = bpf_ktime_get_ns();
	if (!keep_call(&ios, &io))
		io_dropped();
	return 0;
}

static __noinline int leave_io(s64 bytes)
{
	struct io *io = kept_call(&ios);

	if (!io)
		return 0;
	io_done(io, bytes);
	forget_call(&ios);
	return 0;
}

#define FILE_IO(name, is_write)                                                                        \
	AT_ENTRY(name, enter_io(ctx->args[0], is_write))                                           \
	AT_EXIT(name, leave_io(ctx->ret))

FILE_IO(read, false)
FILE_IO(readv, false)
FILE_IO(pread64, false)
FILE_IO(preadv, false)
FILE_IO(preadv2, false)
FILE_IO(write, true)
FILE_IO(writev, true)
FILE_IO(pwrite64, true)
FILE_IO(pwritev, true)
FILE_IO(pwritev2, true)
