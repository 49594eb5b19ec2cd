/**
 * Loads and stores: numbers, bit-fields, texts and structs.
 *
 * @module
 */

import type { Base, Operand, Reg, Width } from "../code/ir.ts";
import { encodeText } from "../../../ffi/codec/mod.ts";
import type { Node } from "../language/syntax.ts";
import {
  describeType,
  type Int,
  isScalar,
  type Scalar,
  sizeOfType,
  type Type,
} from "../language/types.ts";
import { Helper } from "./helpers.ts";
import type { Program } from "./program.ts";
import type { InMemory, InRegister } from "./values.ts";

/** The largest aligned load or store for `bytes` bytes at an offset. */
export function widthAt(offset: number, bytes: number): Width {
  for (const width of [8, 4, 2] as const) {
    if (bytes >= width && offset % width === 0) return width;
  }
  return 1;
}

/** Sign- or zero-extends the lowest bits of a register to 64. */
export function extend(program: Program, value: Operand, bits: number, signed: boolean): Operand {
  const { builder } = program;
  if (typeof value === "bigint") {
    return BigInt.asUintN(64, signed ? BigInt.asIntN(bits, value) : BigInt.asUintN(bits, value));
  }
  if (bits === 64) return value;
  if (signed) {
    const shift = BigInt(64 - bits);
    return builder.alu("arsh", builder.alu("lsh", value, shift), shift);
  }
  return builder.alu("and", value, (1n << BigInt(bits)) - 1n);
}

/** Loads a number or boolean. */
export function loadScalar(program: Program, place: InMemory): InRegister {
  const type = place.type as Scalar;
  const { builder } = program;
  const bytes = sizeOfType(type) as Width;
  const raw = loadRaw(program, place, bytes);
  if (type.kind === "bool") return { kind: "register", reg: raw, type };
  if (place.bits) {
    const { width, shift } = place.bits;
    const shifted = builder.alu("rsh", raw, BigInt(shift));
    const reg = inRegister(program, extend(program, shifted, width, type.signed));
    return { kind: "register", reg, type: { ...type, bits: 64 } };
  }
  const { bigEndian, ...plain } = type;
  const ordered = bigEndian && bytes > 1 ? builder.swap(raw, type.bits as 16 | 32 | 64) : raw;
  const reg = type.signed
    ? inRegister(program, extend(program, ordered, type.bits, true))
    : ordered;
  return { kind: "register", reg, type: plain };
}

/** Loads bytes as they are. */
export function loadRaw(program: Program, place: InMemory, bytes: Width): Reg {
  if (place.access !== "direct") return probe(program, place, bytes);
  return program.builder.load(place.base, place.offset, bytes);
}

/** Reads memory that may be invalid through a helper and the stack: 0 on failure. */
function probe(program: Program, place: InMemory, bytes: Width): Reg {
  const { builder } = program;
  return builder.withSlot(8, (slot) => {
    const address = addressOf(program, place.base, place.offset);
    const helper = place.access === "user" ? Helper.PROBE_READ_USER : Helper.PROBE_READ_KERNEL;
    // On failure the helper clears its buffer.
    builder.call(helper, { ...slot, offset: 0 }, BigInt(bytes), address);
    return builder.load(slot, 0, bytes);
  });
}

export function inRegister(program: Program, operand: Operand): Reg {
  return typeof operand === "number" ? operand : program.builder.copy(operand);
}

/** The address of memory in a register. */
export function addressOf(program: Program, base: Base, offset: number): Reg {
  const { builder } = program;
  if (typeof base !== "number") return builder.address(base, offset);
  return inRegister(program, builder.alu("add", base, BigInt(offset)));
}

/** Stores a number or boolean, truncated. */
export function storeScalar(
  program: Program,
  type: Scalar,
  base: Base,
  offset: number,
  operand: Operand,
): void {
  const { builder } = program;
  const bytes = sizeOfType(type) as Width;
  const swapped = type.kind === "int" && type.bigEndian && bytes > 1
    ? typeof operand === "bigint"
      ? swapConstant(operand, bytes)
      : builder.swap(operand, type.bits as 16 | 32 | 64)
    : operand;
  builder.store(base, offset, bytes, swapped);
}

function swapConstant(value: bigint, bytes: number): bigint {
  let swapped = 0n;
  for (let i = 0; i < bytes; i++) swapped = swapped << 8n | value >> BigInt(8 * i) & 255n;
  return swapped;
}

/** Fills memory with zeros. */
export function clear(program: Program, base: Base, offset: number, bytes: number): void {
  for (let done = 0; done < bytes;) {
    const width = widthAt(offset + done, bytes - done);
    program.builder.store(base, offset + done, width, 0n);
    done += width;
  }
}

/** Copies memory that plain loads can access. */
export function copy(
  program: Program,
  from: InMemory,
  base: Base,
  offset: number,
  bytes: number,
): void {
  const { builder } = program;
  if (from.access !== "direct") {
    const helper = from.access === "user" ? Helper.PROBE_READ_USER : Helper.PROBE_READ_KERNEL;
    const source = addressOf(program, from.base, from.offset);
    builder.call(helper, target(program, base, offset), BigInt(bytes), source);
    return;
  }
  for (let done = 0; done < bytes;) {
    const left = bytes - done;
    const width = Math.min(
      widthAt(from.offset + done, left),
      widthAt(offset + done, left),
    ) as Width;
    builder.store(base, offset + done, width, builder.load(from.base, from.offset + done, width));
    done += width;
  }
}

/** An address as a helper's argument. */
export function target(program: Program, base: Base, offset: number) {
  return typeof base === "number" ? addressOf(program, base, offset) : { ...base, offset };
}

/** Stores a constant text, padded with zeros. */
export function storeText(
  program: Program,
  node: Node,
  text: string,
  base: Base,
  offset: number,
  size: number,
): void {
  const bytes = textBytes(program, node, text, size);
  for (let done = 0; done < size;) {
    const width = widthAt(offset + done, size - done);
    program.builder.store(base, offset + done, width, wordOf(bytes, done, width));
    done += width;
  }
}

/** A text's bytes with zeros up to `size`. @throws {KernelCodeError} when it is too long */
export function textBytes(program: Program, node: Node, text: string, size: number): Uint8Array {
  const encoded = encodeText(text);
  if (encoded.length >= size) {
    throw program.error(
      node,
      `this text has ${encoded.length} bytes and a NUL, and there is room for ${size}`,
    );
  }
  const bytes = new Uint8Array(size);
  bytes.set(encoded);
  return bytes;
}

/** Some of the bytes as a little-endian number. */
export function wordOf(bytes: Uint8Array, at: number, width: number): bigint {
  let word = 0n;
  for (let i = width - 1; i >= 0; i--) word = word << 8n | BigInt(bytes[at + i]!);
  return word;
}

/** Whether values of these types have the same layout. */
export function sameLayout(a: Type, b: Type): boolean {
  if (a.kind === "struct" && b.kind === "struct") {
    return a.shape.bytes === b.shape.bytes &&
      JSON.stringify(a.shape.members) === JSON.stringify(b.shape.members);
  }
  if (a.kind === "array" && b.kind === "array") {
    return a.length === b.length && sameLayout(a.element, b.element);
  }
  return isScalar(a) && isScalar(b) && describeType(a) === describeType(b) &&
    !!(a as Int).bigEndian === !!(b as Int).bigEndian;
}
