// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * filelife: system calls that create, rename or remove files, from entry to exit. The reader matches
 * removed files with those whose creation it has seen (births.ts).
 *
 * Where the kernel has fentry, vfs_unlink shows which file a call removes; elsewhere the reader
 * identifies the file by its path.
 */
#include "../../toolkit/kernel/event_tool.h"
#include "../../toolkit/kernel/fs/mount_ids.h"
#include "../../toolkit/kernel/fs/path.h"
#include "../../toolkit/kernel/fs/path_argument.h"

KERNEL_STRUCTS

struct super_block___life {
	unsigned int s_dev;
};

struct inode___life {
	unsigned long i_ino;
	unsigned int i_generation;
	struct super_block___life *i_sb;
};

struct dentry___life {
	struct inode___life *d_inode;
};

struct file___life {
	unsigned int f_mode;
	struct inode___life *f_inode;
};

KERNEL_STRUCTS_END

#define O_CREAT 0100
#define FMODE_CREATED (1 << 20) /* include/linux/fs.h */
#define RENAME_EXCHANGE 2

enum kind {
	CREATED,
	DELETED,
	RENAMED,
	EXCHANGED,
};

struct life_id {
	u64 inode; /* 0: unknown */
	u32 device;
	u32 generation;
};

struct call {
	struct life_id id;
	u32 kind;
	s32 directory_fd;
	s32 new_directory_fd;
	struct path_argument path;
	struct path_argument new_path;
};

struct event {
	u64 time; /* ns since boot, at exit */
	u64 root; /* the root directory of the process, by address, … */
	u32 mount_namespace; /* … in its mount namespace */
	u32 kind;
	struct who who;
	struct life_id id;
	/* For each path: the path, the directories that it starts from (see append_directories()), and an
	 * empty name; each ends in NUL. */
	char places[];
};

/* Buffers in which a call and an event are built. */
struct scratch {
	struct call call;
	u64 first; /* length of the first path with its directories, in `places` */
	u64 second;
	char event[sizeof(struct event) + TEXT_MAX + TEXT_ROOM];
};

PER_CPU(scratches, struct scratch);
CALLS(calls, struct call);
EVENTS(events, struct event);

static __always_inline struct life_id id_of(struct inode___life *inode)
{
	struct life_id id = {
		.inode = BPF_CORE_READ(inode, i_ino),
		.device = BPF_CORE_READ(inode, i_sb, s_dev),
		.generation = BPF_CORE_READ(inode, i_generation),
	};

	return id;
}

static __noinline int begin(u32 kind, s32 directory_fd, u64 path)
{
	struct scratch *scratch = of_this_cpu(&scratches);
	struct life_id none = {};

	if (!scratch || !is_wanted())
		return 0;
	scratch->call.kind = kind;
	scratch->call.id = none;
	scratch->call.directory_fd = directory_fd;
	scratch->call.path.length = 0;
	keep_path(&scratch->call.path, (const char *)path);
	if (!keep_call(&calls, &scratch->call))
		count_in_flight_dropped();
	return 0;
}

static __noinline int begin_rename(s32 directory_fd, u64 path, s32 new_directory_fd, u64 new_path,
				   u32 flags)
{
	struct scratch *scratch = of_this_cpu(&scratches);

	if (!scratch)
		return 0;
	scratch->call.new_directory_fd = new_directory_fd;
	scratch->call.new_path.length = 0;
	keep_path(&scratch->call.new_path, (const char *)new_path);
	return begin(flags & RENAME_EXCHANGE ? EXCHANGED : RENAMED, directory_fd, path);
}

static __always_inline int begin_open(s32 directory_fd, u64 path, u64 flags)
{
	return flags & O_CREAT ? begin(CREATED, directory_fd, path) : 0;
}

static __always_inline int begin_openat2(s32 directory_fd, u64 path, const u64 *how)
{
	u64 flags = 0; /* the first member of struct open_how */

	bpf_probe_read_user(&flags, sizeof(flags), how);
	return begin_open(directory_fd, path, flags);
}

/* Reads a path and its directories; `text` has TEXT_ROOM bytes. */
static __noinline void read_place(char *text, u64 *length, const struct path_argument *path, s32 fd)
{
	u64 path_length = read_path(text, path);

	*length = path_length;
	if (text[0] != '/')
		append_directories(text, length, fd);
	if (*length == path_length)
		text[(*length)++ & (TEXT_MAX - 1)] = 0;
	text[(*length)++ & (TEXT_MAX - 1)] = 0;
}

static __always_inline void report(struct call *call, bool has_two)
{
	struct scratch *scratch = of_this_cpu(&scratches);
	struct task_struct *task = (void *)bpf_get_current_task();

	if (!scratch)
		return;

	struct event *event = (void *)scratch->event;

	event->time = bpf_ktime_get_ns();
	event->kind = call->kind;
	event->id = call->id;
	event->root = (u64)BPF_CORE_READ(task, fs, root.dentry);
	event->mount_namespace = BPF_CORE_READ(task, nsproxy, mnt_ns, ns.inum);
	set_who(&event->who);
	scratch->second = 0;
	read_place(event->places, &scratch->first, &call->path, call->directory_fd);

	u64 first = scratch->first & (TEXT_MAX - 1);

	if (has_two)
		read_place(event->places + first, &scratch->second, &call->new_path, call->new_directory_fd);

	u64 length = first + scratch->second;

	if (length > TEXT_MAX + TEXT_ROOM)
		length = TEXT_MAX + TEXT_ROOM;
	send(events, event, offsetof(struct event, places) + length);
}

/* Stacked file systems call vfs_unlink again for the lower file: only the first file is the call's own. */
SEC("fentry/vfs_unlink")
int removing(u64 *arguments)
{
	struct call *call = kept_call(&calls);
	u64 address;

	/* The verifier wants constant offsets, so the compiler must not select one at run time. */
	if (are_mount_ids_passed()) {
		address = arguments[2];
		__asm__ volatile("" : "+r"(address));
	} else {
		address = arguments[1];
	}

	struct dentry___life *dentry = (void *)address;

	if (call && call->kind == DELETED && !call->id.inode)
		call->id = id_of(BPF_CORE_READ(dentry, d_inode));
	return 0;
}

AT_ENTRY(open, begin_open(AT_FDCWD, ctx->args[0], ctx->args[1]))
AT_ENTRY(creat, begin_open(AT_FDCWD, ctx->args[0], O_CREAT))
AT_ENTRY(openat, begin_open(ctx->args[0], ctx->args[1], ctx->args[2]))
AT_ENTRY(openat2, begin_openat2(ctx->args[0], ctx->args[1], (const u64 *)ctx->args[2]))
AT_ENTRY(mknod, begin(CREATED, AT_FDCWD, ctx->args[0]))
AT_ENTRY(mknodat, begin(CREATED, ctx->args[0], ctx->args[1]))
AT_ENTRY(unlink, begin(DELETED, AT_FDCWD, ctx->args[0]))
AT_ENTRY(unlinkat, begin(DELETED, ctx->args[0], ctx->args[1]))
AT_ENTRY(rename, begin_rename(AT_FDCWD, ctx->args[0], AT_FDCWD, ctx->args[1], 0))
AT_ENTRY(renameat, begin_rename(ctx->args[0], ctx->args[1], ctx->args[2], ctx->args[3], 0))
AT_ENTRY(renameat2,
	 begin_rename(ctx->args[0], ctx->args[1], ctx->args[2], ctx->args[3], ctx->args[4]))

/*
 * Three programs serve the exits of all calls: filelife.ts attaches each to more tracepoints than its section
 * names. With a program per call, the verifier would check the walk through directories once for each.
 */
SEC("tracepoint/syscalls/sys_exit_openat")
int opened(struct syscall_exit *ctx)
{
	struct call *call = kept_call(&calls);
	struct file___life *file = NULL;

	if (!call)
		return 0;
	if (ctx->ret >= 0)
		file = (void *)file_of(ctx->ret);
	if (file && BPF_CORE_READ(file, f_mode) & FMODE_CREATED) {
		call->id = id_of(BPF_CORE_READ(file, f_inode));
		report(call, false);
	}
	forget_call(&calls);
	return 0;
}

static __always_inline int finish(s64 ret, bool has_two)
{
	struct call *call = kept_call(&calls);

	if (!call)
		return 0;
	if (!ret)
		report(call, has_two);
	forget_call(&calls);
	return 0;
}

SEC("tracepoint/syscalls/sys_exit_unlinkat")
int changed(struct syscall_exit *ctx)
{
	return finish(ctx->ret, false);
}

SEC("tracepoint/syscalls/sys_exit_renameat2")
int renamed(struct syscall_exit *ctx)
{
	return finish(ctx->ret, true);
}
