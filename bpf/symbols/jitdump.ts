/**
 * Reads jitdump files: binary, timestamped records of what a JIT compiler makes.
 *
 * Layout (tools/perf/Documentation/jitdump-specification.txt of Linux): a header { u32 magic, u32
 * version, u32 size, u32 machine, u32 padding, u32 pid, u64 time, u64 flags }; then records { u32
 * id, u32 size, u64 time } and their bodies. JIT_CODE_LOAD is { u32 pid, u32 tid, u64 vma, u64
 * address, u64 size, u64 index }, a name that ends with a zero byte, and the code;
 * JIT_CODE_MOVE is { u32 pid, u32 tid, u64 vma, u64 old address, u64 new address, u64 size, u64
 * index }. All are in the byte order of the machine that wrote them.
 *
 * @module
 */

import type { ForeignFile } from "../proc/open_foreign.ts";
import { CodeRanges, type CompiledFunction } from "./code_ranges.ts";

const MAGIC = 0x4a695444;
const HEADER = 40;
/** JITDUMP_FLAGS_ARCH_TIMESTAMP: times are of the CPU's cycle counter. */
const ARCH_TIMESTAMP = 1n;
const [LOAD, MOVE] = [0, 1];
const RECORD = 16;
/** Size of a JIT_CODE_LOAD up to the name. */
const LOAD_SIZE = RECORD + 40;
const MOVE_SIZE = RECORD + 48;
/** Records are read up to this size: the code behind the name is not needed. */
const PART = LOAD_SIZE + 4096;
const WINDOW = 1 << 18;

/** File names of jitdump files, by which mappings of them are recognized. */
export const JITDUMP_NAME: RegExp = /^jit-\d+(-\d+)?(-\w+)?(\.dump)?$/;

/** A jitdump file; each read continues where the last one ended. */
export class JitDump implements Disposable {
  readonly file: ForeignFile;
  readonly #ranges = new CodeRanges();
  /** Bytes read; 0 before the header, Infinity behind a malformed record. */
  #read = 0;
  #isTimed = false;
  #window = new DataView(new ArrayBuffer(0));
  #windowAt = 0;

  /** Takes ownership of the file. */
  constructor(file: ForeignFile) {
    this.file = file;
  }

  /** Reads what was added. @throws {ErrnoError} */
  look(): void {
    const { size } = this.file.refresh();
    this.#window = new DataView(new ArrayBuffer(0));
    if (this.#read === 0) this.#readHeader(size);
    while (this.#read + RECORD <= size && this.#readRecord(size));
    this.#window = new DataView(new ArrayBuffer(0));
  }

  /** The function at an address at a time, on the clock of `bpf_ktime_get_ns`. */
  at(address: number, time?: number): CompiledFunction | undefined {
    return this.#ranges.at(address, time);
  }

  [Symbol.dispose](): void {
    this.file.close();
  }

  #readHeader(size: number): void {
    if (size < HEADER) return;
    const view = this.#bytes(0, HEADER);
    if (!view) return;
    const length = view.getUint32(8, true);
    const isKnown = view.getUint32(0, true) === MAGIC && length >= HEADER;
    this.#isTimed = (view.getBigUint64(32, true) & ARCH_TIMESTAMP) === 0n;
    this.#read = isKnown ? length : Infinity;
  }

  /** Reads one record; false when there is no complete one. */
  #readRecord(size: number): boolean {
    const head = this.#bytes(this.#read, RECORD);
    if (!head) return false;
    const length = head.getUint32(4, true);
    if (length < RECORD) {
      this.#read = Infinity; // a corrupt size: the next record cannot be found
      return false;
    }
    if (this.#read + length > size) return false;
    const kind = head.getUint32(0, true);
    const view = kind === LOAD || kind === MOVE
      ? this.#bytes(this.#read, Math.min(length, PART))
      : undefined;
    const time = view && this.#isTimed ? Number(view.getBigUint64(8, true)) : 0;
    if (view && kind === LOAD) this.#readLoad(view, time);
    if (view && kind === MOVE) this.#readMove(view, time);
    this.#read += length;
    return true;
  }

  #readLoad(view: DataView, time: number): void {
    if (view.byteLength <= LOAD_SIZE) return;
    const [address, size] = [word(view, RECORD + 16), word(view, RECORD + 24)];
    const name = new Uint8Array(
      view.buffer,
      view.byteOffset + LOAD_SIZE,
      view.byteLength - LOAD_SIZE,
    );
    const end = name.indexOf(0);
    this.#add(address, size, end < 0 ? name : name.subarray(0, end), time);
  }

  #readMove(view: DataView, time: number): void {
    if (view.byteLength < MOVE_SIZE) return;
    const name = this.#ranges.nameAt(word(view, RECORD + 16));
    if (name) this.#add(word(view, RECORD + 24), word(view, RECORD + 32), name.slice(), time);
  }

  #add(address: number, size: number, name: Uint8Array, time: number): void {
    // The end of the address space is unused, and numbers are not exact above.
    if (name.length > 0 && address + size <= Number.MAX_SAFE_INTEGER) {
      this.#ranges.add(address, size, name, time);
    }
  }

  /** Bytes of the file, read through a window; undefined behind its end. */
  #bytes(offset: number, length: number): DataView | undefined {
    const end = this.#windowAt + this.#window.byteLength;
    if (offset < this.#windowAt || offset + length > end) {
      const bytes = this.file.readUpTo(offset, Math.max(WINDOW, length));
      this.#window = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
      this.#windowAt = offset;
      if (bytes.length < length) return undefined;
    }
    return new DataView(
      this.#window.buffer,
      this.#window.byteOffset + offset - this.#windowAt,
      length,
    );
  }
}

const word = (view: DataView, at: number) => Number(view.getBigUint64(at, true));
