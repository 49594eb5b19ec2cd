/**
 * Unwind rules, 32 bits each: how to get from a function's frame to its caller's. The kernel side
 * reads them too (toolkit/kernel/stacks/unwind_frame.h).
 *
 * Layout: bits 0 to 7, the kind; 8 to 15, signed, where the caller's rbp is saved, in words from
 * the canonical frame address (CFA, the value of rsp before the call), 0 if rbp is unchanged; 16 to
 * 31, signed, an operand NUMBER. The return address is the word below the CFA.
 *
 * @module
 */

/** Kinds of rules. */
export const FrameRule = {
  /** No information for this address. */
  NONE: 0,
  /** The CFA is rsp plus NUMBER words. */
  RSP: 1,
  /** The CFA is rbp plus NUMBER words. */
  RBP: 2,
  /**
   * A PLT stub, which pushes a word at byte NUMBER of its 16: the CFA is rsp plus one or two words.
   */
  STUB: 3,
  /** A signal trampoline: the kernel has saved all registers on the stack. */
  SIGNAL: 4,
  /** The outermost frame. */
  END: 5,
  /** A rule that this format cannot express. */
  UNSUPPORTED: 6,
  /** The CFA is saved NUMBER words from rbp, and the caller's rbp where rbp points to. */
  REALIGNED: 7,
} as const;

/** Nothing is known of the address, or it is no code. */
export const NO_RULE: number = FrameRule.NONE;
/** The value of the rbp field for a lost rbp. */
export const RBP_LOST = 127;

/** Encodes a rule; UNSUPPORTED when a number does not fit. */
export function frameRule(kind: number, number: number = 0, rbp: number = 0): number {
  const fits = Number.isInteger(number) && number >= -0x8000 && number <= 0x7fff &&
    Number.isInteger(rbp) && rbp >= -128 && rbp <= RBP_LOST;
  if (!fits) return FrameRule.UNSUPPORTED;
  return (kind | (rbp & 0xff) << 8 | number << 16) >>> 0;
}
