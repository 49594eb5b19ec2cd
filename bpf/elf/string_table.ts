/**
 * The symbol names of an ELF file, read page by page on demand: string tables may have hundreds of
 * megabytes.
 *
 * @module
 */

import { decodeText } from "../../ffi/codec/mod.ts";
import type { ElfSection } from "./elf_reader.ts";

const PAGE = 2 ** 16;
/** Cache size in pages: 16 MiB, enough for most tables. */
const MAX_PAGES = 256;
/** Longer names are truncated. Some C++ names have a few thousand bytes. */
const MAX_NAME = 2 ** 14;

const [NUL, AT_SIGN] = [0, 0x40];

/** Zero-terminated names at offsets of a section. */
export class StringTable {
  readonly #read: (offset: number, length: number) => Uint8Array<ArrayBuffer>;
  readonly #start: number;
  readonly #size: number;
  readonly #pages = new Map<number, Page>();
  #last: Uint8Array<ArrayBuffer> = new Uint8Array();
  #lastView = viewOf(this.#last);
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
    if (at + length <= this.#last.length) return decodeText(this.#lastView, at, length);
    const bytes = new Uint8Array(new ArrayBuffer(length));
    for (let i = 0; i < bytes.length; i++) bytes[i] = this.#byte(offset + i);
    return decodeText(new DataView(bytes.buffer), 0, length);
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
    // Most names lie entirely in the page that was read last.
    const at = offset - this.#lastNumber * PAGE;
    let length = 0;
    for (; at >= 0 && at + length < this.#last.length && length < MAX_NAME; length++) {
      const byte = this.#last[at + length];
      if (byte === NUL || byte === AT_SIGN) return length;
    }
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
      ({ bytes: this.#last, view: this.#lastView } = this.#page(number));
      this.#lastNumber = number;
    }
    return this.#last[offset - number * PAGE] ?? NUL;
  }

  #page(number: number): Page {
    const known = this.#pages.get(number);
    if (known) return known;
    if (this.#pages.size >= MAX_PAGES) this.#pages.clear();
    const start = number * PAGE;
    const bytes = this.#read(this.#start + start, Math.min(PAGE, this.#size - start));
    const page = { bytes, view: viewOf(bytes) };
    this.#pages.set(number, page);
    return page;
  }
}

/**
 * A part of the table, as bytes and as a view: making a view for each name would take longer than
 * reading the name.
 */
interface Page {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly view: DataView<ArrayBuffer>;
}

const viewOf = ({ buffer, byteOffset, length }: Uint8Array<ArrayBuffer>) =>
  new DataView(buffer, byteOffset, length);
