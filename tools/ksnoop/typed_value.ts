/**
 * Formats bytes as C initializers, by BTF type.
 *
 * @module
 */

import { type Btf, BtfKind } from "../../plumbing.ts";
import { sizeOf } from "./functions.ts";
import { typeText } from "./type_text.ts";

/** Depth limit: kernel structs nest less. */
const MAX_DEPTH = 16;

/** Formats a value; members that are 0, or beyond the bytes read, are omitted. */
export function valueLines(btf: Btf, type: number, bytes: Uint8Array): string[] {
  const writer = new Writer(btf, bytes);
  writer.value(type, 0, "", "", 0);
  return writer.lines;
}

/** A number with its type, as a C cast: `(int)-1`, `(enum pid_type)PIDTYPE_TGID`. */
export function numberText(btf: Btf, type: number, number: bigint): string {
  return `(${typeText(btf, type)})${numeral(btf, btf.resolve(type), number)}`;
}

function numeral(btf: Btf, inner: number, number: bigint): string {
  const kind = btf.kind(inner);
  if (kind === BtfKind.ENUM || kind === BtfKind.ENUM64) {
    const bits = 8 * btf.size(inner);
    const value = Number(
      btf.isSignedEnum(inner) ? BigInt.asIntN(bits, number) : BigInt.asUintN(bits, number),
    );
    return btf.enumerators(inner).find((each) => each.value === value)?.name ?? String(value);
  }
  if (kind !== BtfKind.INT) return `0x${BigInt.asUintN(64, number).toString(16)}`;
  const { isBool, isSigned } = btf.encoding(inner);
  if (isBool) return String(number !== 0n);
  const bits = 8 * Math.min(btf.size(inner), 8);
  return String(isSigned ? BigInt.asIntN(bits, number) : BigInt.asUintN(bits, number));
}

class Writer {
  readonly lines: string[] = [];
  readonly #btf: Btf;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;

  constructor(btf: Btf, bytes: Uint8Array) {
    this.#btf = btf;
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  /** @param label text before the value: `.len = ` @param end text after the value: a comma */
  value(type: number, at: number, label: string, end: string, depth: number): void {
    const btf = this.#btf;
    const inner = btf.resolve(type);
    const put = (text: string) => this.lines.push(" ".repeat(depth) + label + text + end);
    const name = typeText(btf, type);
    switch (btf.kind(inner)) {
      case BtfKind.STRUCT:
      case BtfKind.UNION: {
        this.lines.push(`${" ".repeat(depth)}${label}(${name}){`);
        if (depth < MAX_DEPTH) this.#members(inner, at, depth + 1);
        this.lines.push(`${" ".repeat(depth)}}${end}`);
        return;
      }
      case BtfKind.ARRAY:
        return this.#array(inner, at, `${label}(${name})`, end, depth);
      case BtfKind.INT:
      case BtfKind.ENUM:
      case BtfKind.ENUM64:
      case BtfKind.PTR:
        return void put(`(${name})${numeral(btf, inner, this.#number(at, sizeOf(btf, inner)))}`);
      default:
        put(`(${name})?`);
    }
  }

  #members(id: number, at: number, depth: number): void {
    for (const { name, type, bitOffset, bitSize } of this.#btf.members(id)) {
      const label = name === "" ? "" : `.${name} = `;
      if (bitSize > 0) {
        const number = this.#bits(8 * at + bitOffset, bitSize);
        if (number === 0n) continue;
        const text = `(${typeText(this.#btf, type)})${number}`;
        this.lines.push(`${" ".repeat(depth)}${label}${text},`);
        continue;
      }
      const start = at + bitOffset / 8;
      const size = sizeOf(this.#btf, type);
      if (start + size > this.#bytes.length || this.#isZero(start, size)) continue;
      this.value(type, start, label, ",", depth);
    }
  }

  #array(inner: number, at: number, label: string, end: string, depth: number): void {
    const btf = this.#btf;
    const element = btf.target(inner);
    const [size, count] = [sizeOf(btf, element), btf.arrayLength(inner)];
    const within = btf.resolve(element);
    const isText = btf.kind(within) === BtfKind.INT && size === 1 &&
      typeText(btf, element).endsWith("char");
    if (isText) {
      const bytes = this.#bytes.subarray(at, at + count);
      const length = bytes.indexOf(0);
      const text = new TextDecoder().decode(length < 0 ? bytes : bytes.subarray(0, length));
      this.lines.push(`${" ".repeat(depth)}${label}${JSON.stringify(text)}${end}`);
      return;
    }
    this.lines.push(`${" ".repeat(depth)}${label}[`);
    // Trailing zeros are omitted.
    let last = count;
    while (last > 0 && this.#isZero(at + (last - 1) * size, size)) last--;
    for (let i = 0; i < last && depth < MAX_DEPTH; i++) {
      if (at + (i + 1) * size > this.#bytes.length) break;
      this.value(element, at + i * size, "", ",", depth + 1);
    }
    this.lines.push(`${" ".repeat(depth)}]${end}`);
  }

  #isZero(at: number, size: number): boolean {
    for (let i = at; i < Math.min(at + size, this.#bytes.length); i++) {
      if (this.#bytes[i] !== 0) return false;
    }
    return true;
  }

  #number(at: number, size: number): bigint {
    let number = 0n;
    for (let i = Math.min(size, 8, this.#bytes.length - at) - 1; i >= 0; i--) {
      number = number << 8n | BigInt(this.#view.getUint8(at + i));
    }
    return number;
  }

  #bits(at: number, count: number): bigint {
    const byte = Math.floor(at / 8);
    const number = this.#number(byte, Math.ceil((at % 8 + count) / 8));
    return BigInt.asUintN(count, number >> BigInt(at % 8));
  }
}
