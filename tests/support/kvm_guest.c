/*
 * A KVM guest with a known number of exits.
 *
 *   kvm_guest COUNT
 *
 * It prints "pid PID", waits for a line on stdin, and runs a virtual CPU that writes COUNT times to an I/O
 * port and halts. It prints the number of exits for these writes, as KVM_RUN returned them.
 */
#include <fcntl.h>
#include <linux/kvm.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#define SIZE 0x1000
#define AT 0x1000

static int must(int result, const char *what)
{
	if (result < 0) {
		perror(what);
		exit(1);
	}
	return result;
}

int main(int argc, char **argv)
{
	int count = atoi(argv[1]);
	/* mov $count, %cx; again: out %al, $0x10; loop again; hlt */
	unsigned char code[] = { 0xb9, count, count >> 8, 0xe6, 0x10, 0xe2, 0xfc, 0xf4 };
	int kvm = must(open("/dev/kvm", O_RDWR | O_CLOEXEC), "/dev/kvm");
	int vm = must(ioctl(kvm, KVM_CREATE_VM, 0), "KVM_CREATE_VM");
	char *memory = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct kvm_userspace_memory_region region = {
		.guest_phys_addr = AT,
		.memory_size = SIZE,
		.userspace_addr = (unsigned long)memory,
	};
	struct kvm_regs registers = { .rip = AT, .rflags = 2 };
	struct kvm_sregs special;
	struct kvm_run *run;
	int cpu, outs = 0;
	char line[8];

	memcpy(memory, code, sizeof(code));
	must(ioctl(vm, KVM_SET_USER_MEMORY_REGION, &region), "KVM_SET_USER_MEMORY_REGION");
	cpu = must(ioctl(vm, KVM_CREATE_VCPU, 0), "KVM_CREATE_VCPU");
	run = mmap(NULL, must(ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0), "size"), PROT_READ | PROT_WRITE,
		   MAP_SHARED, cpu, 0);
	must(ioctl(cpu, KVM_GET_SREGS, &special), "KVM_GET_SREGS");
	special.cs.base = 0;
	special.cs.selector = 0;
	must(ioctl(cpu, KVM_SET_SREGS, &special), "KVM_SET_SREGS");
	must(ioctl(cpu, KVM_SET_REGS, &registers), "KVM_SET_REGS");

	printf("pid %d\n", getpid());
	fflush(stdout);
	if (!fgets(line, sizeof(line), stdin))
		return 1;
	for (;;) {
		must(ioctl(cpu, KVM_RUN, 0), "KVM_RUN");
		if (run->exit_reason == KVM_EXIT_HLT)
			break;
		if (run->exit_reason != KVM_EXIT_IO) {
			printf("left for %u\n", run->exit_reason);
			return 1;
		}
		outs++;
	}
	printf("%d writes\n", outs);
	return 0;
}
