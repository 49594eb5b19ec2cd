/**
 * C's operators on typed trees: operand and result types.
 *
 * @module
 */

import { advance, commonType, convert, promoted, scalarOf, valueOf } from "./convert.ts";
import { type ArithmeticInC, type ComparisonInC, NotKnown, type Tree } from "./tree.ts";
import {
  describeInC,
  type IntInC,
  type MemberInC,
  S32,
  S64,
  sizeInC,
  type TypeInC,
  U64,
} from "./types.ts";

/** A token and its position. */
type Word = { readonly kind: string; readonly text: string; readonly at: number };

/** A cast. @throws {NotKnown} */
export function cast(tree: Tree, type: TypeInC, at: number): Tree {
  const value = valueOf(tree, at);
  const isScalar = ({ kind }: TypeInC) => kind === "int" || kind === "pointer";
  if (!isScalar(value.type)) {
    const given = describeInC(value.type);
    throw new NotKnown(
      `operand of type '${given}' where arithmetic or pointer type is required`,
      at,
    );
  }
  if (!isScalar(type)) {
    throw new NotKnown(
      `used type '${describeInC(type)}' where arithmetic or pointer type is required`,
      at,
    );
  }
  return convert(value, type);
}

/** A member of a struct. @throws {NotKnown} */
export function member(object: Tree, { text, at, kind }: Word): Tree {
  const { type } = object;
  if (type.kind !== "struct" || object.op !== "place" || kind !== "name") {
    throw new NotKnown(
      `member reference base type '${describeInC(type)}' is not a structure or union`,
      at,
    );
  }
  const found: MemberInC | undefined = type.member(text);
  if (!found) throw new NotKnown(`no member named '${text}' in '${type.name}'`, at);
  const { value } = found;
  if (value?.read) {
    return {
      op: "variable",
      read: value.read,
      type: value.type,
      isKernel: value.isKernel ?? false,
    };
  }
  const { bitOffset, bitSize } = found;
  if (bitSize === undefined) {
    return { ...object, offset: object.offset + bitOffset / 8, type: found.type };
  }
  const bytes = sizeInC(found.type)!;
  const unit = Math.floor(bitOffset / (8 * bytes)) * bytes;
  if (bitOffset - 8 * unit + bitSize > 8 * bytes) {
    throw new NotKnown(`the bits of '${text}' lie in two places`, at);
  }
  return {
    ...object,
    offset: object.offset + unit,
    type: found.type,
    bits: { width: bitSize, shift: bitOffset - 8 * unit },
  };
}

/** `a ? b : c` */
export function choose(condition: Tree, a: Tree, b: Tree): Tree {
  if (a.type.kind === "int" && b.type.kind === "int") {
    const [x, y] = [promoted(a, 0), promoted(b, 0)];
    const type = commonType(x.type, y.type);
    return { op: "choose", condition, a: convert(x, type), b: convert(y, type), type };
  }
  const type = a.type.kind === "pointer" ? a.type : b.type;
  return { op: "choose", condition, a: convert(a, type), b: convert(b, type), type };
}

/** A binary operator. @throws {NotKnown} */
export function operation(
  { text, at }: Word,
  left: Tree,
  leftAt: number,
  right: Tree,
  rightAt: number,
): Tree {
  if (text === "&&" || text === "||") {
    const [a, b] = [scalarOf(left, leftAt, "operand"), scalarOf(right, rightAt, "operand")];
    return { op: text === "&&" ? "and" : "or", a, b, type: S32 };
  }
  const [a, b] = [scalarOf(left, leftAt, "operand"), scalarOf(right, rightAt, "operand")];
  const isComparison = /^[<>=!]=?$/.test(text);
  if (a.type.kind === "pointer" || b.type.kind === "pointer") {
    if (isComparison) return comparison(text as ComparisonInC, convert(a, U64), convert(b, U64));
    return pointerArithmetic(text, a, b, at);
  }
  const [x, y] = [promoted(a, leftAt), promoted(b, rightAt)];
  if (text === "<<" || text === ">>") {
    const { bits } = x.type;
    if (y.op === "constant" && !(y.value >= 0n && y.value < BigInt(bits))) {
      throw new NotKnown(`a shift by ${y.value} of ${bits} bits means nothing in C`, rightAt);
    }
    return { op: "arithmetic", fn: text, a: x, b: y, type: x.type };
  }
  const type = commonType(x.type, y.type);
  const [p, q] = [convert(x, type), convert(y, type)];
  if (isComparison) return comparison(text as ComparisonInC, p, q);
  return { op: "arithmetic", fn: text as ArithmeticInC, a: p, b: q, type };
}

const comparison = (fn: ComparisonInC, a: Tree, b: Tree): Tree => ({
  op: "compare",
  fn,
  a,
  b,
  type: S32,
});

function pointerArithmetic(text: string, a: Tree, b: Tree, at: number): Tree {
  const isPointer = ({ type }: Tree) => type.kind === "pointer";
  if (text === "+" && isPointer(a) !== isPointer(b)) {
    return isPointer(a) ? advance(a, promoted(b, at), 1n, at) : advance(b, promoted(a, at), 1n, at);
  }
  if (text === "-" && isPointer(a) && !isPointer(b)) return advance(a, promoted(b, at), -1n, at);
  if (text === "-" && isPointer(a) && isPointer(b)) {
    const [of, other] = [a.type, b.type].map((type) =>
      type.kind === "pointer" ? sizeInC(type.to()) : 0
    );
    if (of && of === other) {
      const type: IntInC = S64;
      const apart: Tree = {
        op: "arithmetic",
        fn: "-",
        a: convert(a, type),
        b: convert(b, type),
        type,
      };
      const size: Tree = { op: "constant", value: BigInt(of), type };
      return { op: "arithmetic", fn: "/", a: apart, b: size, type };
    }
  }
  throw new NotKnown(
    `invalid operands to binary expression ('${describeInC(a.type)}' and '${describeInC(b.type)}')`,
    at,
  );
}
