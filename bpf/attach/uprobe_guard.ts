/**
 * Checks the instruction under a uprobe before the probe is set: the kernel emulates some
 * instructions wrongly, which would break every process that runs the file.
 *
 * @module
 */

import { UnsupportedError } from "../base/errors.ts";
import { ElfFunctions } from "../elf/elf_functions.ts";
import { ErrnoError } from "../../ffi/libc/errno_error.ts";
import { type ForeignFile, openForeign } from "../proc/open_foreign.ts";
import { MAX_INSTRUCTION, misreadAs } from "./misread_instruction.ts";
import { isNop5, isStillEntry, replacesNops } from "./optimized_nop.ts";

/** EI_CLASS of elf(5): 32-bit programs. */
const CLASS_AT = 4;
const CLASS_32 = 1;
const MAGIC = 0x7f454c46;

/** How much is read at once: the functions of a pattern lie close together. */
const BLOCK = 65536;

/**
 * How many bytes of endbr and nops may precede an instruction that still counts as a function's
 * entry.
 */
const MAX_ENTRY = 64;

/** A file whose code is checked; close it when no more probes are to be set there. */
export class UprobeGuard implements Disposable {
  readonly #file: ForeignFile;
  readonly #is64: boolean;
  readonly #replacesNops: () => boolean;
  #functions: ElfFunctions | undefined;
  #block = { start: 0, bytes: new Uint8Array() };

  /**
   * @param replaces whether this kernel replaces five-byte nops
   * @throws {ErrnoError} when it is no file that can be read
   */
  constructor(path: string, replaces: () => boolean = replacesNops) {
    this.#replacesNops = replaces;
    this.#file = openForeign(path);
    const header = this.#file.readUpTo(0, CLASS_AT + 1);
    const isElf = header.length > CLASS_AT && new DataView(header.buffer).getUint32(0) === MAGIC;
    this.#is64 = !isElf || header[CLASS_AT] !== CLASS_32;
  }

  /** The path to give to the kernel: it leads to the very file that was checked. */
  get path(): string {
    return this.#file.descriptorPath;
  }

  /**
   * Whether a uprobe there is safe. Only x86 kernels emulate instructions in the way checked here.
   */
  allows(offset: number): boolean {
    return this.#problem(offset, "there") === undefined;
  }

  /**
   * Throws if a uprobe at this offset is unsafe.
   *
   * @param action continues the sentence "Cannot …"
   * @param name the function's name, if `action` does not contain it
   * @throws {UnsupportedError} where a uprobe would break the program
   */
  check(offset: number, action: string, name?: string): void {
    const problem = this.#problem(offset, name === undefined ? "there" : `of ${name}`);
    if (problem === undefined) return;
    throw new UnsupportedError(action, "uprobes on such instructions", problem);
  }

  /**
   * Throws only if none of several functions is safe: the error of {@linkcode UprobeGuard.check}
   * for the first.
   */
  checkSome(places: readonly { name: string; offset: number }[], action: string): void {
    const [first] = places;
    if (first === undefined || places.some(({ offset }) => this.allows(offset))) return;
    this.check(first.offset, action, first.name);
  }

  [Symbol.dispose](): void {
    this.#functions?.[Symbol.dispose]();
    this.#file.close();
  }

  /** What a uprobe would break, and what to do instead; undefined when it is safe. */
  #problem(offset: number, where: string): string | undefined {
    if (process.arch !== "x64") return undefined;
    const code = this.#read(offset);
    const bytes = () => code.subarray(0, 4).toHex().replace(/..(?=.)/g, "$& ");
    const misread = misreadAs(code, this.#is64);
    if (misread !== undefined) {
      return `the kernel would take the instruction ${where} (${bytes()} …) for ${misread}, so that ` +
        "programs compute wrong or die: probe what calls the function, or another place in it";
    }
    if (!this.#is64 || !isNop5(code) || !this.#replacesNops() || this.#isEntry(offset)) {
      return undefined;
    }
    return `the kernel would replace the nop ${where} (${bytes()} …) by a call, which overwrites the ` +
      "variables of a function that calls nothing: probe the function's entry, or another instruction";
  }

  /**
   * Whether only nops and endbr precede this offset in its function; false outside known functions.
   */
  #isEntry(offset: number): boolean {
    try {
      const functions = this.#functions ??= new ElfFunctions(this.path);
      const into = functions.at(offset)?.offset ?? Infinity;
      if (into > MAX_ENTRY) return false;
      const before = functions.bytesAt(offset - into, into);
      return before !== undefined && isStillEntry(before);
    } catch (error) {
      if (error instanceof ErrnoError || error instanceof RangeError) return false;
      throw error;
    }
  }

  /** Empty behind the end of the file: there the kernel itself reports what is wrong. */
  #read(offset: number): Uint8Array {
    if (offset < 0) return new Uint8Array();
    let at = offset - this.#block.start;
    if (at < 0 || at + MAX_INSTRUCTION > this.#block.bytes.length) {
      this.#block = { start: offset, bytes: this.#file.readUpTo(offset, BLOCK) };
      at = 0;
    }
    return this.#block.bytes.subarray(at, at + MAX_INSTRUCTION);
  }
}

/** The name of the function that contains a file offset, if known. */
export function functionNameAt(path: string, offset: number): string | undefined {
  try {
    using functions = new ElfFunctions(path);
    return functions.at(offset)?.name;
  } catch (error) {
    if (error instanceof ErrnoError || error instanceof RangeError) return undefined;
    throw error;
  }
}
