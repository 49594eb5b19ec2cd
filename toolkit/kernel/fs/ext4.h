/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Hooks for reads, writes, opens and syncs of ext4 files. A tool that includes this defines enter(),
 * leave() and complete(); ext4slower.ts chooses the programs.
 */
#pragma once

#include "path.h"

KERNEL_STRUCTS

struct super_block {
	unsigned long s_magic;
};

struct inode {
	unsigned short i_mode;
	struct super_block *i_sb;
	long long i_size;
};

struct file___inode {
	unsigned int f_mode;
	unsigned int f_flags;
	struct inode *f_inode;
	long long f_pos;
};

struct kiocb {
	struct file *ki_filp;
	long long ki_pos;
	void *ki_complete; /* NULL for calls that wait for their end */
	int ki_flags;
};

KERNEL_STRUCTS_END

#define EXT4_SUPER_MAGIC 0xEF53 /* also of ext2 and ext3, which the ext4 driver serves */
#define S_IFMT 0170000
#define S_IFREG 0100000
#define FMODE_PATH 0x4000 /* opened with O_PATH: ext4 is not called */
#define O_APPEND 02000
#define RWF_APPEND 0x10 /* of pwritev2(2); IOCB_APPEND of struct kiocb has the same value */
#define EIOCBQUEUED 529 /* include/linux/errno.h: begun; at the end ki_complete() is called */
#define AT_FILE_POSITION (-1)
#define AT_END (-2) /* an append: the offset is known only at the end of the write */

enum operation {
	READ,
	WRITE,
	OPEN,
	SYNC,
};

/*
 * Called when an operation begins, by the current thread or with a kiocb, which is 0 if there is none.
 * `file` is NULL for one that is yet to be opened.
 */
static int enter(u64 kiocb, u32 operation, struct file *file, s64 offset);

/*
 * Called when that operation ends; `file` is NULL if enter() was given it. For an append, `end` is where
 * it ended in the file, negative for the end of the file.
 */
static int leave(u64 kiocb, u32 operation, struct file *file, s64 size, s64 end);

/* Called when direct I/O completes for which leave() was, or will be, called with -EIOCBQUEUED. */
static int complete(u64 kiocb, s64 size);

SEC("fentry/ext4_file_read_iter")
int enter_read_iter(u64 *arguments)
{
	struct kiocb *call = (void *)arguments[0];

	return enter(arguments[0], READ, BPF_CORE_READ(call, ki_filp), BPF_CORE_READ(call, ki_pos));
}

SEC("fexit/ext4_file_read_iter")
int exit_read_iter(u64 *arguments)
{
	return leave(arguments[0], READ, NULL, arguments[2], 0);
}

SEC("fentry/ext4_file_write_iter")
int enter_write_iter(u64 *arguments)
{
	struct kiocb *call = (void *)arguments[0];

	bool appends = BPF_CORE_READ(call, ki_flags) & RWF_APPEND;

	return enter(arguments[0], WRITE, BPF_CORE_READ(call, ki_filp),
		     appends ? AT_END : BPF_CORE_READ(call, ki_pos));
}

SEC("fexit/ext4_file_write_iter")
int exit_write_iter(u64 *arguments)
{
	struct kiocb *call = (void *)arguments[0];

	return leave(arguments[0], WRITE, NULL, arguments[2], BPF_CORE_READ(call, ki_pos));
}

/* Reads by sendfile(2), splice(2), copy_file_range(2) since Linux 6.5; before, by ext4_file_read_iter. */
SEC("fentry/ext4_file_splice_read")
int enter_splice_read(u64 *arguments)
{
	s64 offset = 0;

	bpf_probe_read_kernel(&offset, sizeof(offset), (void *)arguments[1]);
	return enter(0, READ, (void *)arguments[0], offset);
}

SEC("fexit/ext4_file_splice_read")
int exit_splice_read(u64 *arguments)
{
	return leave(0, READ, NULL, arguments[5], 0);
}

/* (kiocb, error, bytes or -errno) */
SEC("raw_tp/iomap_dio_complete")
int on_dio_complete(u64 *arguments)
{
	struct kiocb *call = (void *)arguments[0];

	return BPF_CORE_READ(call, ki_complete) ? complete(arguments[0], arguments[2]) : 0;
}

/* Before Linux 6.6, without that tracepoint: the functions that ki_complete of a kiocb may point to. */
#define ON_COMPLETE(function)                                                                          \
	SEC("fentry/" #function)                                                                   \
	int on_##function(u64 *arguments)                                                          \
	{                                                                                          \
		return complete(arguments[0], arguments[1]);                                       \
	}

ON_COMPLETE(aio_complete_rw)
ON_COMPLETE(io_complete_rw)
ON_COMPLETE(io_complete_rw_iopoll)

SEC("fentry/ext4_file_open")
int enter_file_open(u64 *arguments)
{
	return enter(0, OPEN, (void *)arguments[1], 0);
}

SEC("fexit/ext4_file_open")
int exit_file_open(u64 *arguments)
{
	return leave(0, OPEN, NULL, (s32)arguments[2], 0);
}

SEC("raw_tp/ext4_sync_file_enter")
int enter_sync(u64 *arguments)
{
	return enter(0, SYNC, (void *)arguments[0], 0);
}

SEC("raw_tp/ext4_sync_file_exit")
int exit_sync(u64 *arguments)
{
	return leave(0, SYNC, NULL, (s32)arguments[1], 0);
}

static __always_inline s64 size_of(struct file *file)
{
	struct file___inode *fields = (void *)file;

	return BPF_CORE_READ(fields, f_inode, i_size);
}

/* Whether reads and writes of a file go to ext4. */
static __always_inline bool is_ext4(struct file *file)
{
	struct file___inode *fields = (void *)file;

	return file && BPF_CORE_READ(fields, f_inode, i_sb, s_magic) == EXT4_SUPER_MAGIC &&
	       (BPF_CORE_READ(fields, f_inode, i_mode) & S_IFMT) == S_IFREG &&
	       !(BPF_CORE_READ(fields, f_mode) & FMODE_PATH);
}

static __always_inline int enter_io(u32 operation, int fd, s64 offset, u64 flags)
{
	struct file *file = file_of(fd);
	struct file___inode *fields = (void *)file;

	if (!is_ext4(file))
		return 0;
	/* Linux appends to such a file whatever offset pwrite(2) is passed. */
	if (operation == WRITE && (flags & RWF_APPEND || BPF_CORE_READ(fields, f_flags) & O_APPEND))
		return enter(0, operation, file, AT_END);
	return enter(0, operation, file, offset == AT_FILE_POSITION ? BPF_CORE_READ(fields, f_pos) : offset);
}

static __always_inline int leave_open(s64 fd)
{
	struct file *file = fd < 0 ? NULL : file_of(fd);

	return leave(0, OPEN, is_ext4(file) ? file : NULL, 0, 0);
}

#define IO_FLAGS(name, operation, offset, flags)                                                       \
	AT_ENTRY(name, enter_io(operation, ctx->args[0], offset, flags))                           \
	AT_EXIT(name, leave(0, operation, NULL, ctx->ret, -1))
#define IO(name, operation, offset) IO_FLAGS(name, operation, offset, 0)

IO(read, READ, AT_FILE_POSITION)
IO(readv, READ, AT_FILE_POSITION)
IO(pread64, READ, ctx->args[3])
IO(preadv, READ, ctx->args[3])
IO(preadv2, READ, ctx->args[3])
IO(write, WRITE, AT_FILE_POSITION)
IO(writev, WRITE, AT_FILE_POSITION)
IO(pwrite64, WRITE, ctx->args[3])
IO(pwritev, WRITE, ctx->args[3])
IO_FLAGS(pwritev2, WRITE, ctx->args[3], ctx->args[5])

#define OPENING(name)                                                                                  \
	AT_ENTRY(name, enter(0, OPEN, NULL, 0))                                                       \
	AT_EXIT(name, leave_open(ctx->ret))

OPENING(open)
OPENING(creat)
OPENING(openat)
OPENING(openat2)
