/**
 * The symbol names of an ELF file, read page by page on demand: string tables may have hundreds of
 * megabytes.
 *
 * @module
 */

import { decodeBytes } from "../../ffi/codec/text.ts";
import { copyOf } from "../../ffi/libc/memory.ts";
import type { ElfSection } from "./elf_reader.ts";

const PAGE = 2 ** 16;
/** Cache size in pages: 16 MiB, enough for most tables. */
const MAX_PAGES = 256;
/** Longer names are truncated. Some C++ names have a few thousand bytes. */
const MAX_NAME = 2 ** 14;

const [NUL, AT_SIGN] = [0, 0x40];
const NOTHING: Uint8Array<ArrayBuffer> = new Uint8Array();

/** Makes a text of bytes. */
export type DecodeName = (bytes: Uint8Array<ArrayBuffer>, at: number, length: number) => string;

/** Makes the text that bytes of UTF-8 are. */
export const decodeName: DecodeName = (bytes, at, length) =>
  decodeBytes(bytes.subarray(at, at + length));

/** Zero-terminated names at offsets of a section. */
export class StringTable {
  readonly #read: (offset: number, length: number) => Uint8Array<ArrayBuffer>;
  readonly #start: number;
  readonly #size: number;
  readonly #pages = new Map<number, Uint8Array<ArrayBuffer>>();
  #last = NOTHING;
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
  textAt(offset: number, decode: DecodeName = decodeName): string {
    const number = Math.floor(offset / PAGE);
    const page = number === this.#lastNumber ? this.#last : this.#turnTo(number);
    const at = offset - number * PAGE;
    const end = endOfName(page, at);
    if (end >= page.length) return this.#textAcrossPages(offset, decode);
    return end === at ? "" : decode(page, at, end - at);
  }

  /** A name at the end of a page, which may go on in the next one. */
  #textAcrossPages(offset: number, decode: DecodeName): string {
    const name: number[] = [];
    while (name.length < MAX_NAME) {
      const byte = this.#byte(offset + name.length);
      if (byte === NUL || byte === AT_SIGN) break;
      name.push(byte);
    }
    return name.length === 0 ? "" : decode(copyOf(Uint8Array.from(name)), 0, name.length);
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

  /** Returns NUL behind the end of the table. */
  #byte(offset: number): number {
    const number = Math.floor(offset / PAGE);
    const page = number === this.#lastNumber ? this.#last : this.#turnTo(number);
    return page[offset - number * PAGE] ?? NUL;
  }

  /** Makes a page the last one, and returns its bytes; none behind the end of the table. */
  #turnTo(number: number): Uint8Array<ArrayBuffer> {
    const start = number * PAGE;
    if (!(start < this.#size)) return NOTHING;
    let page = this.#pages.get(number);
    if (!page) {
      if (this.#pages.size >= MAX_PAGES) this.#pages.clear();
      page = this.#read(this.#start + start, Math.min(PAGE, this.#size - start));
      this.#pages.set(number, page);
    }
    this.#lastNumber = number;
    return this.#last = page;
  }
}

/** Where a name in a page ends, at the latest with the page. */
function endOfName(page: Uint8Array, at: number): number {
  const limit = Math.min(at + MAX_NAME, page.length);
  let end = at;
  while (end < limit && page[end] !== NUL && page[end] !== AT_SIGN) end++;
  return end;
}
