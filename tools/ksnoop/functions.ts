/**
 * Resolves kernel functions and the types of their parameters, with the kernel's BTF.
 *
 * @module
 */

import { type Btf, BtfKind } from "../../plumbing.ts";
import { UsageError } from "../../toolkit/options/options.ts";
import { typeText } from "./type_text.ts";
import { COMPARISONS, MAX_VALUES, type Spec, type Wanted } from "./spec.ts";

/** Bits of `kind`, as in ksnoop.bpf.c. */
export const Kind = { POINTER: 1, MEMBER: 2, SIGNED: 4, TEXT: 8 } as const;

/** A value to show, as the kernel side receives it. */
export interface Shown {
  /** As in the spec: `skb->len`. */
  readonly name: string;
  /** The BTF id of the value's type; of a pointer, the id of the target's type. */
  readonly type: number;
  readonly argument: number;
  readonly offset: number;
  readonly size: number;
  readonly kind: number;
  readonly comparison: number;
  readonly compared: bigint;
  /** Size of a number or pointer in bytes; 0 for a struct. */
  readonly width: number;
}

/** A function and the values to show. */
export interface Traced {
  readonly name: string;
  readonly shown: readonly Shown[];
}

/** Flags of a function, as in ksnoop.bpf.c. */
const Flag = { KEPT: 1, FIRST_OF_MANY: 2, LATER_OF_MANY: 4, LAST: 8 } as const;

/**
 * The flags of a function: values at its entry may have to be kept until its return.
 *
 * @param place with `--stack`: the function's index in the list of functions that must call one
 * another, and the length of that list
 */
export function flagsOf(
  { shown }: Traced,
  place: readonly [index: number, count: number] | undefined,
): number {
  const [index, count] = place ?? [0, 0];
  const isLast = index === count - 1;
  const isAtReturn = ({ argument }: Shown) => argument === RESULT;
  const hasBoth = shown.some(isAtReturn) && !shown.every(isAtReturn);
  const isKept = place && !isLast || hasBoth && shown.some(({ comparison }) => comparison !== 0);
  return (isKept ? Flag.KEPT : 0) |
    (place ? index === 0 ? Flag.FIRST_OF_MANY : Flag.LATER_OF_MANY : 0) |
    (place && isLast ? Flag.LAST : 0);
}

/** How many arguments in registers can be read. */
export const MAX_ARGUMENTS = 5;
/** The argument index that stands for the return value. */
export const RESULT = MAX_VALUES - 1;
const RETURN = "return";
const POINTER_BYTES = 8;

interface Parameter {
  readonly name: string;
  readonly type: number;
}

/** The parameters and result of a function. */
interface Prototype {
  readonly parameters: readonly Parameter[];
  readonly result: number;
}

function prototypeOf(btf: Btf, name: string): Prototype {
  const id = btf.functions([name]).get(name);
  if (id === undefined) {
    throw new UsageError(
      `this kernel's BTF has no function ${name}: it does not exist, is inlined, or is a module's`,
    );
  }
  const prototype = btf.target(id);
  return { parameters: btf.parameters(prototype), result: btf.target(prototype) };
}

/** The C declaration of a function. */
export function declaration(btf: Btf, name: string): string {
  const { parameters, result } = prototypeOf(btf, name);
  const part = ({ name, type }: Parameter) => {
    const text = typeText(btf, type);
    return `${text}${text.endsWith("*") ? "" : " "}${name}`.trimEnd();
  };
  const beyond = parameters.length - MAX_ARGUMENTS;
  const rest = beyond > 0 ? ` /* and ${beyond} more args that are not traceable */` : "";
  const list = parameters.slice(0, MAX_ARGUMENTS).map(part).join(", ");
  return `${part({ name, type: result })}(${list}${rest});`;
}

/** Resolves a spec against this kernel's BTF. @throws {UsageError} */
export function resolve(btf: Btf, { name, wanted }: Spec): Traced {
  const { parameters, result } = prototypeOf(btf, name);
  // A struct passed by value shifts the registers of later arguments.
  const isWhole = ({ type }: Parameter) =>
    ([BtfKind.STRUCT, BtfKind.UNION] as number[]).includes(btf.kind(btf.resolve(type)));
  const whole = parameters.findIndex(isWhole);
  const known = parameters.slice(0, whole < 0 ? MAX_ARGUMENTS : Math.min(whole, MAX_ARGUMENTS));
  const isVoid = btf.resolve(result) === 0;
  const plain = (argument: string): Wanted => {
    return { argument, member: undefined, comparison: undefined, compared: 0n };
  };
  const all = wanted ?? [...known.map(({ name }) => name), ...isVoid ? [] : [RETURN]].map(plain);
  const shown = all.map((each) => {
    const place = known.findIndex(({ name }) => name === each.argument);
    const type = each.argument === RETURN && !isVoid ? result : known[place]?.type;
    if (type === undefined) {
      const names = [...known.map(({ name }) => name), ...isVoid ? [] : [RETURN]].join(", ");
      throw new UsageError(`${name} has no "${each.argument}": it has ${names || "none"}`);
    }
    return shownValue(btf, each, type, each.argument === RETURN ? RESULT : place);
  });
  return { name, shown };
}

function shownValue(btf: Btf, wanted: Wanted, type: number, argument: number): Shown {
  const { member, comparison, compared } = wanted;
  const name = member === undefined ? wanted.argument : `${wanted.argument}->${member}`;
  const found = member === undefined
    ? { type, offset: 0 }
    : memberOf(btf, wanted.argument, type, member);
  const shape = shapeOf(btf, found.type);
  if (comparison && shape.width === 0) {
    throw new UsageError(`${name} is no number or pointer, and cannot be compared`);
  }
  return {
    name,
    argument,
    offset: found.offset,
    ...shape,
    kind: shape.kind | (member === undefined ? 0 : Kind.MEMBER),
    comparison: comparison ? COMPARISONS[comparison] : 0,
    compared: BigInt.asUintN(64, compared),
  };
}

/** How a value is read; a pointer is dereferenced once. */
function shapeOf(btf: Btf, type: number): Pick<Shown, "type" | "size" | "kind" | "width"> {
  const inner = btf.resolve(type);
  if (btf.kind(inner) === BtfKind.PTR) {
    const target = btf.resolve(btf.target(inner));
    const isText = btf.kind(target) === BtfKind.INT && btf.size(target) === 1 &&
      typeText(btf, btf.target(inner)).endsWith("char");
    return {
      type: btf.target(inner),
      size: isText ? 1 : sizeOf(btf, target),
      kind: Kind.POINTER | (isText ? Kind.TEXT : 0),
      width: POINTER_BYTES,
    };
  }
  const size = sizeOf(btf, inner);
  const kind = btf.kind(inner);
  const isNumber = kind === BtfKind.INT || kind === BtfKind.ENUM || kind === BtfKind.ENUM64;
  const isSigned = kind === BtfKind.INT
    ? btf.encoding(inner).isSigned
    : isNumber && btf.isSignedEnum(inner);
  return {
    type,
    size: isNumber ? 0 : size,
    kind: isSigned ? Kind.SIGNED : 0,
    width: isNumber && size <= 8 ? size : 0,
  };
}

/** The size of a type in bytes, as sizeof; 0 for types without a size. */
export function sizeOf(btf: Btf, type: number): number {
  const inner = btf.resolve(type);
  switch (btf.kind(inner)) {
    case BtfKind.PTR:
      return POINTER_BYTES;
    case BtfKind.ARRAY:
      return btf.arrayLength(inner) * sizeOf(btf, btf.target(inner));
    case BtfKind.INT:
    case BtfKind.STRUCT:
    case BtfKind.UNION:
    case BtfKind.ENUM:
    case BtfKind.ENUM64:
    case BtfKind.FLOAT:
      return btf.size(inner);
    default:
      return 0;
  }
}

function memberOf(btf: Btf, argument: string, type: number, member: string) {
  const inner = btf.resolve(type);
  const target = btf.kind(inner) === BtfKind.PTR ? btf.resolve(btf.target(inner)) : 0;
  const isStruct = (id: number) =>
    btf.kind(id) === BtfKind.STRUCT || btf.kind(id) === BtfKind.UNION;
  const find = (id: number, bits: number): { type: number; offset: number } | undefined => {
    for (const each of btf.members(id)) {
      const at = bits + each.bitOffset;
      if (each.name === member) {
        if (each.bitSize > 0) throw new UsageError(`${argument}->${member} is a bit-field`);
        return { type: each.type, offset: at / 8 };
      }
      const within = btf.resolve(each.type);
      const found = each.name === "" && isStruct(within) ? find(within, at) : undefined;
      if (found) return found;
    }
    return undefined;
  };
  if (!isStruct(target)) throw new UsageError(`${argument} is no pointer to a struct`);
  const found = find(target, 0);
  if (found) return found;
  throw new UsageError(`${typeText(btf, target)} has no member ${member}`);
}
