/**
 * Reads the intact blocks of a file, and skips damaged bytes between them.
 *
 * @module
 */

import { type FoundBlock, HEAD_BYTES, MAGIC, readHead, readText } from "./block.ts";

/** Bytes that are read at a time in search of the next block. */
const PIECE = 256 * 1024;

/** Reads some bytes of a file: fewer at its end only, where there are none left an empty array. */
export type ReadAt = (at: number, length: number) => Uint8Array;

/**
 * Limit on damaged blocks that are searched for the next block, in case some of their bytes are
 * missing; after so many, the size in the head of a damaged block is trusted.
 */
const MAX_DOUBTS = 100;

/** A whole block with its text. */
export interface Block extends FoundBlock {
  readonly text: string;
}

/** Blocks of one file in their order; bytes that belong to none are skipped. */
export class BlockReader {
  readonly #readAt: ReadAt;
  /** Bytes that belong to no whole block, so far. */
  skipped = 0;
  #doubts = 0;

  constructor(readAt: ReadAt) {
    this.#readAt = readAt;
  }

  *[Symbol.iterator](): Generator<Block> {
    for (let at = 0;;) {
      const head = this.#readAt(at, HEAD_BYTES);
      if (head.length === 0) return;
      const found = readHead(head, 0);
      const bytes = found && this.#readAt(at, found.size);
      const text = bytes && bytes.length === found.size ? readText(found, bytes) : undefined;
      if (text !== undefined) {
        yield { ...found!, text };
        at += found!.size;
        continue;
      }
      const next = found && this.#isPassed(at + found.size) ? at + found.size : this.#next(at + 1);
      this.skipped += next - at;
      at = next;
    }
  }

  /**
   * Whether to go on at the end of a damaged block whose head is intact, rather than search its
   * bytes.
   */
  #isPassed(end: number): boolean {
    const head = this.#readAt(end, HEAD_BYTES);
    if (head.length > 0 && indexOfMagic(head) === 0) return true;
    return head.length > 0 && ++this.#doubts > MAX_DOUBTS;
  }

  /** Where the next block might begin, or the file ends. */
  #next(from: number): number {
    for (let at = from;;) {
      const bytes = this.#readAt(at, PIECE);
      const found = indexOfMagic(bytes);
      if (found >= 0) return at + found;
      if (bytes.length < PIECE) return at + bytes.length;
      at += bytes.length - MAGIC.length + 1;
    }
  }
}

function indexOfMagic(bytes: Uint8Array): number {
  for (let at = bytes.indexOf(MAGIC[0]!); at >= 0; at = bytes.indexOf(MAGIC[0]!, at + 1)) {
    if (MAGIC.every((byte, i) => bytes[at + i] === byte)) return at;
  }
  return -1;
}
