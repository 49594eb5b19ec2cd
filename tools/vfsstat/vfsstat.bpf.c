// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * vfsstat: counts calls of VFS functions.
 */
#include "../../toolkit/kernel/base/maps.h"
#include "../../toolkit/kernel/base/ring_buffer.h"
#include "../../toolkit/kernel/task/filter.h"

/* stat.h, fcntl.h */
#define S_IFMT 0170000
#define S_IFREG 0100000
#define AT_REMOVEDIR 0x200

enum counter {
	READ,
	WRITE,
	FSYNC,
	OPEN,
	CREATE,
	UNLINK,
	MKDIR,
	RMDIR,
	COUNTERS,
};

/* Totals since the start. The reader computes differences: clearing the map would lose counts. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, COUNTERS);
	__type(key, u32);
	__type(value, u64);
} counters SEC(".maps");

static __noinline int count(u32 counter)
{
	u64 *value = is_wanted() ? bpf_map_lookup_elem(&counters, &counter) : NULL;

	if (value)
		__sync_fetch_and_add(value, 1); /* an interrupt may count at the same time */
	return 0;
}

#define COUNT(function, counter)                                                                       \
	SEC("fentry/" #function)                                                                   \
	int fentry_##function(void *ctx)                                                           \
	{                                                                                          \
		return count(counter);                                                             \
	}                                                                                          \
                                                                                                   \
	SEC("kprobe/" #function)                                                                   \
	int kprobe_##function(void *ctx)                                                           \
	{                                                                                          \
		return count(counter);                                                             \
	}

COUNT(vfs_read, READ)
COUNT(vfs_write, WRITE)
COUNT(vfs_fsync_range, FSYNC)
COUNT(vfs_open, OPEN)
COUNT(vfs_create, CREATE)
COUNT(vfs_unlink, UNLINK)
COUNT(vfs_mkdir, MKDIR)
COUNT(vfs_rmdir, RMDIR)

/* Without fentry and kprobes: the system calls that lead there, if they succeed. */
#define COUNT_CALL(call, counter) AT_EXIT(call, ctx->ret < 0 ? 0 : count(counter))

COUNT_CALL(read, READ)
COUNT_CALL(pread64, READ)
COUNT_CALL(write, WRITE)
COUNT_CALL(pwrite64, WRITE)
COUNT_CALL(fsync, FSYNC)
COUNT_CALL(fdatasync, FSYNC)
COUNT_CALL(open, OPEN)
COUNT_CALL(openat, OPEN)
COUNT_CALL(openat2, OPEN)
COUNT_CALL(creat, OPEN)
COUNT_CALL(unlink, UNLINK)
COUNT_CALL(mkdir, MKDIR)
COUNT_CALL(mkdirat, MKDIR)
COUNT_CALL(rmdir, RMDIR)

/* The counter of a call whose arguments select it. */
CALLS(calls, u32);

static __noinline int begin(u32 counter)
{
	if (is_wanted() && !keep_call(&calls, &counter))
		count_in_flight_dropped();
	return 0;
}

static __noinline int end(s64 ret)
{
	u32 *counter = kept_call(&calls);

	if (!counter)
		return 0;
	if (ret >= 0)
		count(*counter);
	forget_call(&calls);
	return 0;
}

/* vfs_create makes regular files only. */
static __always_inline int begin_mknod(u32 mode)
{
	u32 type = mode & S_IFMT;

	return !type || type == S_IFREG ? begin(CREATE) : 0;
}

AT_ENTRY(mknod, begin_mknod(ctx->args[1]))
AT_EXIT(mknod, end(ctx->ret))
AT_ENTRY(mknodat, begin_mknod(ctx->args[2]))
AT_EXIT(mknodat, end(ctx->ret))
AT_ENTRY(unlinkat, begin(ctx->args[2] & AT_REMOVEDIR ? RMDIR : UNLINK))
AT_EXIT(unlinkat, end(ctx->ret))
