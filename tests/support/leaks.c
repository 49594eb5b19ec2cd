/*
 * Allocates memory and leaves some of it allocated; each function's comment says how much.
 *
 * It prints "pid PID" and waits for a line on stdin, except with the argument "-". Then it calls all
 * functions. With "kernel" it allocates in the kernel instead, prints "done" and waits for another
 * line.
 */
#define _GNU_SOURCE
#include <linux/bpf.h>
#include <malloc.h>
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/syscall.h>
#include <unistd.h>

#define NOINLINE __attribute__((noinline))

/* Pointers are stored here, so that the compiler does not remove allocations. */
static void *volatile kept;

/* Leaks 53 blocks of 1009 bytes. */
NOINLINE void leak_small(void)
{
	for (int i = 0; i < 53; i++)
		kept = malloc(1009);
}

/* Frees all its 31 blocks. */
NOINLINE void free_all(void)
{
	for (int i = 0; i < 31; i++) {
		kept = malloc(1013);
		free(kept);
	}
}

/* Leaks 7 blocks of 11 * 13 bytes (calloc). */
NOINLINE void leak_zeroed(void)
{
	for (int i = 0; i < 7; i++)
		kept = calloc(11, 13);
}

/* Leaks 5 blocks of 4099 bytes: blocks of 101 bytes that realloc has moved. */
NOINLINE void leak_grown(void)
{
	void *blocks[5], *between[5];

	for (int i = 0; i < 5; i++) {
		blocks[i] = malloc(101);
		between[i] = malloc(16);
	}
	for (int i = 0; i < 5; i++) {
		kept = realloc(blocks[i], 4099);
		free(between[i]);
	}
}

/* Leaks 3 blocks of 77 bytes: realloc(NULL) calls malloc. */
NOINLINE void leak_from_nothing(void)
{
	for (int i = 0; i < 3; i++)
		kept = realloc(NULL, 77);
}

/* Leaks one block of 67 bytes, for which realloc fails; realloc frees another block. */
NOINLINE void leak_ungrown(void)
{
	volatile size_t most = PTRDIFF_MAX, none = 0;

	kept = malloc(67);
	if (realloc(kept, most))
		abort();
	kept = malloc(71);
	kept = realloc(kept, none);
}

/* Leaks 2 blocks of 3000017 bytes, for which malloc calls mmap; frees a third, by munmap. */
NOINLINE void leak_large(void)
{
	for (int i = 0; i < 3; i++)
		kept = malloc(3000017);
	free(kept);
}

/* Leaks 3 of 5 mappings of 12288 bytes; one more mmap fails. */
NOINLINE void leak_mapped(void)
{
	for (int i = 0; i < 5; i++) {
		kept = mmap(NULL, 12288, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (i < 2)
			munmap(kept, 12288);
	}
	kept = mmap(NULL, 0, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

#define PAGE 4096ul

/* Leaks 4 of its 64 pages, and 40 more behind 12 other pages: see free_parts(). */
NOINLINE char *leak_reserved(void)
{
	return mmap(NULL, 64 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

/* Maps 8 pages over a part of another mapping (MAP_FIXED); leaks 4 of them. */
NOINLINE void leak_fixed(char *at)
{
	kept = mmap(at, 8 * PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
}

static void free_parts(void)
{
	char *all = leak_reserved();

	leak_fixed(all + 8 * PAGE);
	munmap(all + 60 * PAGE, 4 * PAGE - 1); /* the end: a length that ends inside a page unmaps the whole page */
	munmap(all + 12 * PAGE, 8 * PAGE); /* a part of both mappings */
	munmap(all, 4 * PAGE); /* the beginning */
	if (!munmap(all + 5 * PAGE + 1, PAGE) || !munmap(all + 5 * PAGE, 0))
		abort();
}

/* Leaks none of its 4 pages: leak_remapped() moves them. */
NOINLINE char *leak_nothing_moved(void)
{
	return mmap(NULL, 4 * PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

/* Leaks 8 pages: mremap moves and grows the 4 pages; growing them once more fails. */
NOINLINE void leak_remapped(void)
{
	volatile size_t most = PTRDIFF_MAX & -PAGE;

	kept = mremap(leak_nothing_moved(), 4 * PAGE, 8 * PAGE, MREMAP_MAYMOVE);
	if (mremap(kept, 8 * PAGE, most, MREMAP_MAYMOVE) != MAP_FAILED)
		abort();
}

/* Leaks 2 blocks of 601 bytes, 3 of 607, 5 of 613, 7 of 617, one of 619; invalid requests fail. */
NOINLINE void leak_aligned(void)
{
	void *memory;

	for (int i = 0; i < 2; i++)
		kept = valloc(601);
	for (int i = 0; i < 3; i++)
		kept = memalign(64, 607);
	for (int i = 0; i < 5; i++)
		kept = aligned_alloc(64, 613);
	for (int i = 0; i < 7; i++) {
		if (posix_memalign(&memory, 64, 617))
			abort();
	}
	kept = memory;
	if (!posix_memalign(&memory, 3, 617))
		abort();
	kept = pvalloc(619);
}

/* Another thread allocates 17 blocks of 307 bytes, of which main frees 10. */
NOINLINE static void *leak_elsewhere(void *blocks)
{
	for (int i = 0; i < 17; i++)
		((void **)blocks)[i] = malloc(307);
	return NULL;
}

NOINLINE static void free_of_thread(void)
{
	void *blocks[17];
	pthread_t thread;

	pthread_create(&thread, NULL, leak_elsewhere, blocks);
	pthread_join(thread, NULL);
	for (int i = 0; i < 10; i++)
		free(blocks[i]);
}

/* A custom allocator: leaks 9 of 13 blocks of 41 bytes, and then 5 of 43 bytes. */
NOINLINE void *toy_malloc(size_t size)
{
	static char all[4096], *next = all;

	return (next += size) - size;
}

NOINLINE void toy_free(void *memory)
{
	kept = memory;
}

NOINLINE void leak_toys(void)
{
	for (int i = 0; i < 13; i++) {
		void *toy = toy_malloc(41);

		if (i < 4)
			toy_free(toy);
	}
}

NOINLINE void leak_more_toys(void)
{
	for (int i = 0; i < 5; i++)
		kept = toy_malloc(43);
}

/* Leaves 30 of 53 messages in a queue of the kernel, which take 256 bytes each. */
static void leave_messages(void)
{
	struct {
		long type;
		char text[200];
	} message = { .type = 1 };

	/* In an IPC namespace of its own, so that the kernel frees the queue with this process. */
	if (unshare(CLONE_NEWIPC))
		abort();

	int queue = msgget(IPC_PRIVATE, 0600);

	for (int i = 0; i < 53; i++) {
		if (msgsnd(queue, &message, sizeof(message.text), IPC_NOWAIT))
			abort();
	}
	for (int i = 0; i < 23; i++) {
		if (msgrcv(queue, &message, sizeof(message.text), 0, IPC_NOWAIT) < 0)
			abort();
	}
}

/* Leaves 53 per-CPU values of 1016 bytes. */
static void leave_per_cpu(void)
{
	union bpf_attr map = {
		.map_type = BPF_MAP_TYPE_PERCPU_ARRAY,
		.key_size = 4,
		.value_size = 1016,
		.max_entries = 53,
	};

	if (syscall(SYS_bpf, BPF_MAP_CREATE, &map, sizeof(map)) < 0)
		abort();
}

static void wait_for_line(const char *said)
{
	char c;

	dprintf(1, "%s\n", said);
	while (read(0, &c, 1) == 1 && c != '\n')
		;
}

int main(int argc, char **argv)
{
	char pid[32];

	snprintf(pid, sizeof(pid), "pid %d", getpid());
	if (argc < 2 || strcmp(argv[1], "-"))
		wait_for_line(pid);
	if (argc > 1 && !strcmp(argv[1], "kernel")) {
		leave_messages();
		leave_per_cpu();
		wait_for_line("done");
		return 0;
	}
	leak_small();
	free_all();
	leak_zeroed();
	leak_grown();
	leak_from_nothing();
	leak_ungrown();
	leak_large();
	leak_mapped();
	free_parts();
	leak_remapped();
	leak_aligned();
	free_of_thread();
	leak_toys();
	leak_more_toys();
	return 0;
}
