// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * readahead: time between the read-ahead of a page and its first use.
 *
 * A page is read ahead if a thread adds it to the page cache in one of two functions (fentry, fexit), or,
 * where tracepoints replace these (Linux 6.18), if it is in the range that a tracepoint reported last.
 */
#include "../../toolkit/kernel/base/log2.h"
#include "../../toolkit/kernel/base/dropped.h"
#include "../../toolkit/kernel/task/filter.h"

KERNEL_STRUCTS

struct address_space {
	void *host; /* the inode */
};

struct folio {
	struct address_space *mapping;
	unsigned long index;
};

struct folio___nr {
	unsigned int _nr_pages; /* since Linux 6.16 */
};

struct folio___old_nr {
	unsigned int _folio_nr_pages;
};

struct file_ra_state {
	unsigned long start;
	unsigned int size;
};

enum pageflags {
	PG_head,
};

KERNEL_STRUCTS_END

/* Most pages marked as used at once: a read takes at most 31 folios, and then repeats. */
#define PAGES_MAX 2048
#define SLOTS 65

/* The read-ahead of a thread: within functions, or a range of an inode's pages. */
struct window {
	u64 depth; /* of nested functions; 0: a range, from a tracepoint */
	u64 inode;
	u64 first;
	u64 end;
};

/* By thread id; entries of functions end with the outermost one, those of ranges with the thread. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 32768);
	__type(key, u32);
	__type(value, struct window);
} windows SEC(".maps");

struct page_key {
	u64 mapping;
	u64 index;
};

/* Pages read ahead and not used yet: the time of their read-ahead, in ns since boot. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1 << 18);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct page_key);
	__type(value, u64);
} births SEC(".maps");

/* Pages by their age in ms at first use: a log2 histogram. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, SLOTS);
	__type(key, u32);
	__type(value, u64);
} ages SEC(".maps");

u64 in_flight_dropped; /* read-ahead of threads that found no room in `windows` */
u64 read_ahead;
u64 used;

struct walk {
	struct page_key key; /* of the first page */
	u64 now;
};

static long keep_page(u32 i, struct walk *walk)
{
	struct page_key key = { .mapping = walk->key.mapping, .index = walk->key.index + i };

	if (bpf_map_update_elem(&births, &key, &walk->now, BPF_ANY))
		__sync_fetch_and_add(&dropped, 1);
	else
		__sync_fetch_and_add(&read_ahead, 1);
	return 0;
}

static long use_page(u32 i, struct walk *walk)
{
	struct page_key key = { .mapping = walk->key.mapping, .index = walk->key.index + i };
	u64 *birth = bpf_map_lookup_elem(&births, &key);

	if (!birth)
		return 0;

	u32 slot = log2_slot((walk->now - *birth) / 1000000);
	u64 *count = bpf_map_lookup_elem(&ages, &slot);

	/* Of two simultaneous users only one deletes the entry, and counts. */
	if (bpf_map_delete_elem(&births, &key) || !count)
		return 0;
	__sync_fetch_and_add(count, 1);
	__sync_fetch_and_add(&used, 1);
	return 0;
}

static long forget_page(u32 i, struct walk *walk)
{
	struct page_key key = { .mapping = walk->key.mapping, .index = walk->key.index + i };

	bpf_map_delete_elem(&births, &key);
	return 0;
}

static __always_inline struct walk walk_from(u64 mapping, u64 index)
{
	struct walk walk = { .key = { .mapping = mapping, .index = index }, .now = bpf_ktime_get_ns() };

	return walk;
}

static __noinline u64 pages_of(struct folio *folio)
{
	struct folio___nr *counted = (void *)folio;
	struct folio___old_nr *old = (void *)folio;
	u64 flags = 0; /* the first member */

	bpf_probe_read_kernel(&flags, sizeof(flags), folio);
	if (!(flags >> bpf_core_enum_value(enum pageflags, PG_head) & 1))
		return 1;
	return bpf_core_field_exists(counted->_nr_pages) ? BPF_CORE_READ(counted, _nr_pages) :
							   BPF_CORE_READ(old, _folio_nr_pages);
}

static __always_inline void keep_window(u32 tid, struct window *window)
{
	if (bpf_map_update_elem(&windows, &tid, window, BPF_ANY))
		__sync_fetch_and_add(&in_flight_dropped, 1);
}

static __noinline int begin(u64 inode, u64 first, u64 end)
{
	u32 tid = bpf_get_current_pid_tgid();
	struct window window = { .inode = inode, .first = first, .end = end };

	if (is_wanted())
		keep_window(tid, &window);
	return 0;
}

SEC("raw_tp/sched_process_free")
int thread_freed(u64 *arguments)
{
	struct task_struct *task = (void *)arguments[0];
	u32 tid = BPF_CORE_READ(task, pid);

	bpf_map_delete_elem(&windows, &tid);
	return 0;
}

SEC("raw_tp/page_cache_ra_unbounded")
int ra_unbounded(u64 *arguments)
{
	return begin(arguments[0], arguments[1], arguments[1] + arguments[2]);
}

SEC("raw_tp/page_cache_ra_order")
int ra_order(u64 *arguments)
{
	struct file_ra_state *state = (void *)arguments[2];

	return begin(arguments[0], arguments[1],
		     BPF_CORE_READ(state, start) + BPF_CORE_READ(state, size));
}

static __noinline int enter(void)
{
	u32 tid = bpf_get_current_pid_tgid();
	struct window *known = bpf_map_lookup_elem(&windows, &tid);
	struct window window = { .depth = 1 };

	if (known)
		known->depth++;
	else if (is_wanted())
		keep_window(tid, &window);
	return 0;
}

static __noinline int leave(void)
{
	u32 tid = bpf_get_current_pid_tgid();
	struct window *window = bpf_map_lookup_elem(&windows, &tid);

	if (window && !--window->depth)
		bpf_map_delete_elem(&windows, &tid);
	return 0;
}

#define BETWEEN(function)                                                                          \
	SEC("fentry/" #function)                                                                   \
	int enter_##function(void *ctx)                                                            \
	{                                                                                          \
		return enter();                                                                    \
	}                                                                                          \
                                                                                                   \
	SEC("fexit/" #function)                                                                    \
	int exit_##function(void *ctx)                                                             \
	{                                                                                          \
		return leave();                                                                    \
	}

BETWEEN(page_cache_ra_unbounded)
BETWEEN(page_cache_ra_order)

SEC("raw_tp/mm_filemap_add_to_page_cache")
int added(u64 *arguments)
{
	u32 tid = bpf_get_current_pid_tgid();
	struct window *window = bpf_map_lookup_elem(&windows, &tid);
	struct folio *folio = (void *)arguments[0];
	u64 index = BPF_CORE_READ(folio, index);
	struct address_space *mapping = BPF_CORE_READ(folio, mapping);

	if (!window)
		return 0;
	if (!window->depth && (window->inode != (u64)BPF_CORE_READ(mapping, host) ||
			       index < window->first || index >= window->end))
		return 0;

	struct walk walk = walk_from((u64)mapping, index);

	bpf_loop(pages_of(folio), keep_page, &walk, 0);
	return 0;
}

SEC("raw_tp/mm_filemap_delete_from_page_cache")
int removed(u64 *arguments)
{
	struct folio *folio = (void *)arguments[0];
	struct walk walk = walk_from((u64)BPF_CORE_READ(folio, mapping), BPF_CORE_READ(folio, index));

	bpf_loop(pages_of(folio), forget_page, &walk, 0);
	return 0;
}

static __noinline int use(u64 mapping, u64 first, u64 pages)
{
	struct walk walk = walk_from(mapping, first);

	bpf_loop(pages < PAGES_MAX ? pages : PAGES_MAX, use_page, &walk, 0);
	return 0;
}

SEC("raw_tp/mm_filemap_get_pages")
int got(u64 *arguments)
{
	return use(arguments[0], arguments[1], arguments[2] - arguments[1] + 1);
}

SEC("raw_tp/mm_filemap_map_pages")
int mapped(u64 *arguments)
{
	return use(arguments[0], arguments[1], arguments[2] - arguments[1] + 1);
}

SEC("raw_tp/mm_filemap_fault")
int faulted(u64 *arguments)
{
	return use(arguments[0], arguments[1], 1);
}

SEC("fentry/folio_mark_accessed")
int accessed(u64 *arguments)
{
	struct folio *folio = (void *)arguments[0];

	return use((u64)BPF_CORE_READ(folio, mapping), BPF_CORE_READ(folio, index), pages_of(folio));
}
