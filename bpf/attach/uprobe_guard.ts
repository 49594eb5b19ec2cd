/**
 * Checks the instruction under a uprobe before it is set: the kernel emulates some instructions
 * wrongly, which would break every process that runs the file.
 *
 * @module
 */

import { UnsupportedError } from "../base/errors.ts";
import { ElfFunctions } from "../elf/elf_functions.ts";
import { ErrnoError } from "../../ffi/libc/errno_error.ts";
import { type ForeignFile, openForeign } from "../proc/open_foreign.ts";
import { MAX_INSTRUCTION, misreadAs } from "./misread_instruction.ts";
import { isNop5, isStillEntry, replacesNops } from "./optimized_nop.ts";

/** EI_CLASS of elf(5): of 32 bit programs. */
const CLASS_AT = 4;
const CLASS_32 = 1;
const MAGIC = 0x7f454c46;

/** How much is read at once: the functions of a pattern lie close together. */
const BLOCK = 65536;

/** So far into a function it may still be at its entry: a mark of indirect calls, and nops. */
const MAX_ENTRY = 64;

/** A file whose code is looked at; closed when nothing more is attached there. */
export class UprobeGuard implements Disposable {
  readonly #file: ForeignFile;
  readonly #is64: boolean;
  readonly #replacesNops: () => boolean;
  #functions: ElfFunctions | undefined;
  #block = { start: 0, bytes: new Uint8Array() };

  /**
   * @param replaces whether the kernel replaces nops of five bytes
   * @throws {ErrnoError} when it is no file that can be read
   */
  constructor(path: string, replaces: () => boolean = replacesNops) {
    this.#replacesNops = replaces;
    this.#file = openForeign(path);
    const header = this.#file.readUpTo(0, CLASS_AT + 1);
    const isElf = header.length > CLASS_AT && new DataView(header.buffer).getUint32(0) === MAGIC;
    this.#is64 = !isElf || header[CLASS_AT] !== CLASS_32;
  }

  /** The path that the kernel is to be given: it leads to the file that was looked at. */
  get path(): string {
    return this.#file.descriptorPath;
  }

  /** Whether a uprobe there does no harm. Only x86 kernels emulate by what is looked at here. */
  allows(offset: number): boolean {
    return this.#problem(offset, "there") === undefined;
  }

  /**
   * Refuses a place in one sentence.
   *
   * @param action continues the sentence "Cannot …"
   * @param name the function's, if the action does not tell it
   * @throws {UnsupportedError} for a place where a uprobe does harm
   */
  check(offset: number, action: string, name?: string): void {
    const problem = this.#problem(offset, name === undefined ? "there" : `of ${name}`);
    if (problem === undefined) return;
    throw new UnsupportedError(action, "uprobes on such instructions", problem);
  }

  /** The same of several places, if none may be probed: {@linkcode UprobeGuard.check} of the first. */
  checkSome(places: readonly { name: string; offset: number }[], action: string): void {
    const [first] = places;
    if (first === undefined || places.some(({ offset }) => this.allows(offset))) return;
    this.check(first.offset, action, first.name);
  }

  [Symbol.dispose](): void {
    this.#functions?.[Symbol.dispose]();
    this.#file.close();
  }

  /** What a uprobe would do, and what to do instead; undefined when it does no harm. */
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

  /** Whether nothing of its function has run yet; no for a place in no known function. */
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

  /** Nothing behind the file's end: there the kernel says what is wrong. */
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

/** The name of the function that a place in a file belongs to, if that can be told. */
export function functionNameAt(path: string, offset: number): string | undefined {
  try {
    using functions = new ElfFunctions(path);
    return functions.at(offset)?.name;
  } catch (error) {
    if (error instanceof ErrnoError || error instanceof RangeError) return undefined;
    throw error;
  }
}
