/**
 * Reads untrusted ELF files: truncated, corrupt, malicious, sparse files of gigabytes. Only the
 * requested parts are read, none larger than its bound; an offset outside the file throws a
 * RangeError.
 *
 * Layout: elf(5), 64 bit, little-endian.
 *
 * @module
 */

import { bufferText } from "../../ffi/libc/memory.ts";
import { notesIn } from "./elf_notes.ts";

/** Where the bytes of an ELF file come from: a file, or decompressed memory. */
export interface ByteSource extends Disposable {
  /** The name in error messages. */
  readonly path: string;
  readonly size: number;
  /** @throws {RangeError} when there are no such bytes @throws {ErrnoError} */
  read(offset: number, length: number): Uint8Array<ArrayBuffer>;
}

/** A segment (program header). */
export interface ElfSegment {
  readonly type: number;
  /** PF_* flags: 1 is executable. */
  readonly flags: number;
  readonly offset: number;
  readonly address: number;
  /** Bytes in the file. */
  readonly size: number;
  readonly align: number;
}

/** A section of the file. */
export interface ElfSection {
  readonly name: string;
  readonly type: number;
  /** SHF_*. */
  readonly flags: number;
  readonly address: number;
  readonly offset: number;
  readonly size: number;
  readonly link: number;
}

const MAGIC = 0x7f454c46;
const [CLASS_64, LITTLE_ENDIAN] = [2, 1];
const HEADER_SIZE = 64;
const PT_LOAD = 1;
const PT_NOTE = 4;
const SHT_NOBITS = 8;
const NT_GNU_BUILD_ID = 3;
const SEGMENT_SIZE = 56;
const SECTION_SIZE = 64;
/** The kernel loads no file with more (fs/binfmt_elf.c: 64 KiB of program headers). */
const MAX_SEGMENTS = 1170;
/** The limit of 16-bit indices; files with more sections are relocatable objects. */
const MAX_SECTIONS = 0xff00;
const MAX_SECTION_NAMES = 4 * 2 ** 20;
const MAX_NOTES = 2 ** 20;
const MAX_BUILD_ID = 64;

/** One ELF file; closing it closes its source. */
export class ElfReader implements Disposable {
  readonly path: string;
  readonly segments: readonly ElfSegment[];
  readonly #source: ByteSource;
  readonly #header: DataView;
  /** The PT_LOAD segments, by address. */
  readonly #loaded: readonly ElfSegment[];
  #sections: readonly ElfSection[] | undefined;
  #buildId: string | null | undefined;

  /**
   * Takes ownership of the source, even when this throws.
   *
   * @throws {RangeError} when it is not an ELF file @throws {ErrnoError} when it cannot be read
   */
  constructor(source: ByteSource) {
    using undo = new DisposableStack();
    this.#source = undo.use(source);
    this.path = source.path;
    const header = source.size < HEADER_SIZE ? undefined : viewOf(source.read(0, HEADER_SIZE));
    if (
      header?.getUint32(0) !== MAGIC || header.getUint8(4) !== CLASS_64 ||
      header.getUint8(5) !== LITTLE_ENDIAN
    ) {
      throw new RangeError(
        `Cannot read "${this.path}": it is not a 64-bit little-endian ELF file`,
      );
    }
    this.#header = header;
    this.segments = this.#readSegments();
    this.#loaded = this.segments.filter(({ type }) => type === PT_LOAD)
      .sort((a, b) => a.address - b.address);
    undo.move();
  }

  /** Bytes in the file. */
  get size(): number {
    return this.#source.size;
  }

  /** All sections; none when their table is truncated. */
  get sections(): readonly ElfSection[] {
    return this.#sections ??= ifWhole(() => this.#readSections()) ?? [];
  }

  /** The section of that name. */
  section(name: string): ElfSection | undefined {
    return this.sections.find((section) => section.name === name);
  }

  /**
   * The bytes of a section; empty for one without bytes in the file (SHT_NOBITS).
   *
   * @throws {RangeError} when it is larger than `limit`, or the file ends before it
   */
  content({ name, type, offset, size }: ElfSection, limit: number): Uint8Array<ArrayBuffer> {
    if (type === SHT_NOBITS) return this.#source.read(0, 0);
    if (size <= limit) return this.read(offset, size);
    throw new RangeError(
      `Cannot read section "${name}" of "${this.path}": it has ${size} bytes, and no more than ` +
        `${limit} are read`,
    );
  }

  /**
   * The bytes of each section of a type (SHT_*), as many as have no more than `limit` together: in a corrupt file thousands
   * may lie on top of one another.
   *
   * @throws {RangeError} when the file ends before one of them @throws {ErrnoError}
   */
  *contents(type: number, limit: number): Generator<Uint8Array<ArrayBuffer>> {
    let left = limit;
    for (const section of this.sections) {
      if (section.type !== type || section.size > left) continue;
      left -= section.size;
      yield this.content(section, limit);
    }
  }

  /** Bytes of the file. @throws {RangeError} when it does not have them @throws {ErrnoError} */
  read(offset: number, length: number): Uint8Array<ArrayBuffer> {
    return this.#source.read(offset, length);
  }

  /**
   * The file offset of a virtual address; undefined when no segment contains it, or the file ends
   * before.
   */
  offsetOf(address: number): number | undefined {
    let [low, high] = [0, this.#loaded.length];
    while (low < high) {
      const middle = low + high >>> 1;
      if (this.#loaded[middle]!.address <= address) low = middle + 1;
      else high = middle;
    }
    const segment = this.#loaded[low - 1];
    const distance = segment ? address - segment.address : Infinity;
    const offset = distance < (segment?.size ?? 0) ? distance + segment!.offset : Infinity;
    return offset < this.size ? offset : undefined;
  }

  /** The virtual address of an offset in the file; undefined when it is not loaded. */
  addressOf(fileOffset: number): number | undefined {
    for (const { offset, size, address } of this.#loaded) {
      if (fileOffset >= offset && fileOffset - offset < size) return fileOffset - offset + address;
    }
    return undefined;
  }

  /** The virtual address of the file's first byte: 0 in libraries. */
  get base(): number {
    const first = this.segments.find(({ type }) => type === PT_LOAD);
    return first ? first.address - first.offset : 0;
  }

  /** The build id in hexadecimal; undefined without one. */
  get buildId(): string | undefined {
    if (this.#buildId === undefined) this.#buildId = this.#readBuildId() ?? null;
    return this.#buildId ?? undefined;
  }

  [Symbol.dispose](): void {
    this.#source[Symbol.dispose]();
  }

  #readBuildId(): string | undefined {
    // A debug file has its notes in sections, a file without section headers in segments.
    const section = this.section(".note.gnu.build-id");
    const notes = this.segments.filter(({ type }) => type === PT_NOTE);
    let left = MAX_NOTES;
    for (const { offset, size, align } of section ? [{ ...section, align: 4 }, ...notes] : notes) {
      if (size > left) continue;
      left -= size;
      const bytes = ifWhole(() => this.read(offset, size));
      for (const note of bytes ? notesIn(bytes, align) : []) {
        const isId = note.type === NT_GNU_BUILD_ID && note.name === "GNU";
        if (isId && note.content.length <= MAX_BUILD_ID) return note.content.toHex();
      }
    }
    return undefined;
  }

  #readSegments(): ElfSegment[] {
    const [size, count] = [this.#header.getUint16(54, true), this.#header.getUint16(56, true)];
    if (count === 0) return [];
    if (size < SEGMENT_SIZE || count > MAX_SEGMENTS) {
      throw new RangeError(
        `Cannot read "${this.path}": ${count} program headers of ${size} bytes: corrupt`,
      );
    }
    const view = viewOf(this.read(word(this.#header, 32), size * count));
    return Array.from({ length: count }, (_, i) => {
      const at = i * size;
      return {
        type: view.getUint32(at, true),
        flags: view.getUint32(at + 4, true),
        offset: word(view, at + 8),
        address: word(view, at + 16),
        size: word(view, at + 32),
        align: word(view, at + 48),
      };
    });
  }

  #readSections(): ElfSection[] {
    const [size, count, names] = [58, 60, 62].map((at) => this.#header.getUint16(at, true)) as [
      number,
      number,
      number,
    ];
    if (count === 0 || count > MAX_SECTIONS || size < SECTION_SIZE) return [];
    const view = viewOf(this.read(word(this.#header, 40), size * count));
    const sections = Array.from({ length: count }, (_, i) => {
      const at = i * size;
      return {
        nameAt: view.getUint32(at, true),
        type: view.getUint32(at + 4, true),
        flags: view.getUint32(at + 8, true),
        address: word(view, at + 16),
        offset: word(view, at + 24),
        size: word(view, at + 32),
        link: view.getUint32(at + 40, true),
      };
    });
    const table = sections[names];
    const bytes = table && table.size <= MAX_SECTION_NAMES
      ? ifWhole(() => this.read(table.offset, table.size))
      : undefined;
    return sections.map(({ nameAt, ...section }) => ({
      name: bytes ? bufferText(bytes.subarray(nameAt, nameAt + MAX_SECTION_NAME)) : "",
      ...section,
    }));
  }
}

/** Longer names are not looked for; a corrupt table may be one single name. */
const MAX_SECTION_NAME = 64;

/** Returns what `read` returns; undefined when the file is truncated or corrupt. */
export function ifWhole<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/** A view over bytes. */
export function viewOf(bytes: Uint8Array<ArrayBuffer>): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}

/** A 64-bit number; above 2^53 it is rounded, and no file is so large. */
export function word(view: DataView, at: number): number {
  return Number(view.getBigUint64(at, true));
}
