/**
 * The symbol names of an ELF file, read page by page on demand: string tables may have hundreds of
 * megabytes.
 *
 * @module
 */

import { bufferText } from "../../ffi/libc/memory.ts";
import type { ElfSection } from "./elf_reader.ts";

const PAGE = 2 ** 16;
/** Cache size in pages: 16 MiB, enough for most tables. */
const MAX_PAGES = 256;
/** Longer names are truncated. C++ has some of a few thousand bytes. */
const MAX_NAME = 2 ** 14;

const [NUL, AT_SIGN] = [0, 0x40];

/** Zero-terminated names at offsets of a section. */
export class StringTable {
  readonly #read: (offset: number, length: number) => Uint8Array<ArrayBuffer>;
  readonly #start: number;
  readonly #size: number;
  readonly #pages = new Map<number, Uint8Array<ArrayBuffer>>();
  #last: Uint8Array<ArrayBuffer> = new Uint8Array();
  #lastNumber = -1;

  /** @param read reads the file's bytes */
  constructor(
    read: (offset: number, length: number) => Uint8Array<ArrayBuffer>,
    { offset, size }: ElfSection,
  ) {
    this.#read = read;
    this.#start = offset;
    this.#size = size;
  }

  /**
   * The name at an offset, without its symbol version ("name@@GLIBC_2.14").
   *
   * @throws {RangeError} when the file does not have it @throws {ErrnoError}
   */
  textAt(offset: number): string {
    const length = this.lengthAt(offset);
    if (length === 0) return "";
    this.#byte(offset);
    const at = offset - this.#lastNumber * PAGE;
    if (at + length <= this.#last.length) return bufferText(this.#last.subarray(at, at + length));
    const bytes = new Uint8Array(new ArrayBuffer(length));
    for (let i = 0; i < bytes.length; i++) bytes[i] = this.#byte(offset + i);
    return bufferText(bytes);
  }

  /** Whether the name there is `text`, with or without a symbol version. */
  isText(offset: number, text: Uint8Array): boolean {
    for (let i = 0; i < text.length; i++) if (this.#byte(offset + i) !== text[i]) return false;
    const end = this.#byte(offset + text.length);
    return end === NUL || end === AT_SIGN;
  }

  /** How many leading underscores the name there has. */
  underscoresAt(offset: number): number {
    let count = 0;
    while (count < MAX_NAME && this.#byte(offset + count) === 0x5f) count++;
    return count;
  }

  /** Bytes of the name there. */
  lengthAt(offset: number): number {
    let length = 0;
    for (; length < MAX_NAME; length++) {
      const byte = this.#byte(offset + length);
      if (byte === NUL || byte === AT_SIGN) break;
    }
    return length;
  }

  /** Returns NUL behind the end of the table. */
  #byte(offset: number): number {
    const number = Math.floor(offset / PAGE);
    if (number !== this.#lastNumber) {
      if (!(offset < this.#size)) return NUL;
      this.#last = this.#page(number);
      this.#lastNumber = number;
    }
    return this.#last[offset - number * PAGE] ?? NUL;
  }

  #page(number: number): Uint8Array<ArrayBuffer> {
    const known = this.#pages.get(number);
    if (known) return known;
    if (this.#pages.size >= MAX_PAGES) this.#pages.clear();
    const start = number * PAGE;
    const page = this.#read(this.#start + start, Math.min(PAGE, this.#size - start));
    this.#pages.set(number, page);
    return page;
  }
}
