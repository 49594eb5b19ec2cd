/**
 * Finds which unwind rules can apply to return addresses: those of code with a call instruction. They are 15 % of
 * libLLVM's rules, 18 of libc's, 32 of node's: most others apply within the first and last instructions of functions.
 *
 * @module
 */

import type { CallFrames } from "./call_frames.ts";
import { type ElfReader, type ElfSegment, ifWhole } from "./elf_reader.ts";
import { FrameRule } from "./frame_rule.ts";

const [PF_X, PT_LOAD] = [1, 1];
/** Bytes of code in memory at a time, and in all: behind them any code may have calls. */
const WINDOW = 64 * 2 ** 10;
const MAX_CODE = 256 * 2 ** 20;
/** `call` relative to the next instruction, and the group of instructions with `call` by register or memory. */
const [CALL, GROUP_5, CALL_SIZE] = [0xe8, 0xff, 5];
/** Which instruction of the group it is, in the byte that follows. */
const [OPERATION, OPERATION_CALL] = [0x38, 0x10];
/** Rules of code to which others return without having been called from there always count. */
const OF_CALLERS: readonly number[] = [FrameRule.NONE, FrameRule.RSP, FrameRule.RBP];

/** The file whose code is read. */
export type CodeFile = Pick<ElfReader, "segments" | "read">;

/**
 * For each rule 1 if return addresses may be where it applies, 0 if no call instruction ends there. Instructions are not
 * decoded: any bytes that could be a call count.
 */
export function rulesWithCalls(file: CodeFile, { addresses, rules }: CallFrames): Uint8Array {
  const code = new Code(file);
  // Without from(), which makes an array of all rules first.
  const calls = new Uint8Array(rules.length);
  for (let i = 0; i < rules.length; i++) {
    const isKept = !OF_CALLERS.includes(rules[i]! & 0xff) ||
      code.mayCall(addresses[i]!, addresses[i + 1] ?? Infinity);
    calls[i] = isKept ? 1 : 0;
  }
  return calls;
}

/** The code of a file, read in windows from the lowest address on. */
class Code {
  readonly #file: CodeFile;
  readonly #segments: readonly ElfSegment[];
  #bytes: Uint8Array = new Uint8Array();
  /** The address of the window's first byte. */
  #start = 0;
  #left = MAX_CODE;

  constructor(file: CodeFile) {
    this.#file = file;
    this.#segments = file.segments
      .filter(({ type, flags, size }) => type === PT_LOAD && (flags & PF_X) !== 0 && size > 1)
      .sort((a, b) => a.address - b.address);
  }

  /** Whether a call instruction may begin and end between two addresses; true for code that cannot be read. */
  mayCall(from: number, to: number): boolean {
    if (this.#left < 0) return true;
    for (let at = from; at < to - 1;) {
      if (at < this.#start || at >= this.#start + this.#bytes.length - 1) {
        const next = this.#read(at);
        if (next === undefined) return false; // no code follows
        if (this.#bytes.length === 0) return true;
        at = next;
      }
      const [bytes, start] = [this.#bytes, this.#start];
      const last = bytes.length - 1;
      const end = Math.min(to - 1 - start, last);
      for (let i = at - start; i < end; i++) {
        if (bytes[i] === CALL) {
          if (start + i + CALL_SIZE <= to) return true;
        } else if (bytes[i] === GROUP_5 && (bytes[i + 1]! & OPERATION) === OPERATION_CALL) {
          return true;
        }
      }
      at = Math.max(at, start + end);
      if (end < last) return false;
    }
    return false;
  }

  /**
   * Reads a window from an address, or the first code behind it, on, and returns where it begins; undefined when there is
   * none. The window is empty if it cannot be read.
   */
  #read(at: number): number | undefined {
    const segment = this.#segments.find(({ address, size }) => at < address + size - 1);
    if (!segment) return undefined;
    const start = Math.max(at, segment.address);
    const size = Math.min(WINDOW, segment.address + segment.size - start);
    this.#left -= size;
    const bytes = this.#left < 0
      ? undefined
      : ifWhole(() => this.#file.read(start - segment.address + segment.offset, size));
    this.#bytes = bytes ?? new Uint8Array();
    this.#start = start;
    return start;
  }
}
