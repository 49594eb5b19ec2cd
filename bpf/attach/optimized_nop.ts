/**
 * Five-byte nops: since Linux 6.18, x86 kernels replace them by a call once a uprobe there was hit
 * (arch_uprobe_optimize). The call and its trampoline write below the stack pointer, where a leaf
 * function may keep variables (the red zone, 128 bytes: System V ABI, section 3.2.2). Seen on
 * 6.18.44: such a function then computes wrong results.
 *
 * At a function's entry the red zone is still unused, so probes on patchable entries are safe. USDT
 * probes sit on a one-byte nop (sys/sdt.h of SystemTap up to 5.3; newer ones add a five-byte nop
 * behind it for kernels that use it, and the note still gives the address of the first): these are
 * never replaced.
 *
 * @module
 */

import { readText } from "../../ffi/libc/files.ts";

const SIZE = 5;
const OPERAND_SIZE = 0x66;
/** Prefixes that a nop may have: operand size, segments. */
const PREFIXES: ReadonlySet<number> = new Set([OPERAND_SIZE, 0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65]);
const NOP = 0x90;
const ENDBR64 = "f30f1efa";

/** Whether `code` of a 64 bit program begins with a nop of five bytes. */
export function isNop5(code: Uint8Array): boolean {
  return nopSize(code) === SIZE;
}

/** Whether `code`, the bytes from a function's entry to a probe, is nothing but nops and endbr. */
export function isStillEntry(code: Uint8Array): boolean {
  for (let at = 0; at < code.length;) {
    const rest = code.subarray(at);
    const isMark = rest.subarray(0, 4).toHex() === ENDBR64;
    const size = isMark ? 4 : nopSize(rest);
    if (size === 0) return false;
    at += size;
  }
  return true;
}

/** The size of the nop that code begins with; 0 for another instruction. */
function nopSize(code: Uint8Array): number {
  let at = 0;
  while (PREFIXES.has(code[at] ?? 0)) at++;
  if (code[at] === NOP) return at + 1;
  if (code[at] !== 0x0f || code[at + 1] !== 0x1f) return 0;
  const modrm = code[at + 2];
  if (modrm === undefined) return 0;
  const [mode, memory] = [modrm >> 6, modrm & 7];
  const hasIndex = mode !== 3 && memory === 4;
  const base = hasIndex ? (code[at + 3] ?? 0) & 7 : memory;
  const distance = mode === 1 ? 1 : mode === 2 || mode === 0 && base === 5 ? 4 : 0;
  return at + 3 + (hasIndex ? 1 : 0) + distance;
}

let known: boolean | undefined;

/** Whether this kernel optimizes such probes; true when unknown. */
export function replacesNops(): boolean {
  return known ??= ask();
}

function ask(): boolean {
  try {
    return / arch_uprobe_optimize$/m.test(readText("/proc/kallsyms"));
  } catch {
    return true;
  }
}
