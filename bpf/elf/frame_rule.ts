/**
 * How to unwind from a function to its caller, in 32 bits. The kernel side reads them as well
 * (toolkit/kernel/stacks/unwind_frame.h).
 *
 * Layout: bits 0 to 7 what to do; 8 to 15, signed, where the caller's rbp is kept, in words from the
 * canonical frame address (CFA, the value of rsp before the call), 0 when rbp still has it; 16 to 31,
 * signed, a number. The return address is the word below the CFA.
 *
 * @module
 */

/** What to do. */
export const FrameRule = {
  /** Nothing is known of this address. */
  NONE: 0,
  /** The CFA is rsp and the number of words. */
  RSP: 1,
  /** The CFA is rbp and the number of words. */
  RBP: 2,
  /** A linkage stub, which pushes a word at byte NUMBER of its 16: the CFA is rsp and one or two. */
  STUB: 3,
  /** A signal handler returns here: the kernel has put all registers on the stack. */
  SIGNAL: 4,
  /** Nothing called this function. */
  END: 5,
  /** What is written is not one of these. */
  UNSUPPORTED: 6,
  /** The CFA is kept the number of words from rbp, and the caller's rbp where rbp points to. */
  REALIGNED: 7,
} as const;

/** No code is known here. */
export const NO_RULE: number = FrameRule.NONE;
/** Stands for an rbp that is lost. */
export const RBP_LOST = 127;

/** One rule; UNSUPPORTED when a number is too large. */
export function frameRule(kind: number, number: number = 0, rbp: number = 0): number {
  const fits = Number.isInteger(number) && number >= -0x8000 && number <= 0x7fff &&
    Number.isInteger(rbp) && rbp >= -128 && rbp <= RBP_LOST;
  if (!fits) return FrameRule.UNSUPPORTED;
  return (kind | (rbp & 0xff) << 8 | number << 16) >>> 0;
}
