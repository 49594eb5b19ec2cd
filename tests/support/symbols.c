/*
 * Functions with several kinds of symbol names: prints their addresses, that of a vDSO function last, and waits
 * for the end of its input.
 */
#include <dlfcn.h>
#include <stdio.h>
#include <sys/mman.h>

int cplusplus(int) __asm__("_ZN2ns5thingEi");
int rust(int) __asm__("_ZN4main4work17h0123456789abcdefE");

int cplusplus(int x) { return x * 31; }
int rust(int x) { return x * 37; }
__attribute__((noinline)) static int plain(int x) { return x * 41; }

int main(void)
{
	void *jit = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	volatile int sink = plain(cplusplus(rust(1)));
	void *vdso = dlopen("linux-vdso.so.1", RTLD_LAZY | RTLD_NOLOAD);
	void *clock = vdso ? dlsym(vdso, "__vdso_clock_gettime") : NULL;

	if (clock == NULL && vdso)
		clock = dlsym(vdso, "__kernel_clock_gettime"); /* arm64 */
	printf("%p %p %p %p %p %p\n", (void *)cplusplus, (void *)rust, (void *)plain, (void *)puts, jit, clock);
	fflush(stdout);
	while (getchar() != EOF)
		;
	return sink == 0;
}
