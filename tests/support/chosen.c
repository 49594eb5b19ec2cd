/*
 * Indirect functions (IFUNC): a library that has some, compiled with -DLIBRARY, and a program that
 * calls them. The library, when it is loaded, creates the file "loaded-by-PID" beside itself.
 *
 * The program prints "pid PID", waits for a line, and then calls each function as often as its name
 * says, malloc 13 times and strlen 11 times. Before the line it has called shared_7 once, late_2
 * never.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifdef LIBRARY
#define CHOSEN(name, ...)                                                                         \
	static int name##_plain(int x) { __asm__ volatile("" ::: "memory"); return x + 1; }       \
	static int name##_best(int x) { __asm__ volatile("" ::: "memory"); return x + 2; }        \
	static void *choose_##name(void) { return getpid() > 0 ? name##_best : name##_plain; }    \
	__attribute__((ifunc("choose_" #name), ##__VA_ARGS__)) int name(int)

/* Called by the program, through its global offset table (GOT). */
CHOSEN(shared_7);
CHOSEN(late_2);
/* Called inside the library: its GOT entry has an IRELATIVE relocation, which names no symbol. */
CHOSEN(inner_5, visibility("hidden"));
/* Never called: it has no GOT entry. */
CHOSEN(unused_3);

void call_inner(void)
{
	volatile int sum = 0;

	for (int i = 0; i < 5; i++)
		sum = inner_5(sum);
}

__attribute__((constructor)) static void leave_mark(void)
{
	Dl_info here;
	char path[4096];

	if (!dladdr(leave_mark, &here))
		return;
	snprintf(path, sizeof(path), "%.*s/loaded-by-%d",
		 (int)(strrchr(here.dli_fname, '/') - here.dli_fname), here.dli_fname, getpid());
	close(open(path, O_CREAT | O_WRONLY, 0600));
}
#else
int shared_7(int);
int late_2(int);
void call_inner(void);

int main(void)
{
	void *(*volatile take)(size_t) = malloc;
	volatile int sum = shared_7(0);

	printf("pid %d\n", getpid());
	fflush(stdout);
	getchar();
	for (int i = 0; i < 7; i++)
		sum = shared_7(sum);
	for (int i = 0; i < 2; i++)
		sum = late_2(sum);
	call_inner();
	for (int i = 0; i < 13; i++)
		free(take(1000 + i));
	for (int i = 0; i < 11; i++)
		sum += strlen((const char *)&sum);
	/* exit() would run code that may call strlen(). */
	_exit(0);
}
#endif
