/**
 * Keys and values as one line of text, as bcc writes and reads them.
 *
 * @module
 */

import type { ArrayType, Codec, CompositeType, CType, Member } from "./codec.ts";
import { decodeText, encodeText } from "./mod.ts";
import { sizeOf } from "./check_layout.ts";

/**
 * Writes a value as bcc does: integers in hexadecimal, structs as `{ 0x2a "sshd" }`, arrays as
 * `[ 0x1 0x2 ]`, arrays of bytes as text, of a union its largest member, no padding.
 *
 * Bytes that would break the line or not survive parsing are written as `\x0a`, quotation marks and
 * backslashes after a backslash; bcc does not escape them.
 *
 * @example
 * ```ts
 * import { chars, struct, u32 } from "./mod.ts";
 * import { formatValue, parseValue } from "./value_text.ts";
 *
 * const Key = struct("key_t", { pid: u32, comm: chars(16) });
 * const text = formatValue(Key, { pid: 42, comm: "sshd" });
 * if (text !== '{ 0x2a "sshd" }') throw new Error("unexpected text");
 * if (parseValue(Key, '{ 42 "sshd" }').comm !== "sshd") throw new Error("unexpected value");
 * ```
 */
export function formatValue<T>(codec: Codec<T>, value: T): string {
  const bytes = new Uint8Array(codec.size);
  codec.write(new DataView(bytes.buffer), 0, value);
  return format(bytes, codec.type, { bitOffset: 0, gap: gapOf(codec) });
}

/**
 * Reads what {@linkcode formatValue} and bcc write; integers may be decimal and negative too.
 *
 * @throws {SyntaxError} when the text is not of the codec's shape
 * @throws {RangeError} when a number or a text is too large for its field
 */
export function parseValue<T>(codec: Codec<T>, text: string): T {
  const bytes = new Uint8Array(codec.size);
  const reader = new Reader(text);
  parse(bytes, codec.type, { bitOffset: 0, gap: gapOf(codec) }, reader);
  reader.take("");
  return codec.read(new DataView(bytes.buffer), 0);
}

/** The position of a value in memory. */
interface Position {
  readonly bitOffset: number;
  readonly bitSize?: number | undefined;
  /** Bits between an array's elements. */
  readonly gap?: number;
}

/** Bits between the elements of an array: those of per-CPU values are padded to whole words. */
function gapOf({ size, type }: Codec<unknown>): number {
  return type.kind === "array" ? 8 * (size - sizeOf(type)) / Math.max(type.length, 1) : 0;
}

const isText = ({ element }: ArrayType, { gap }: Position) => sizeOf(element) === 1 && !gap;

/** The members that are written; those of unnamed bit-fields are padding. */
function membersOf(type: CompositeType): readonly Member[] {
  const { kind, members } = type;
  const size = (member: Member) => member.bitSize ?? 8 * sizeOf(member.type);
  const shown = members.filter(({ name, bitSize }) => name !== "" || bitSize === undefined);
  if (kind === "struct" || shown.length === 0) return shown;
  return [shown.reduce((best, member) => size(member) > size(best) ? member : best)];
}

function format(bytes: Uint8Array, type: CType, position: Position): string {
  const { bitOffset, bitSize } = position;
  if (type.kind === "struct" || type.kind === "union") {
    const texts = membersOf(type).map((member) =>
      format(bytes, member.type, within(position, member))
    );
    return ["{", ...texts, "}"].join(" ");
  }
  if (type.kind !== "array") {
    return `0x${readBits(bytes, bitOffset, bitSize ?? 8 * sizeOf(type)).toString(16)}`;
  }
  if (isText(type, position)) {
    return quote(bytes.subarray(bitOffset / 8, bitOffset / 8 + type.length));
  }
  const texts = elementsOf(type, position).map((element) => format(bytes, type.element, element));
  return ["[", ...texts, "]"].join(" ");
}

function parse(bytes: Uint8Array, type: CType, position: Position, reader: Reader): void {
  const { bitOffset, bitSize } = position;
  if (type.kind === "struct" || type.kind === "union") {
    reader.take("{");
    for (const member of membersOf(type)) {
      parse(bytes, member.type, within(position, member), reader);
    }
    reader.take("}");
  } else if (type.kind !== "array") {
    writeBits(bytes, bitOffset, bitSize ?? 8 * sizeOf(type), reader.integer());
  } else if (isText(type, position)) {
    bytes.set(reader.text(type.length), bitOffset / 8);
  } else {
    reader.take("[");
    for (const element of elementsOf(type, position)) parse(bytes, type.element, element, reader);
    reader.take("]");
  }
}

function within({ bitOffset }: Position, member: Member): Position {
  return { bitOffset: bitOffset + member.bitOffset, bitSize: member.bitSize };
}

function elementsOf({ element, length }: ArrayType, { bitOffset, gap = 0 }: Position): Position[] {
  const stride = 8 * sizeOf(element) + gap;
  return Array.from({ length }, (_, i) => ({ bitOffset: bitOffset + i * stride }));
}

/** Bits of memory in the order of a little-endian machine, where bit-fields start at the lowest. */
function readBits(bytes: Uint8Array, bitOffset: number, bitSize: number): bigint {
  const first = bitOffset >> 3;
  const last = bitOffset + bitSize + 7 >> 3;
  const word = bytes.subarray(first, last).reduceRight((sum, byte) => sum << 8n | BigInt(byte), 0n);
  return BigInt.asUintN(bitSize, word >> BigInt(bitOffset & 7));
}

function writeBits(bytes: Uint8Array, bitOffset: number, bitSize: number, value: bigint): void {
  const limit = 1n << BigInt(bitSize);
  if (value >= limit || value < -limit / 2n) {
    throw new RangeError(`Cannot read ${value} as a value: it has more than ${bitSize} bits`);
  }
  for (let i = 0; i < bitSize; i++) {
    const at = bitOffset + i;
    if (value >> BigInt(i) & 1n) bytes[at >> 3]! |= 1 << (at & 7);
  }
}

// Quotation mark, backslash, control characters, and the surrogates that stand for invalid UTF-8.
// deno-lint-ignore no-control-regex
const SPECIAL = /["\\\u0000-\u001f\u007f\udc80-\udcff]/gu;

function quote(bytes: Uint8Array): string {
  const length = bytes.findLastIndex((byte) => byte !== 0) + 1;
  const text = decodeText(new DataView(bytes.buffer, bytes.byteOffset), 0, length);
  const escape = (special: string) =>
    special === '"' || special === "\\"
      ? `\\${special}`
      : `\\x${(special.charCodeAt(0) & 0xff).toString(16).padStart(2, "0")}`;
  return `"${text.replace(SPECIAL, escape)}"`;
}

/** Parses a text from left to right. */
class Reader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  /** Skips a sign, which must come next; the empty text stands for the end. */
  take(sign: string): void {
    this.#match(sign === "" ? /\s*$/y : new RegExp(`\\s*\\${sign}`, "y"), sign || "the end");
  }

  integer(): bigint {
    const [, minus, digits] = this.#match(/\s*(-?)(0x[0-9a-f]+|\d+)\b/iy, "a number");
    return minus ? -BigInt(digits!) : BigInt(digits!);
  }

  /** Bytes, at most so many. */
  text(most: number): Uint8Array {
    const [, quoted] = this.#match(/\s*"((?:[^"\\]|\\.)*)"/y, "a text in quotation marks");
    const byte = (hex: string) => Number.parseInt(hex, 16);
    const plain = quoted!.replace(
      /\\(?:x([0-9a-f]{2})|(.))/gi,
      (_, hex, sign) =>
        hex === undefined
          ? sign
          : String.fromCharCode(byte(hex) < 0x80 ? byte(hex) : 0xdc00 + byte(hex)),
    );
    const bytes = encodeText(plain);
    if (bytes.length <= most) return bytes;
    throw new RangeError(`Cannot read "${quoted}" as a value: it has more than ${most} bytes`);
  }

  #match(pattern: RegExp, expected: string): RegExpExecArray {
    pattern.lastIndex = this.#at;
    const match = pattern.exec(this.#text);
    if (match === null) {
      throw new SyntaxError(
        `Cannot read '${this.#text}' as a value: expected ${expected} at column ${this.#at + 1}`,
      );
    }
    this.#at = pattern.lastIndex;
    return match;
  }
}
