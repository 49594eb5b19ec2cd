/*
 * Allocates, frees and forgets memory, so much in each function as its comment says.
 *
 * It prints "pid PID" and waits for a line on stdin; with the argument "-" it does not. Then it
 * does all it has to do. With "kernel" it does so in the kernel, says "done" and waits for another
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

/* Where memory is put so that the compiler leaves every call where it is. */
static void *volatile kept;

/* 53 of 1009 bytes are left. */
NOINLINE void leak_small(void)
{
	for (int i = 0; i < 53; i++)
		kept = malloc(1009);
}

/* None is left of 31. */
NOINLINE void free_all(void)
{
	for (int i = 0; i < 31; i++) {
		kept = malloc(1013);
		free(kept);
	}
}

/* 7 of 11 times 13 bytes are left. */
NOINLINE void leak_zeroed(void)
{
	for (int i = 0; i < 7; i++)
		kept = calloc(11, 13);
}

/* 5 of 4099 bytes are left, none of the 101 bytes that they begin with; they move. */
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

/* 3 of 77 bytes are left: realloc calls malloc for them. */
NOINLINE void leak_from_nothing(void)
{
	for (int i = 0; i < 3; i++)
		kept = realloc(NULL, 77);
}

/* One of 67 bytes is left, since it cannot grow; another one is freed by realloc. */
NOINLINE void leak_ungrown(void)
{
	volatile size_t most = PTRDIFF_MAX, none = 0;

	kept = malloc(67);
	if (realloc(kept, most))
		abort();
	kept = malloc(71);
	kept = realloc(kept, none);
}

/* 2 of 3000017 bytes are left, which malloc gets by mmap; a third is freed, which is munmap. */
NOINLINE void leak_large(void)
{
	for (int i = 0; i < 3; i++)
		kept = malloc(3000017);
	free(kept);
}

/* 3 of 12288 bytes are left of 5, and none of one that cannot be had. */
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

/* Of 64 pages 4 are left, and 40 behind 12 others: see free_parts(). */
NOINLINE char *leak_reserved(void)
{
	return mmap(NULL, 64 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

/* Of 8 pages in the place of some of another mapping 4 are left. */
NOINLINE void leak_fixed(char *at)
{
	kept = mmap(at, 8 * PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
}

static void free_parts(void)
{
	char *all = leak_reserved();

	leak_fixed(all + 8 * PAGE);
	munmap(all + 60 * PAGE, 4 * PAGE - 1); /* the end; a part of a page is all of it */
	munmap(all + 12 * PAGE, 8 * PAGE); /* some of each */
	munmap(all, 4 * PAGE); /* the begin */
	if (!munmap(all + 5 * PAGE + 1, PAGE) || !munmap(all + 5 * PAGE, 0))
		abort();
}

/* None of the 4 pages is left here. */
NOINLINE char *leak_nothing_moved(void)
{
	return mmap(NULL, 4 * PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

/* 8 pages are left, into which the 4 have grown; they cannot grow further. */
NOINLINE void leak_remapped(void)
{
	volatile size_t most = PTRDIFF_MAX & -PAGE;

	kept = mremap(leak_nothing_moved(), 4 * PAGE, 8 * PAGE, MREMAP_MAYMOVE);
	if (mremap(kept, 8 * PAGE, most, MREMAP_MAYMOVE) != MAP_FAILED)
		abort();
}

/* 2 of 601 bytes, 3 of 607, 5 of 613, 7 of 617 and one of 619 are left, and none that is refused. */
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

/* Another thread's 17 of 307 bytes, of which main frees 10. */
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

/* An allocator of its own: of its memory 9 of 41 bytes are left of 13, and then 5 of 43. */
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

/* The kernel keeps 30 of 53 messages, which take 256 bytes each. */
static void leave_messages(void)
{
	struct {
		long type;
		char text[200];
	} message = { .type = 1 };

	/* So that the queue goes away with this process. */
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

/* 53 values of 1016 bytes, on each CPU. */
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
