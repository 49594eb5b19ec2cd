/**
 * MiniDebugInfo: the functions of a stripped program as an ELF file of its own, compressed with xz
 * in a section of the program. Fedora, RHEL and derived distributions build all programs this way.
 *
 * Format: the chapter "MiniDebugInfo" of gdb's manual.
 *
 * @module
 */

import { unpackXz } from "../../ffi/lzma.ts";
import { type ByteSource, ElfReader, ifWhole } from "./elf_reader.ts";

const SECTION = ".gnu_debugdata";
/** Size limit: the largest programs have a few megabytes, tens when decompressed. */
const [MAX_PACKED, MAX_UNPACKED] = [16 * 2 ** 20, 64 * 2 ** 20];

/** The embedded ELF file; undefined when there is none, it is corrupt, or liblzma is missing. */
export function miniDebugInfo(file: ElfReader): ElfReader | undefined {
  const section = file.section(SECTION);
  return section && ifWhole(() => {
    const bytes = unpackXz(file.content(section, MAX_PACKED), MAX_UNPACKED);
    return bytes && new ElfReader(new Unpacked(`${SECTION} of ${file.path}`, bytes));
  });
}

/** An in-memory source. */
class Unpacked implements ByteSource {
  readonly path: string;
  readonly #bytes: Uint8Array<ArrayBuffer>;

  constructor(path: string, bytes: Uint8Array<ArrayBuffer>) {
    this.path = path;
    this.#bytes = bytes;
  }

  get size(): number {
    return this.#bytes.length;
  }

  read(offset: number, length: number): Uint8Array<ArrayBuffer> {
    if (offset >= 0 && length >= 0 && offset + length <= this.#bytes.length) {
      return this.#bytes.subarray(offset, offset + length);
    }
    throw new RangeError(`Cannot read ${length} bytes at ${offset} of ${this.path}`);
  }

  [Symbol.dispose](): void {}
}
