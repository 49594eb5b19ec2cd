/**
 * The names of JIT-compiled functions, as bytes: kept in memory, or left in the file that has them.
 *
 * @module
 */

import { ErrnoError } from "../../ffi/libc/errno_error.ts";
import type { ForeignFile } from "../proc/open_foreign.ts";

/** Names by number, in the order they were added. */
export interface CodeNames {
  /** Adds the name from `from` to `to` of a text; false when there is no room for it. */
  add(text: Uint8Array, from: number, to: number): boolean;
  /** The bytes of a name; undefined when they are gone. */
  at(index: number): Uint8Array<ArrayBuffer> | undefined;
}

/** How many names there is room for at the beginning. */
const FEW = 1024;
/** Limit on bytes: whoever writes the files must not exhaust our memory. */
const MAX_BYTES = 2 ** 28;
/** Bytes are kept in pages, of which the first is small: most compilers report few functions. */
const [FIRST_PAGE, PAGE] = [2 ** 15, 2 ** 20];

/** Names in memory. */
export class KeptNames implements CodeNames {
  /** Where they are: page and offset in one number. */
  #places = new Uint32Array(FEW);
  #sizes = new Uint32Array(FEW);
  readonly #pages = [new Uint8Array(FIRST_PAGE)];
  #pageUsed = 0;
  #bytes = 0;
  #count = 0;

  add(text: Uint8Array, from: number, to: number): boolean {
    const index = this.#count;
    const length = to - from;
    if (length > PAGE || this.#bytes + length > MAX_BYTES) return false;
    if (index === this.#places.length) {
      this.#places = doubled(this.#places);
      this.#sizes = doubled(this.#sizes);
    }
    let page = this.#pages.at(-1)!;
    if (this.#pageUsed + length > page.length) {
      this.#pages.push(page = new Uint8Array(PAGE));
      this.#pageUsed = 0;
    }
    page.set(text.subarray(from, to), this.#pageUsed);
    this.#places[index] = (this.#pages.length - 1) * PAGE + this.#pageUsed;
    this.#sizes[index] = length;
    this.#pageUsed += length;
    this.#bytes += length;
    this.#count = index + 1;
    return true;
  }

  at(index: number): Uint8Array<ArrayBuffer> {
    const place = this.#places[index]!;
    const offset = place % PAGE;
    return this.#pages[(place - offset) / PAGE]!.subarray(offset, offset + this.#sizes[index]!);
  }
}

/**
 * Names that are read from their file when they are asked for: of hundreds of thousands that a file may have, a report
 * shows few. What is read is compared with a sum of what was there before, as the file may have been rewritten.
 */
export class FileNames implements CodeNames {
  /** Where the text of the next names begins in the file. */
  textAt = 0;
  readonly #file: ForeignFile;
  #places: Uint32Array;
  #sizes: Uint32Array;
  #sums: Uint32Array;
  #count = 0;

  /** @param expected about how many there will be: memory is made for them at once */
  constructor(file: ForeignFile, expected: number) {
    this.#file = file;
    this.#places = new Uint32Array(expected + FEW);
    this.#sizes = new Uint32Array(expected + FEW);
    this.#sums = new Uint32Array(expected + FEW);
  }

  add(text: Uint8Array, from: number, to: number): boolean {
    const index = this.#count;
    if (index === this.#places.length) {
      this.#places = doubled(this.#places);
      this.#sizes = doubled(this.#sizes);
      this.#sums = doubled(this.#sums);
    }
    this.#places[index] = this.textAt + from;
    this.#sizes[index] = to - from;
    this.#sums[index] = sumOf(text, from, to);
    this.#count = index + 1;
    return true;
  }

  at(index: number): Uint8Array<ArrayBuffer> | undefined {
    const size = this.#sizes[index]!;
    try {
      const name = this.#file.readUpTo(this.#places[index]!, size);
      return name.length === size && sumOf(name, 0, size) === this.#sums[index] ? name : undefined;
    } catch (error) {
      if (error instanceof ErrnoError || error instanceof RangeError) return undefined;
      throw error;
    }
  }
}

/** FNV-1a, as a 32-bit number. */
function sumOf(bytes: Uint8Array, from: number, to: number): number {
  let sum = 0x811c9dc5;
  for (let i = from; i < to; i++) sum = Math.imul(sum ^ bytes[i]!, 0x01000193);
  return sum >>> 0;
}

function doubled(from: Uint32Array): Uint32Array<ArrayBuffer> {
  const to = new Uint32Array(from.length * 2);
  to.set(from);
  return to;
}
