/**
 * The functions of an ELF file by address: its symbol table, or that of its separate debug file.
 *
 * The file stays mapped; what is kept of it are typed arrays of addresses, sizes and places of
 * names. Layout: elf(5), 64 bit, little-endian.
 *
 * @module
 */

import { ErrnoError, exists, type Mapping, readLink } from "../../ffi/libc/libc.ts";
import { mapFile } from "../../ffi/libc/mmap_file.ts";
import { bufferText } from "../../ffi/libc/memory.ts";
import { ElfFile } from "./elf_file.ts";
import { orderOf } from "../base/order.ts";

const MAGIC = 0x7f454c46;
const CLASS_64 = 2;
const PT_LOAD = 1;
const PT_NOTE = 4;
const NT_GNU_BUILD_ID = 3;
const SHT_SYMTAB = 2;
const SHT_DYNSYM = 11;
const STT_FUNC = 2;
const STT_GNU_IFUNC = 10;
const SYMBOL_SIZE = 24;
/** Functions lie in one another two or three deep; a file that goes on and on is not believed. */
const MAX_NESTING = 64;
/** A file as a process has mapped it, whose own path the link tells. */
const MAPPED = /^(\/proc\/\d+)\/map_files\//;

interface Segment {
  readonly type: number;
  readonly offset: number;
  readonly address: number;
  readonly size: number;
}

/** A symbol table, by address. */
interface Table {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly starts: Float64Array;
  readonly sizes: Float64Array;
  readonly names: Float64Array;
  /** The function around each: the last one before it that ends behind its start; -1 without one. */
  readonly outer: Int32Array;
}

/** One mapped file; functions are read at the first question. */
export class ElfFunctions implements Disposable {
  /** What the linker wrote to tell builds apart, as hexadecimal digits; undefined without it. */
  readonly buildId: string | undefined;
  readonly #path: string;
  /** Where it lies, told while that can be told. */
  readonly #place: string;
  readonly #mapping: Mapping;
  readonly #segments: readonly Segment[];
  #debug: Mapping | undefined;
  #table: Table | undefined;

  /** @throws {ErrnoError} when it cannot be read @throws {RangeError} when it is no such file */
  constructor(path: string) {
    this.#path = path;
    this.#mapping = mapFile(path);
    try {
      this.#place = placeOf(path);
      this.#segments = segmentsOf(this.#mapping.buffer, path);
      this.buildId = buildIdOf(this.#mapping.buffer, this.#segments);
    } catch (error) {
      this.#mapping.close();
      throw error;
    }
  }

  /**
   * The function at an offset of the file, how far into it, and its size, 0 when the file does not
   * tell; undefined when none is known.
   */
  at(fileOffset: number): { name: string; offset: number; size: number } | undefined {
    const segment = this.#segments.find(({ type, offset, size }) =>
      type === PT_LOAD && fileOffset >= offset && fileOffset < offset + size
    );
    if (!segment) return undefined;
    const address = fileOffset - segment.offset + segment.address;
    const table = this.#table ??= this.#read();
    const { bytes, starts, sizes, names } = table;
    let index = functionAt(table, address);
    if (index === undefined) return undefined;
    const start = starts[index]!;
    // Of several names the plainest one is the public one: puts, not _IO_puts or __GI__IO_puts.
    for (let other = index - 1; starts[other] === start; other--) {
      const isPlainer = underscores(bytes, names[other]!) <= underscores(bytes, names[index]!);
      if (isPlainer && isIn(table, other, address)) index = other;
    }
    const offset = address - start;
    const name = bufferText(bytes.subarray(names[index]!)).replace(/@.*$/, "");
    return { name, offset, size: sizes[index]! };
  }

  /** Bytes of the file; undefined when it has not so many. */
  bytesAt(offset: number, length: number): Uint8Array | undefined {
    const { buffer } = this.#mapping;
    if (offset + length > buffer.byteLength) return undefined;
    return new Uint8Array(buffer, offset, length);
  }

  [Symbol.dispose](): void {
    this.#mapping.close();
    this.#debug?.close();
  }

  #debugFile(): string | undefined {
    const root = MAPPED.exec(this.#path)?.[1];
    const own = debugFileOf(
      this.#path,
      root === undefined ? this.#place : `${root}/root${this.#place}`,
    );
    if (own !== undefined || exists(this.#path)) return own;
    // The process has ended; most often its file lies in the same place for us.
    return this.#isAt(this.#place) ? debugFileOf(this.#place, this.#place) : undefined;
  }

  #isAt(path: string): boolean {
    if (this.buildId === undefined) return false;
    return readable(() => {
      using file = new ElfFunctions(path);
      return file.buildId;
    }) === this.buildId;
  }

  #read(): Table {
    const own = readable(() => tableOf(this.#mapping.buffer, SHT_SYMTAB)) ??
      readable(() => this.#readSeparate());
    if (own) return own;
    const none = new Float64Array();
    const outer = new Int32Array();
    return readable(() => tableOf(this.#mapping.buffer, SHT_DYNSYM)) ??
      { bytes: new Uint8Array(), starts: none, sizes: none, names: none, outer };
  }

  #readSeparate(): Table | undefined {
    const path = this.#debugFile();
    if (path === undefined) return undefined;
    this.#debug = mapFile(path);
    return tableOf(this.#debug.buffer, SHT_SYMTAB);
  }
}

/** What can be read; undefined of a file that is gone, or not whole, by the time it is asked about. */
function readable<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof ErrnoError || error instanceof RangeError) return undefined;
    throw error;
  }
}

/** The path of a file that a process has mapped, as that process sees it. */
function placeOf(path: string): string {
  return MAPPED.test(path) ? readLink(path) : path;
}

function debugFileOf(path: string, place: string): string | undefined {
  return readable(() => {
    using file = new ElfFile(path, place);
    return file.debugFile;
  });
}

/** Whether a function goes up to an address: hand-written ones often have no size. */
function isIn({ starts, sizes }: Table, index: number, address: number): boolean {
  return sizes[index] === 0 || address < starts[index]! + sizes[index]!;
}

/** The innermost function that holds an address, the last of those that begin together. */
function functionAt(table: Table, address: number): number | undefined {
  const { starts, sizes, outer } = table;
  let [low, high] = [0, starts.length];
  while (low < high) {
    const middle = low + high >>> 1;
    if (starts[middle]! <= address) low = middle + 1;
    else high = middle;
  }
  let index = low - 1;
  for (let depth = 0; index >= 0 && depth < MAX_NESTING; depth++) {
    const around = outer[index]!;
    // Something without a size inside another function is a label.
    const isLabel = sizes[index] === 0 && around >= 0 && isIn(table, around, address);
    if (isIn(table, index, address) && !isLabel) return index;
    index = around;
  }
  return undefined;
}

/** Of functions in the order of their addresses. */
function outerFunctions(starts: Float64Array, sizes: Float64Array): Int32Array {
  const around: number[] = [];
  return Int32Array.from(starts, (start, i) => {
    while (around.length > 0 && starts[around.at(-1)!]! + sizes[around.at(-1)!]! <= start) {
      around.pop();
    }
    const outer = around.at(-1) ?? -1;
    if (sizes[i]! > 0) around.push(i);
    return outer;
  });
}

function underscores(bytes: Uint8Array, at: number): number {
  let count = 0;
  while (bytes[at + count] === 0x5f) count++;
  return count;
}

const word = (view: DataView, at: number) => Number(view.getBigUint64(at, true));

function segmentsOf(buffer: ArrayBuffer, path: string): Segment[] {
  const view = new DataView(buffer);
  if (view.byteLength < 64 || view.getUint32(0) !== MAGIC || view.getUint8(4) !== CLASS_64) {
    throw new RangeError(`Cannot name functions of "${path}": it is not a 64 bit ELF file`);
  }
  const [start, size] = [word(view, 32), view.getUint16(54, true)];
  return Array.from({ length: view.getUint16(56, true) }, (_, i) => {
    const at = start + i * size;
    return {
      type: view.getUint32(at, true),
      offset: word(view, at + 8),
      address: word(view, at + 16),
      size: word(view, at + 32),
    };
  });
}

function buildIdOf(buffer: ArrayBuffer, segments: readonly Segment[]): string | undefined {
  const view = new DataView(buffer);
  for (const { type, offset, size } of segments) {
    if (type !== PT_NOTE) continue;
    // Notes are { u32 name size, u32 size, u32 type }, the name and the bytes, each padded to 4.
    for (let at = offset; at + 12 <= offset + size;) {
      const nameSize = view.getUint32(at, true) + 3 & ~3;
      const length = view.getUint32(at + 4, true);
      if (view.getUint32(at + 8, true) === NT_GNU_BUILD_ID) {
        return new Uint8Array(buffer, at + 12 + nameSize, length).toHex();
      }
      at += 12 + nameSize + (length + 3 & ~3);
    }
  }
  return undefined;
}

/** The functions of the symbol table of that type; undefined when it has none. */
function tableOf(buffer: ArrayBuffer, type: number): Table | undefined {
  const view = new DataView(buffer);
  const [start, size, count] = [word(view, 40), view.getUint16(58, true), view.getUint16(60, true)];
  if (start === 0 || start + size * count > view.byteLength) return undefined;
  const section = (i: number) => start + i * size;
  const index = Array.from({ length: count }, (_, i) => i)
    .find((i) => view.getUint32(section(i) + 4, true) === type);
  if (index === undefined) return undefined;
  const symbols = word(view, section(index) + 24);
  const length = word(view, section(index) + 32) / SYMBOL_SIZE;
  const strings = word(view, section(view.getUint32(section(index) + 40, true)) + 24);
  const found = new Float64Array(length * 3);
  let functions = 0;
  for (let i = 0; i < length; i++) {
    const at = symbols + i * SYMBOL_SIZE;
    const kind = view.getUint8(at + 4) & 15;
    const isFunction = kind === STT_FUNC || kind === STT_GNU_IFUNC;
    if (!isFunction || view.getUint16(at + 6, true) === 0) continue;
    found[functions * 3] = word(view, at + 8);
    found[functions * 3 + 1] = word(view, at + 16);
    found[functions * 3 + 2] = strings + view.getUint32(at, true);
    functions++;
  }
  if (functions === 0) return undefined;
  const column = (n: number) =>
    Float64Array.from({ length: functions }, (_, i) => found[i * 3 + n]!);
  const starts = column(0);
  const order = orderOf(starts);
  const sorted = (values: Float64Array) => values.map((_, i) => values[order[i]!]!);
  const [sortedStarts, sizes] = [sorted(starts), sorted(column(1))];
  return {
    bytes: new Uint8Array(buffer),
    starts: sortedStarts,
    sizes,
    names: sorted(column(2)),
    outer: outerFunctions(sortedStarts, sizes),
  };
}
