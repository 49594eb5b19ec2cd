/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Finds the code at an address of the current process by the kernel's own mappings: processes that have just
 * started, and libraries that were just opened, need no tables of their own if their files are known.
 *
 * The mappings of a process are in a maple tree since Linux 6.1 (include/linux/maple_tree.h).
 */
#pragma once

#include "unwind_tables.h"

KERNEL_STRUCTS

struct xol_area___code {
	unsigned long vaddr;
};

struct uprobes_state___code {
	struct xol_area___code *xol_area;
};

struct maple_tree___code {
	void *ma_root;
};

struct mm_struct___code {
	struct maple_tree___code mm_mt;
	struct uprobes_state___code uprobes_state;
};

struct super_block___code {
	u32 s_dev;
};

struct inode___code {
	unsigned long i_ino;
	struct super_block___code *i_sb;
	s64 i_size;
};

struct file___code {
	u32 f_mode;
	struct inode___code *f_inode;
};

struct dentry___code {
	struct inode___code *d_inode;
};

struct path___code {
	struct dentry___code *dentry;
};

struct backing_file___code {
	struct path___code user_path;
};

struct vm_area_struct___code {
	unsigned long vm_start;
	unsigned long vm_end;
	unsigned long vm_flags;
	unsigned long vm_pgoff;
	struct file___code *vm_file;
};

struct task_struct___code {
	struct mm_struct___code *mm;
};

KERNEL_STRUCTS_END

#define VM_EXEC 4
#define FMODE_BACKING (1 << 24) /* include/linux/fs.h of Linux 6.12; older kernels have it elsewhere or not at all */
#define PAGE_SHIFT 12 /* x86-64 */

/* Rows of a file that are in one chunk, starting at an address of the file. */
struct unwind_piece {
	u32 from;
	u32 chunk;
	u32 first;
	u32 count;
};

#define FILE_PIECES 16 /* the first from address 0 on */
#define NO_PIECE 0xffffffff /* the address of unused entries, after the last */
struct unwind_file {
	s64 size; /* to detect another file that reuses the inode number */
	s64 shift; /* from offsets of code in the file to addresses */
	u32 count; /* of pieces; 0: it has no rows */
	u32 python; /* number of the interpreter (python_frames.h); 0: none */
	u32 calls_chunk; /* rows for return addresses: all of the file's */
	u32 calls_first;
	u32 calls;
	u32 reserved;
	struct unwind_piece pieces[FILE_PIECES];
};

struct unwind_file_key {
	u64 inode;
	u64 device;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1); /* set by the tool */
	__type(key, struct unwind_file_key);
	__type(value, struct unwind_file);
} unwind_files SEC(".maps");

static __always_inline bool can_find_mapped(void)
{
	struct mm_struct___code *mm = NULL;

	return bpf_core_field_exists(mm->mm_mt);
}

/* Address of the kernel's return trampoline for uretprobes; 0: none. The task is of bpf_get_current_task_btf(). */
static __always_inline u64 uprobes_of(struct task_struct___code *task)
{
	struct xol_area___code *area = NULL;

	if (!bpf_core_field_exists(area->vaddr))
		return 0;
	area = task->mm->uprobes_state.xol_area;
	return area ? BPF_CORE_READ(area, vaddr) : 0;
}

static __always_inline u64 kernel_word(u64 address)
{
	u64 word = 0;

	bpf_probe_read_kernel(&word, sizeof(word), (void *)address);
	return word;
}

/* Most levels of the tree: 65,530 mappings (vm.max_map_count) take five. */
#define TREE_DEPTH 8
#define TREE_PIVOTS 15
#define TREE_PIVOTS_WITH_GAPS 9

/* The current process's mapping at an address; 0 for none. The tree may change meanwhile: all reads are
 * safe, but may give a wrong result. */
static __always_inline u64 mapping_at(u64 address)
{
	struct task_struct___code *task = (void *)bpf_get_current_task();
	u64 entry = (u64)BPF_CORE_READ(task, mm, mm_mt.ma_root);

	for (u32 level = 0; level < TREE_DEPTH; level++) {
		/* The pointer holds the type of the node: leaves are 0 and 1, those with gaps 3. */
		u64 node = entry & ~0xffULL, type = entry >> 3 & 15;
		u64 pivots = type == 3 ? TREE_PIVOTS_WITH_GAPS : TREE_PIVOTS;
		u64 at = 0;

		if (entry < 4096)
			return 0;
		for (u32 i = 0; i < TREE_PIVOTS; i++) {
			if (at >= pivots || kernel_word(node + 8 + at * 8) >= address)
				break;
			at++;
		}
		entry = kernel_word(node + 8 + pivots * 8 + at * 8);
		if (type < 2)
			return entry < 4096 ? 0 : entry;
	}
	return 0;
}

/* Whether an address is in code. */
__noinline bool is_mapped_code(u64 address)
{
	struct vm_area_struct___code *mapping = (void *)mapping_at(address);

	return mapping && BPF_CORE_READ(mapping, vm_flags) & VM_EXEC;
}

/* The inode of a mapped file that /proc/PID/maps shows: in newer kernels that of the file on overlayfs, and not of the one
 * below, which is mapped (file_user_inode() of include/linux/fs.h). */
static __always_inline struct inode___code *shown_inode(struct file___code *file)
{
	struct backing_file___code *backing = (void *)file;

	if (bpf_core_field_exists(backing->user_path) && BPF_CORE_READ(file, f_mode) & FMODE_BACKING)
		return BPF_CORE_READ(backing, user_path.dentry, d_inode);
	return BPF_CORE_READ(file, f_inode);
}

/* Finds how to unwind at an address of the current process; false if there is no code. */
__noinline bool find_mapped(struct unwind_range *found, u64 address)
{
	struct vm_area_struct___code *mapping = (void *)mapping_at(address);
	struct unwind_file_key key = {};
	struct unwind_file *file;
	struct inode___code *inode;
	u64 in_file, at = 0;

	if (!found || !mapping || !(BPF_CORE_READ(mapping, vm_flags) & VM_EXEC))
		return false;
	found->start = BPF_CORE_READ(mapping, vm_start);
	found->end = BPF_CORE_READ(mapping, vm_end);
	found->low = found->start;
	found->high = found->end;
	found->kind = BY_FRAME_POINTER;
	found->python = 0;
	inode = shown_inode(BPF_CORE_READ(mapping, vm_file));
	if (!inode)
		return true;
	key.inode = BPF_CORE_READ(inode, i_ino);
	key.device = BPF_CORE_READ(inode, i_sb, s_dev);
	file = bpf_map_lookup_elem(&unwind_files, &key);
	if (!file || file->size != BPF_CORE_READ(inode, i_size)) {
		found->kind = BY_GUESS;
		return true;
	}
	if (!file->count)
		return true;
	found->kind = BY_ROWS;
	found->python = file->python;
	found->calls_chunk = file->calls_chunk;
	found->calls_first = file->calls_first;
	found->calls = file->calls;
	found->bias = found->start - (BPF_CORE_READ(mapping, vm_pgoff) << PAGE_SHIFT) - file->shift;
	in_file = address - found->bias;
	/* Without branches: the verifier would follow each of them. */
	for (u32 i = 1; i < FILE_PIECES; i++)
		at += (u64)(file->pieces[i].from - in_file - 1) >> 63;

	struct unwind_piece *piece = &file->pieces[at & (FILE_PIECES - 1)];

	found->chunk = piece->chunk;
	found->first = piece->first;
	found->count = piece->count;
	/* The range that is cached covers this piece only. */
	if (at)
		found->start = found->bias + piece->from;
	piece = &file->pieces[(at + 1) & (FILE_PIECES - 1)];
	if (piece->from && piece->from != NO_PIECE)
		found->end = found->bias + piece->from;
	return true;
}
