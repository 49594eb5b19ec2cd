/**
 * Reads the primitives of DWARF: LEB128 numbers, texts, encoded addresses.
 *
 * @module
 */

import { decodeText } from "../../ffi/codec/mod.ts";

/** LEB128 numbers have at most 64 bits. */
const MAX_SHIFT = 63;
const [ABSOLUTE, RELATIVE] = [0x00, 0x10];
const INDIRECT = 0x80;
const OMITTED = 0xff;

/** A position in a byte array; reading past the end throws a RangeError. */
export class ByteCursor {
  at = 0;
  readonly length: number;
  readonly #view: DataView;
  readonly #address: number;

  /** @param address the virtual address of the first byte */
  constructor(view: DataView, address: number) {
    this.#view = view;
    this.#address = address;
    this.length = view.byteLength;
  }

  u8(): number {
    return this.#view.getUint8(this.at++);
  }

  u16(): number {
    return this.#view.getUint16((this.at += 2) - 2, true);
  }

  u32(): number {
    return this.#view.getUint32((this.at += 4) - 4, true);
  }

  u64(): bigint {
    return this.#view.getBigUint64((this.at += 8) - 8, true);
  }

  /** Skips bytes. */
  skip(count: number): void {
    this.at += count;
    if (this.at > this.length) throw new RangeError("it ends too early");
  }

  /** An unsigned LEB128 number. */
  uleb(): number {
    const first = this.u8();
    if (first < 0x80) return first;
    let value = first & 0x7f;
    for (let scale = 2 ** 7, shift = 7; shift <= MAX_SHIFT; shift += 7, scale *= 2 ** 7) {
      const byte = this.u8();
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
    throw new RangeError("a number has more than 64 bits");
  }

  /** A signed LEB128 number. */
  sleb(): number {
    let value = 0;
    for (let scale = 1, shift = 0; shift <= MAX_SHIFT; shift += 7) {
      const byte = this.u8();
      value += (byte & 0x7f) * scale;
      scale *= 2 ** 7;
      if (byte < 0x80) return byte & 0x40 ? value - scale : value;
    }
    throw new RangeError("a number has more than 64 bits");
  }

  /** A NUL-terminated text. */
  text(): string {
    const start = this.at;
    while (this.u8() !== 0);
    return decodeText(this.#view, start, this.at - 1 - start);
  }

  /** Raw bytes. */
  bytes(count: number): Uint8Array {
    const start = this.at;
    this.skip(count);
    return new Uint8Array(this.#view.buffer, this.#view.byteOffset + start, count);
  }

  /**
   * An address in one of the encodings DW_EH_PE_*; 0 if it is omitted, NaN if it is indirect or
   * relative to anything but its own address.
   *
   * @throws {RangeError} for an unknown number format
   */
  encoded(encoding: number): number {
    if (encoding === OMITTED) return 0;
    const place = this.#address + this.at;
    const value = this.#number(encoding & 0xf);
    const base = encoding & 0x70;
    if ((encoding & INDIRECT) === 0 && base === ABSOLUTE) return value;
    if ((encoding & INDIRECT) === 0 && base === RELATIVE) return place + value;
    // Only the address of a personality routine is indirect, and it does not matter here.
    return NaN;
  }

  #number(form: number): number {
    switch (form) {
      case 0x0:
      case 0x4:
        return Number(this.u64());
      case 0x1:
        return this.uleb();
      case 0x2:
        return this.u16();
      case 0x3:
        return this.u32();
      case 0x9:
        return this.sleb();
      case 0xa:
        return this.u16() << 16 >> 16;
      case 0xb:
        return this.u32() | 0;
      case 0xc:
        return Number(BigInt.asIntN(64, this.u64()));
    }
    throw new RangeError(`no address has form ${form}`);
  }
}
