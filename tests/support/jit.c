/*
 * Runs code that it generated at run time, for tests of tools that resolve its symbols.
 *
 *   jit KIND [FILE]    KIND of memory for the code: anon, zero (shared), memfd, sysv, named, heap,
 *                      file (deleted) or text (the program's); FILE is mapped as a jitdump file is
 *
 * It prints "pid PID OUTER SIZE INNER SIZE LATER SIZE", the addresses and sizes of three functions;
 * outer calls inner. Then it reads commands, one a line: "run COUNT" calls outer COUNT times,
 * "later COUNT" calls later; "fork COUNT" forks and prints "child PID", and the child waits for a
 * byte and calls outer; "exec PROGRAM"; "end". It answers each command with "done".
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/shm.h>
#include <sys/wait.h>
#include <unistd.h>

#define SIZE 65536
#define ALL (PROT_READ | PROT_WRITE | PROT_EXEC)
#define NO_TAIL_CALL __asm__ volatile("")

__attribute__((aligned(4096))) static char own[SIZE + 4096];

static void *memory(const char *kind)
{
	void *page = MAP_FAILED;

	if (!strcmp(kind, "anon") || !strcmp(kind, "named"))
		page = mmap(NULL, SIZE, ALL, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (!strcmp(kind, "named"))
		prctl(0x53564d41 /* PR_SET_VMA */, 0, page, SIZE, "code of mine");
	if (!strcmp(kind, "zero"))
		page = mmap(NULL, SIZE, ALL, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (!strcmp(kind, "memfd") || !strcmp(kind, "file")) {
		char path[] = "/tmp/ts-bcc-jit-XXXXXX";
		int file = kind[0] == 'm' ? (int)memfd_create("doublemapper", 0) : mkstemp(path);

		if (kind[0] == 'f')
			unlink(path);
		if (ftruncate(file, SIZE))
			abort();
		page = mmap(NULL, SIZE, ALL, MAP_SHARED, file, 0);
	}
	if (!strcmp(kind, "sysv")) {
		int id = shmget(IPC_PRIVATE, SIZE, 0700);

		page = shmat(id, NULL, SHM_EXEC);
		shmctl(id, IPC_RMID, NULL);
		mprotect(page, SIZE, ALL);
	}
	if (!strcmp(kind, "heap")) {
		sbrk(4096);
		page = (void *)(((uintptr_t)sbrk(SIZE + 4096) + 4095) & ~4095ul);
		mprotect(page, SIZE, ALL);
	}
	if (!strcmp(kind, "text")) {
		page = own;
		mprotect(page, SIZE, ALL);
	}
	if (page == MAP_FAILED)
		abort();
	return page;
}

/* push rbp; mov rbp, rsp; mov ecx, COUNT; 1: dec ecx; jnz 1b; pop rbp; ret */
static int emit_loop(char *at, uint32_t count)
{
	static const unsigned char code[] = { 0x55, 0x48, 0x89, 0xe5, 0xb9, 0,	  0,	0,
					      0,    0xff, 0xc9, 0x75, 0xfc, 0x5d, 0xc3 };

	memcpy(at, code, sizeof(code));
	memcpy(at + 5, &count, sizeof(count));
	return sizeof(code);
}

/* push rbp; mov rbp, rsp; mov rax, CALLEE; call rax; nop; pop rbp; ret */
static int emit_call(char *at, void *callee)
{
	static const unsigned char code[] = { 0x55, 0x48, 0x89, 0xe5, 0x48, 0xb8, 0,	0,    0,   0,
					      0,    0,	  0,	0,    0xff, 0xd0, 0x90, 0x5d, 0xc3 };

	memcpy(at, code, sizeof(code));
	memcpy(at + 6, &callee, sizeof(callee));
	return sizeof(code);
}

__attribute__((noinline)) static void run(void (*code)(void), long count)
{
	for (long i = 0; i < count; i++)
		code();
	NO_TAIL_CALL;
}

int main(int argc, char **argv)
{
	char *page = memory(argc > 1 ? argv[1] : "anon"), line[4096];
	char *inner = page + 0xab0, *outer = page + 0x1cd0, *later = page + 0x2ef0;
	int inner_size = emit_loop(inner, 1000000), outer_size = emit_call(outer, inner);
	int later_size = emit_loop(later, 1000000);

	prctl(PR_SET_NAME, "jit");
	if (argc > 2)
		mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, open(argv[2], O_RDONLY), 0);
	printf("pid %d %lx %x %lx %x %lx %x\n", getpid(), (long)outer, outer_size, (long)inner,
	       inner_size, (long)later, later_size);
	fflush(stdout);
	while (fgets(line, sizeof(line), stdin)) {
		char *value = strchr(line, ' ');
		long count = value ? atol(value) : 0;

		line[strcspn(line, "\n")] = 0;
		if (!strncmp(line, "run", 3))
			run((void (*)(void))outer, count);
		else if (!strncmp(line, "later", 5))
			run((void (*)(void))later, count);
		else if (!strncmp(line, "exec", 4))
			execl(value + 1, value + 1, NULL);
		else if (!strncmp(line, "fork", 4)) {
			int ends[2];
			char byte;

			if (pipe(ends))
				abort();
			pid_t child = fork();

			if (child == 0) {
				/* So that read() returns 0 when the parent is killed. */
				close(ends[1]);
				if (read(ends[0], &byte, 1) == 1)
					run((void (*)(void))outer, count);
				_exit(0);
			}
			printf("child %d\n", child);
			fflush(stdout);
			if (!fgets(line, sizeof(line), stdin) || write(ends[1], "", 1) != 1)
				abort();
			waitpid(child, NULL, 0);
		} else if (!strcmp(line, "end"))
			break;
		printf("done\n");
		fflush(stdout);
	}
	return 0;
}
