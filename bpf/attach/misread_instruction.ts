/**
 * x86 instructions that the kernel's uprobes misdecode: the kernel looks at the byte where a
 * one-byte opcode would be, even behind a VEX, EVEX or XOP prefix, which selects another opcode
 * table. It then emulates the wrong instruction, or fixes up the out-of-line copy wrongly: the
 * traced program computes wrong results or crashes.
 *
 * | opcode byte behind the prefix | taken for | what happens | known from |
 * |---|---|---|---|
 * | 70-7f (vpcmpeqb, vzeroupper)  | conditional jump | it is left out, or worse | 6.1, 6.12, 6.18 |
 * | 90 (kmovw, vpgatherdd)        | nop              | it is left out | 6.18 |
 * | e9, eb (vpsubsw, vpor)        | jump             | it is left out | 6.18 |
 * | e8 (vpsubsb)                  | call             | left out, a word pushed: wrong | 6.18 |
 * | 9d (vfnmadd132sd)             | popf             | SIGTRAP; SIGSEGV where it reads by rip | 6.18 |
 * | c2 (vcmpps)                   | return           | goes on behind the copy: SIGSEGV | 6.18 |
 * | c3, ca, cb                    | return           | the same | source |
 * | 9a, ea (vfmsub132pd, vpminsw) | far call, jump   | the kernel sets no probe | 6.18, source |
 * | ff /2 to /5                   | call, jump       | wrong return address, or the same as c2 | source |
 * | other than VEX: 90 with REX.B | nop              | xchg %r8,%rax is left out | 6.18 |
 *
 * "6.18" was observed on 6.18.44 with a test program of one function each, "6.1" and "6.12" in
 * guests; "source" is from reading arch/x86/kernel/uprobes.c (arch_uprobe_analyze_insn,
 * branch_setup_xol_ops). Other opcodes work: 0f, 10, 54, 57 and 5c were tested, RIP-relative ones
 * too. XOP and REX2 (APX) prefixes are refused to be safe, except on pushes and pops: older kernels
 * do not decode them, and those that decode REX2 miss its RIP-relative operands; neither was tested.
 *
 * @module
 */

/** Segments, operand and address size, lock and repeat. */
const LEGACY_PREFIXES: ReadonlySet<number> = new Set([
  ...[0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65, 0x66, 0x67, 0xf0, 0xf2, 0xf3],
]);

/** Offset of the opcode from the first byte of these prefixes. */
const OPCODE_AT: Readonly<Record<number, number>> = { 0xc5: 2, 0xc4: 3, 0x62: 4 };
const XOP = 0x8f;
const REX2 = 0xd5;

/** The longest instruction. */
export const MAX_INSTRUCTION = 15;

const TAKEN_FOR: ReadonlyMap<number, string> = new Map([
  ...Array.from({ length: 16 }, (_, i) => [0x70 + i, "a conditional jump"] as const),
  [0x90, "a nop"],
  [0x9a, "a far call"],
  [0x9d, "popf"],
  [0xc2, "a return"],
  [0xc3, "a return"],
  [0xca, "a return"],
  [0xcb, "a return"],
  [0xe8, "a call"],
  [0xe9, "a jump"],
  [0xea, "a far jump"],
  [0xeb, "a jump"],
]);

/**
 * Which instruction the kernel takes the first instruction of `code` for; undefined when it decodes
 * it correctly, or refuses a probe there by itself.
 *
 * @param code up to {@linkcode MAX_INSTRUCTION} bytes, as many as there are
 * @param is64 whether it is code of 64 bit programs
 */
export function misreadAs(code: Uint8Array, is64 = true): string | undefined {
  let at = 0;
  while (LEGACY_PREFIXES.has(code[at] ?? 0)) at++;
  const rex = is64 && ((code[at] ?? 0) & 0xf0) === 0x40 ? code[at++]! : 0;
  const [first = 0, second = 0] = code.subarray(at);
  if (first === 0x90) return (rex & 1) !== 0 ? "a nop" : undefined;
  if (first === XOP) return (second & 0x1f) >= 8 ? "another one (XOP)" : undefined;
  if (first === REX2 && is64) return isPush(second, code[at + 2]) ? undefined : "another one (APX)";
  const opcodeAt = OPCODE_AT[first];
  // Without these bits it is lds, les or bound, which 64 bit programs do not have.
  if (opcodeAt === undefined || !is64 && second < 0xc0) return undefined;
  const opcode = code[at + opcodeAt];
  if (opcode === undefined) return "another one (it is cut)";
  const register = (code[at + opcodeAt + 1] ?? 0) >> 3 & 7;
  if (opcode === 0xff) return register >= 2 && register <= 5 ? "a call or jump" : undefined;
  return TAKEN_FOR.get(opcode);
}

/** Pushes and pops of a register have no memory operand and belong to the one-byte opcode table. */
const isPush = (payload: number, opcode = 0) => payload < 0x80 && opcode >= 0x50 && opcode <= 0x5f;
