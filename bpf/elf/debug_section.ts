/**
 * Debug sections, which may be compressed, as in Debian's debug files.
 *
 * Format: Elf64_Chdr of elf(5).
 *
 * @module
 */

import { type ElfReader, ifWhole, viewOf, word } from "./elf_reader.ts";

const SHF_COMPRESSED = 0x800;
const HEADER_SIZE = 24;
const [ELFCOMPRESS_ZLIB, ELFCOMPRESS_ZSTD] = [1, 2];

/** The part of node:zlib that is needed; older runtimes lack zstd. */
interface Unpackers {
  inflateSync(bytes: Uint8Array, options: { maxOutputLength: number }): Uint8Array;
  zstdDecompressSync?(bytes: Uint8Array, options: { maxOutputLength: number }): Uint8Array;
}

/**
 * The bytes of a section, decompressed; undefined when there is none, it is corrupt, or larger than
 * `limit`.
 */
export function debugSection(
  file: ElfReader,
  name: string,
  limit: number,
): Uint8Array<ArrayBuffer> | undefined {
  const section = file.section(name);
  if (!section || section.size === 0) return undefined;
  const bytes = ifWhole(() => file.content(section, limit));
  if (!bytes || (section.flags & SHF_COMPRESSED) === 0) return bytes;
  return bytes.length < HEADER_SIZE ? undefined : unpacked(bytes, limit);
}

function unpacked(
  bytes: Uint8Array<ArrayBuffer>,
  limit: number,
): Uint8Array<ArrayBuffer> | undefined {
  const header = viewOf(bytes);
  const [type, size] = [header.getUint32(0, true), word(header, 8)];
  if (size > limit) return undefined;
  const zlib = process.getBuiltinModule("node:zlib") as unknown as Unpackers;
  const unpack = type === ELFCOMPRESS_ZLIB
    ? zlib.inflateSync
    : type === ELFCOMPRESS_ZSTD
    ? zlib.zstdDecompressSync
    : undefined;
  try {
    const found = unpack?.(bytes.subarray(HEADER_SIZE), { maxOutputLength: Math.max(size, 1) });
    // The result may be a view of a larger pooled buffer.
    return found?.length === size ? new Uint8Array(found) : undefined;
  } catch {
    return undefined; // corrupt, or larger than its header says
  }
}
