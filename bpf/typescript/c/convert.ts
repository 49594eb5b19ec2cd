/**
 * C's conversions between types.
 *
 * @module
 */

import { NotKnown, type PlaceInC, type Tree } from "./tree.ts";
import {
  describeInC,
  type IntInC,
  type PointerInC,
  pointerTo,
  S32,
  S64,
  sizeInC,
  type TypeInC,
  U32,
  U64,
} from "./types.ts";

/** An expression as an rvalue: an array decays to its address. */
export function valueOf(tree: Tree, at: number): Tree {
  const { type } = tree;
  if (tree.op === "context") {
    throw new NotKnown("what a probe is given has members, and no value of its own", at);
  }
  if (type.kind === "array") {
    return addressOf(tree as PlaceInC, pointerTo(type.element()));
  }
  return tree;
}

/** The address of an lvalue. */
export function addressOf({ pointer, offset }: PlaceInC, type: PointerInC): Tree {
  return { op: "address", of: pointer, offset, type };
}

/** What a pointer points to, at a byte offset. */
export function placeBehind(pointer: Tree, offset: number, type: TypeInC): PlaceInC {
  if (pointer.op === "address") {
    return { op: "place", pointer: pointer.of, offset: pointer.offset + offset, type };
  }
  return { op: "place", pointer, offset, type };
}

/** A scalar, as conditions need it. @throws {NotKnown} */
export function scalarOf(tree: Tree, at: number, operand: string): Tree {
  const value = valueOf(tree, at);
  if (value.type.kind === "int" || value.type.kind === "pointer") return value;
  throw new NotKnown(`invalid ${operand} type '${describeInC(value.type)}'`, at);
}

/** Integer promotion: a number of at least 32 bits. @throws {NotKnown} */
export function promoted(tree: Tree, at: number): Tree & { readonly type: IntInC } {
  const value = valueOf(tree, at);
  if (value.type.kind !== "int") {
    throw new NotKnown(`invalid operand type '${describeInC(value.type)}'`, at);
  }
  return convert(value, promotion(value, value.type)) as Tree & { readonly type: IntInC };
}

function promotion(tree: Tree, type: IntInC): IntInC {
  const width = tree.op === "place" && tree.bits ? tree.bits.width : type.bits;
  return width < 32 || type.bits < 32 ? S32 : type;
}

/** The usual arithmetic conversions: the common type of both operands. */
export function commonType(a: IntInC, b: IntInC): IntInC {
  if (a.bits === b.bits) return a.signed ? b : a;
  return a.bits > b.bits ? a : b;
}

/** Converts a value; without effect if it has that type already. */
export function convert(tree: Tree, type: TypeInC): Tree {
  const from = tree.type;
  if (from.kind === "int" && type.kind === "int") {
    if (from.bits === type.bits && from.signed === type.signed && !type.isBool) return tree;
    if (tree.op === "constant" && !type.isBool) {
      return { op: "constant", value: wrap(tree.value, type), type };
    }
  }
  if (tree.op === "address" && type.kind === "pointer") return { ...tree, type };
  return { op: "cast", of: tree, type };
}

/** A number truncated to a type. */
export const wrap = (value: bigint, { bits, signed }: IntInC): bigint =>
  signed ? BigInt.asIntN(bits, value) : BigInt.asUintN(bits, value);

/** Pointer arithmetic: a pointer plus a number of elements. @throws {NotKnown} */
export function advance(pointer: Tree, index: Tree, sign: 1n | -1n, at: number): Tree {
  const type = pointer.type as PointerInC;
  const size = sizeInC(type.to());
  if (size === undefined) {
    throw new NotKnown(`arithmetic on a pointer to '${describeInC(type.to())}'`, at);
  }
  const wide = index.type.kind === "int" && index.type.signed ? S64 : U64;
  const steps = convert(index, wide);
  const scale = sign * BigInt(size);
  if (steps.op === "constant") {
    const offset = Number(steps.value * scale);
    if (Math.abs(offset) < 2 ** 30) {
      return pointer.op === "address"
        ? { ...pointer, offset: pointer.offset + offset }
        : { op: "address", of: pointer, offset, type };
    }
  }
  const factor: Tree = { op: "constant", value: scale, type: S64 };
  const bytes: Tree = { op: "arithmetic", fn: "*", a: convert(steps, S64), b: factor, type: S64 };
  return { op: "arithmetic", fn: "+", a: pointer, b: bytes, type };
}

/** The type of an integer literal. */
export function literalType(value: bigint, isDecimal: boolean, suffix: string): IntInC | undefined {
  const isUnsigned = /u/i.test(suffix), isLong = /l/i.test(suffix);
  const candidates = [S32, U32, S64, U64].filter((type) =>
    (!isUnsigned || !type.signed) && (!isLong || type.bits === 64) &&
    (!isDecimal || isUnsigned || type.signed)
  );
  return candidates.find((type) => wrap(value, type) === value);
}
