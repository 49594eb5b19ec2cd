/**
 * Types of C expressions: C's own, and those of the running kernel from its BTF.
 *
 * @module
 */

import { type Btf, BtfKind } from "../../btf/btf.ts";
import type { Operand } from "../code/ir.ts";
import { types as kernelTypes } from "../language/kernel_types.ts";
import type { Program } from "../lower/program.ts";

/** An integer; in a register it is extended to 64 bits by its signedness. */
export interface IntInC {
  readonly kind: "int";
  readonly bits: 8 | 16 | 32 | 64;
  readonly signed: boolean;
  /** Whether it is _Bool: a value converted to it becomes 0 or 1. */
  readonly isBool?: boolean;
}

/** A pointer. */
export interface PointerInC {
  readonly kind: "pointer";
  /** The target's type, resolved on demand: structs point to each other. */
  readonly to: () => TypeInC;
}

/** A struct or union. */
export interface StructInC {
  readonly kind: "struct";
  /** `struct task_struct`. */
  readonly name: string;
  readonly bytes: number;
  /** A member, also one of an anonymous struct in it. */
  readonly member: (name: string) => MemberInC | undefined;
}

/** A member of a struct. */
export interface MemberInC {
  readonly type: TypeInC;
  readonly bitOffset: number;
  /** Width in bits of a bit-field. */
  readonly bitSize?: number | undefined;
  /** The value it stands for, if it is no member in memory: a dynamic string behind the struct. */
  readonly value?: VariableInC;
}

/** A name with a value. */
export interface VariableInC {
  readonly type: TypeInC;
  /** The value; none for the context parameter, whose members are read in place. */
  readonly read?: ReadValue;
  /** The reason if it cannot be read. */
  readonly problem?: () => string | undefined;
  /** Whether it certainly points to kernel memory. */
  readonly isKernel?: boolean;
}

/** Compiles reading a variable: a value of its type, extended to 64 bits by its signedness. */
export type ReadValue = (program: Program) => Operand;

/** A type of C. */
export type TypeInC =
  | IntInC
  | PointerInC
  | StructInC
  | { readonly kind: "array"; readonly element: () => TypeInC; readonly length: number }
  | { readonly kind: "void" }
  | { readonly kind: "other"; readonly name: string };

export const int = (bits: IntInC["bits"], signed: boolean): IntInC => ({
  kind: "int",
  bits,
  signed,
});
export const VOID: TypeInC = { kind: "void" };
export const CHAR: IntInC = int(8, true);
export const S32: IntInC = int(32, true);
export const U32: IntInC = int(32, false);
export const S64: IntInC = int(64, true);
export const U64: IntInC = int(64, false);
const BOOL: IntInC = { ...int(8, false), isBool: true };

export const pointerTo = (type: TypeInC): PointerInC => ({ kind: "pointer", to: () => type });

/** Type names that need no BTF: they are the same on each 64-bit kernel. */
const NAMED: Readonly<Record<string, TypeInC>> = {
  void: VOID,
  bool: BOOL,
  _Bool: BOOL,
  size_t: U64,
  ssize_t: S64,
  pid_t: S32,
  uid_t: U32,
  gid_t: U32,
  dev_t: U32,
  loff_t: S64,
  off_t: S64,
  sector_t: U64,
  umode_t: int(16, false),
  uintptr_t: U64,
  ...Object.fromEntries(
    ([8, 16, 32, 64] as const).flatMap((bits) => [
      ...[`u${bits}`, `__u${bits}`, `uint${bits}_t`].map((name) => [name, int(bits, false)]),
      ...[`s${bits}`, `__s${bits}`, `int${bits}_t`].map((name) => [name, int(bits, true)]),
      ...bits === 8 ? [] : [[`__be${bits}`, int(bits, false)], [`__le${bits}`, int(bits, false)]],
    ]),
  ),
};

const QUALIFIER = /^(?:const|volatile|restrict|register|__user|__kernel|__rcu|__percpu|__iomem)$/;
const SPECIFIER = /^(?:unsigned|signed|char|short|int|long)$/;

/** Whether a token may begin a type name, whatever variables there are. */
export const beginsType = (word: string): boolean =>
  QUALIFIER.test(word) || SPECIFIER.test(word) || /^(?:struct|union|enum|void|_Bool)$/.test(word);

/** Whether a token is a type name. */
export const isTypeName = (word: string): boolean => namedType(word) !== undefined;

/** The type spelled by tokens and stars; undefined when unknown. */
export function typeOfWords(words: readonly string[]): TypeInC | undefined {
  const plain = words.filter((word) => !QUALIFIER.test(word));
  const stars = plain.indexOf("*");
  const base = stars < 0 ? plain : plain.slice(0, stars);
  const pointers = plain.slice(base.length);
  if (pointers.some((word) => word !== "*")) return undefined;
  const found = baseType(base);
  return found && pointers.reduce<TypeInC>((type) => pointerTo(type), found);
}

function baseType(words: readonly string[]): TypeInC | undefined {
  const [first, second] = words;
  if (first === undefined) return undefined;
  if (words.length === 2 && /^(?:struct|union|enum)$/.test(first)) return tagged(first, second!);
  if (words.every((word) => SPECIFIER.test(word))) return builtIn(words);
  return words.length === 1 ? namedType(first) : undefined;
}

function builtIn(words: readonly string[]): IntInC | undefined {
  const count = (word: string) => words.filter((each) => each === word).length;
  const [chars, shorts, longs, ints] = ["char", "short", "long", "int"].map(count) as [
    number,
    number,
    number,
    number,
  ];
  const isUnsigned = count("unsigned");
  const isWrong = isUnsigned + count("signed") > 1 || chars + Math.min(shorts + longs, 1) > 1 ||
    chars + ints > 1 || shorts > 1 || longs > 2 || shorts + longs > Math.max(shorts, longs);
  if (isWrong) return undefined;
  return int(chars ? 8 : shorts ? 16 : longs ? 64 : 32, isUnsigned === 0);
}

function tagged(tag: string, name: string): TypeInC | undefined {
  const kinds = tag === "struct"
    ? [BtfKind.STRUCT]
    : tag === "union"
    ? [BtfKind.UNION]
    : [BtfKind.ENUM, BtfKind.ENUM64];
  return byName(`${tag} ${name}`, name, kinds);
}

const namedType = (name: string): TypeInC | undefined =>
  Object.hasOwn(NAMED, name) ? NAMED[name] : byName(name, name, [BtfKind.TYPEDEF]);

/** Caches look-ups: each one compares a name with all of the kernel's. */
const FOUND = new Map<string, TypeInC | undefined>();

function byName(key: string, name: string, kinds: readonly number[]): TypeInC | undefined {
  if (!FOUND.has(key)) {
    const btf = kernelTypes();
    const id = /^[A-Za-z_]\w*$/.test(name) ? btf.find(name, ...kinds) : undefined;
    FOUND.set(key, id === undefined ? undefined : typeOfBtf(btf, id));
  }
  return FOUND.get(key);
}

/** The value of a kernel enumerator. */
export function enumerator(name: string): { value: bigint; type: IntInC } | undefined {
  const btf = kernelTypes();
  const id = btf.enumsWith([name]).get(name);
  const found = id === undefined
    ? undefined
    : btf.enumerators(id).find((each) => each.name === name);
  if (!found || !Number.isSafeInteger(found.value)) return undefined;
  const fits = found.value >= -(2 ** 31) && found.value < 2 ** 31;
  const type = fits ? S32 : found.value >= 0 && found.value < 2 ** 32 ? U32 : S64;
  return { value: BigInt(found.value), type };
}

function typeOfBtf(btf: Btf, given: number): TypeInC {
  const id = btf.resolve(given);
  switch (btf.kind(id)) {
    case BtfKind.VOID:
      return VOID;
    case BtfKind.INT: {
      const bytes = btf.size(id);
      const { isBool, isSigned } = btf.encoding(id);
      if (isBool) return BOOL;
      // char is signed for BPF, whatever it is in the kernel.
      return intOf(btf, id, bytes, isSigned || btf.name(id) === "char");
    }
    case BtfKind.ENUM:
    case BtfKind.ENUM64:
      return intOf(btf, id, btf.size(id), btf.isSignedEnum(id));
    case BtfKind.PTR: {
      const to = btf.target(id);
      return { kind: "pointer", to: () => typeOfBtf(btf, to) };
    }
    case BtfKind.ARRAY: {
      const element = btf.target(id);
      return {
        kind: "array",
        element: () => typeOfBtf(btf, element),
        length: btf.arrayLength(id),
      };
    }
    case BtfKind.STRUCT:
    case BtfKind.UNION: {
      const tag = btf.kind(id) === BtfKind.STRUCT ? "struct" : "union";
      return {
        kind: "struct",
        name: `${tag} ${btf.name(id)}`.trim(),
        bytes: btf.size(id),
        member: (name) => memberOf(btf, id, name, 0),
      };
    }
    default:
      return { kind: "other", name: btf.name(id) };
  }
}

const intOf = (btf: Btf, id: number, bytes: number, signed: boolean): TypeInC =>
  bytes <= 8 ? int(8 * bytes as IntInC["bits"], signed) : { kind: "other", name: btf.name(id) };

function memberOf(btf: Btf, id: number, name: string, base: number): MemberInC | undefined {
  for (const member of btf.members(id)) {
    const bitOffset = base + member.bitOffset;
    if (member.name === name) {
      const type = typeOfBtf(btf, member.type);
      return { type, bitOffset, bitSize: member.bitSize || undefined };
    }
    if (member.name !== "") continue;
    const inner = btf.resolve(member.type);
    const isStruct = btf.kind(inner) === BtfKind.STRUCT || btf.kind(inner) === BtfKind.UNION;
    const found = isStruct ? memberOf(btf, inner, name, bitOffset) : undefined;
    if (found) return found;
  }
  return undefined;
}

/**
 * sizeof; undefined for types without a size. As in GNU C void has one byte, for pointer
 * arithmetic.
 */
export function sizeInC(type: TypeInC): number | undefined {
  switch (type.kind) {
    case "int":
      return type.bits / 8;
    case "pointer":
      return 8;
    case "struct":
      return type.bytes;
    case "array": {
      const element = sizeInC(type.element());
      return element === undefined ? undefined : element * type.length;
    }
    case "void":
      return 1;
    case "other":
      return undefined;
  }
}

/** A type's name in errors. */
export function describeInC(type: TypeInC): string {
  switch (type.kind) {
    case "int":
      return type.isBool ? "_Bool" : `${type.signed ? "s" : "u"}${type.bits}`;
    case "pointer": {
      const to = describeInC(type.to());
      return `${to}${to.endsWith("*") ? "" : " "}*`;
    }
    case "array":
      return `${describeInC(type.element())}[${type.length}]`;
    case "void":
      return "void";
    default:
      return type.name;
  }
}
