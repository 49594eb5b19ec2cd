/**
 * Notes of ELF files: the build id, USDT probes.
 *
 * @module
 */

import { bufferText } from "../../ffi/libc/memory.ts";

/** One note. */
export interface ElfNote {
  /** The note's owner, which defines the type: `GNU`, `stapsdt`. */
  readonly name: string;
  readonly type: number;
  readonly content: Uint8Array<ArrayBuffer>;
}

/** { u32 name size, u32 content size, u32 type } */
const HEADER_SIZE = 12;
/** Real owner names are one word; a longer one is a corrupt size. */
const MAX_NAME = 256;

/**
 * The notes in a section or segment, up to the first truncated one. Name and descriptor are padded
 * to 4 bytes; in segments aligned to 8, to 8.
 */
export function* notesIn(bytes: Uint8Array<ArrayBuffer>, align: number = 4): Generator<ElfNote> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  // No bit operators: the sizes are unsigned 32-bit, and bit operators would make them negative.
  const unit = align === 8 ? 8 : 4;
  const padded = (size: number) => Math.ceil(size / unit) * unit;
  for (let at = 0; at + HEADER_SIZE <= bytes.length;) {
    const [nameSize, size] = [view.getUint32(at, true), view.getUint32(at + 4, true)];
    const start = at + padded(HEADER_SIZE + nameSize);
    if (start + size > bytes.length) return;
    if (nameSize <= MAX_NAME) {
      yield {
        name: bufferText(bytes.subarray(at + HEADER_SIZE, at + HEADER_SIZE + nameSize)),
        type: view.getUint32(at + 8, true),
        content: bytes.subarray(start, start + size),
      };
    }
    at = start + padded(size);
  }
}
