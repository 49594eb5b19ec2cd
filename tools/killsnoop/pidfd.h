/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The process that a pidfd refers to (pidfd_open(2), or a directory in /proc, which
 * pidfd_send_signal(2) accepts).
 */
#pragma once

#include "../../toolkit/kernel/fs/path.h"

KERNEL_STRUCTS

struct super_block___pidfd {
	unsigned long s_magic;
};

struct inode___pidfd {
	unsigned short i_mode;
	struct super_block___pidfd *i_sb;
	void *i_private;
};

struct file___pidfd {
	unsigned int f_flags;
	struct inode___pidfd *f_inode;
	void *private_data;
};

struct proc_inode {
	struct pid *pid;
	struct inode___pidfd vfs_inode;
};

KERNEL_STRUCTS_END

/* include/uapi/linux/magic.h, and stat.h */
#define PID_FS_MAGIC 0x50494446
#define ANON_INODE_FS_MAGIC 0x09041934
#define PROC_SUPER_MAGIC 0x9fa0
#define S_IFMT 0170000
#define S_IFDIR 0040000

#define PIDFD_THREAD 0200 /* O_EXCL, among the file's flags */
/* Flags of pidfd_send_signal(2), since Linux 6.9. */
#define PIDFD_SIGNAL_THREAD 1
#define PIDFD_SIGNAL_PROCESS_GROUP 4

/* NULL if not a pidfd. Before Linux 6.9, other anonymous files cannot be told from pidfds. */
static __always_inline struct pid *pid_of(struct file___pidfd *file)
{
	struct inode___pidfd *inode = BPF_CORE_READ(file, f_inode);

	switch (BPF_CORE_READ(inode, i_sb, s_magic)) {
	case PID_FS_MAGIC:
		return BPF_CORE_READ(inode, i_private);
	case ANON_INODE_FS_MAGIC:
		return BPF_CORE_READ(file, private_data);
	case PROC_SUPER_MAGIC: {
		struct proc_inode *proc =
			(void *)inode - bpf_core_field_offset(struct proc_inode, vfs_inode);

		if ((BPF_CORE_READ(inode, i_mode) & S_IFMT) == S_IFDIR)
			return BPF_CORE_READ(proc, pid);
	}
	}
	return NULL;
}
