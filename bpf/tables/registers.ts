/**
 * Registers in struct pt_regs.
 *
 * @module
 */

/** The members of x86's struct pt_regs, eight bytes each. */
const X86 = "r15 r14 r13 r12 bp bx r11 r10 r9 r8 ax cx dx si di orig_ax ip cs flags sp ss".split(
  " ",
);

/** Where struct pt_regs has a member: `di`, or `regs[3]` on arm64. */
export function registerOffset(field: string, architecture: string = process.arch): number {
  const index = /^regs\[(\d+)\]$/.exec(field)?.[1];
  if (index !== undefined) return 8 * Number(index);
  if (architecture === "arm64") return field === "sp" ? registerOffsets(architecture).sp : -8;
  return 8 * X86.indexOf(field);
}

/** In bytes from its start; `args` are the first arguments of a function. */
export interface RegisterOffsets {
  readonly args: readonly number[];
  readonly result: number;
  readonly ip: number;
  readonly sp: number;
  readonly size: number;
}

/** Where struct pt_regs has what a probe reads (arch/*\/include/uapi/asm/ptrace.h). */
export function registerOffsets(architecture: string = process.arch): RegisterOffsets {
  if (architecture === "arm64") {
    const args = Array.from({ length: 8 }, (_, i) => 8 * i);
    return { args, result: 0, ip: 256, sp: 248, size: 272 };
  }
  // rdi, rsi, rdx, rcx, r8, r9; rax; rip; rsp
  return { args: [112, 104, 96, 88, 72, 64], result: 80, ip: 128, sp: 152, size: 168 };
}

/** The members of struct pt_regs with the six arguments of a system call (syscall(2)). */
export const SYSCALL_REGISTERS: readonly string[] = process.arch === "arm64"
  ? [0, 1, 2, 3, 4, 5].map((n) => `regs[${n}]`)
  : ["di", "si", "dx", "r10", "r8", "r9"];
