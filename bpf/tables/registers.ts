/**
 * Registers in struct pt_regs.
 *
 * @module
 */

/**
 * The members of struct pt_regs in their order, eight bytes each: on arm64 those of struct
 * user_pt_regs, which programs see (arch/{x86,arm64}/include/uapi/asm/ptrace.h).
 */
const X86 = "r15 r14 r13 r12 bp bx r11 r10 r9 r8 ax cx dx si di orig_ax ip cs flags sp ss".split(
  " ",
);
const ARM64 = [...Array.from({ length: 31 }, (_, n) => `regs[${n}]`), "sp", "pc", "pstate"];

const membersOf = (architecture: string): readonly string[] =>
  architecture === "arm64" ? ARM64 : X86;

/**
 * The offset in bytes of a member of struct pt_regs: `di`, or `regs[3]` on arm64; negative if there
 * is none of that name.
 */
export function registerOffset(member: string, architecture: string = process.arch): number {
  return 8 * membersOf(architecture).indexOf(member);
}

/** Offsets in struct pt_regs in bytes; `args` are those of a function's first arguments. */
export interface RegisterOffsets {
  readonly args: readonly number[];
  readonly result: number;
  readonly ip: number;
  readonly sp: number;
  readonly size: number;
}

/** The roles of registers in the calling conventions: the System V ABI, and AAPCS64. */
const ROLES = {
  x64: { args: ["di", "si", "dx", "cx", "r8", "r9"], result: "ax", ip: "ip" },
  arm64: { args: ARM64.slice(0, 8), result: "regs[0]", ip: "pc" },
} as const;

/** The offsets in struct pt_regs of what probes read. */
export function registerOffsets(architecture: string = process.arch): RegisterOffsets {
  const { args, result, ip } = ROLES[architecture === "arm64" ? "arm64" : "x64"];
  const at = (member: string) => registerOffset(member, architecture);
  return {
    args: args.map(at),
    result: at(result),
    ip: at(ip),
    sp: at("sp"),
    size: 8 * membersOf(architecture).length,
  };
}

/** The members of struct pt_regs with the six arguments of a system call (syscall(2)). */
export const SYSCALL_REGISTERS: readonly string[] = process.arch === "arm64"
  ? ARM64.slice(0, 6)
  : ["di", "si", "dx", "r10", "r8", "r9"];
