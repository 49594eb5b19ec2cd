/**
 * Numbers of the system calls that are made through syscall(2), by architecture: arch/x86/entry/syscalls/syscall_64.tbl
 * and include/uapi/asm-generic/unistd.h of the kernel. All calls by name are in bpf/tables/syscalls.ts.
 *
 * @module
 */

/** By Node's names of architectures. */
export const SYSCALL_NUMBERS = {
  bpf: { x64: 321, arm64: 280 },
  ioctl: { x64: 16, arm64: 29 },
  lseek: { x64: 8, arm64: 62 },
  perf_event_open: { x64: 298, arm64: 241 },
  prlimit64: { x64: 302, arm64: 261 },
  statx: { x64: 332, arm64: 291 },
} as const;

/** That of this process's architecture. */
export function syscallNumberHere(name: keyof typeof SYSCALL_NUMBERS): bigint {
  return BigInt(SYSCALL_NUMBERS[name][process.arch === "arm64" ? "arm64" : "x64"]);
}
