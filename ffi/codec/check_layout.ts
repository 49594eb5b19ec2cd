/**
 * Layouts from BTF: checking a codec against one, and making a codec from one.
 *
 * @module
 */

import type { ArrayType, Codec, CompositeType, CType, Member } from "./codec.ts";
import {
  array,
  bool,
  chars,
  charsRest,
  enumOf,
  f32,
  f64,
  i16,
  i32,
  i64,
  i8,
  pointer,
  u16,
  u16be,
  u32,
  u32be,
  u64,
  u64be,
  u8,
} from "./mod.ts";
import { LayoutError } from "./layout_error.ts";

/**
 * Checks that a codec reads what the object declares.
 *
 * Every member of the codec must exist in the object at the same offset with the same size, sign
 * and byte order; sizes must agree as a whole. An array of bytes may stand for anything of its
 * size, and a number in network order for one whose C type does not tell its order.
 *
 * @param what names the thing that is read, for the message: `events of ring buffer "events"`
 * @throws {LayoutError} naming the first field that differs, both offsets and both sizes
 */
export function checkLayout(what: string, codec: CType, object: CType): void {
  const difference = differenceOf(codec, object, "");
  if (difference) throw new LayoutError(`Cannot read ${what}: ${difference}`);
}

function differenceOf(codec: CType, object: CType, path: string): string | undefined {
  const here = path === "" ? "the type" : `field "${path}"`;
  if (sizeOf(codec) !== sizeOf(object)) {
    return `${here} has ${sizeOf(codec)} bytes in the codec and ${sizeOf(object)} in the object`;
  }
  if (codec.kind === "array" && signOf(codec.element) === true && isBytes(object)) {
    return signDifference(codec.element, (object as ArrayType).element, `field "${path}[]"`);
  }
  if (isBytes(codec) || isBytes(object)) return undefined;
  if (isComposite(codec) && isComposite(object)) return memberDifference(codec, object, path);
  if (codec.kind === "array" && object.kind === "array") {
    return differenceOf(codec.element, object.element, `${path}[]`);
  }
  if (
    isComposite(codec) || isComposite(object) || codec.kind === "array" || object.kind === "array"
  ) {
    return `${here} is ${describe(codec)} in the codec and ${describe(object)} in the object`;
  }
  if ((codec.kind === "float") !== (object.kind === "float")) {
    return `${here} is ${describe(codec)} in the codec and ${describe(object)} in the object`;
  }
  return signDifference(codec, object, here) ?? orderDifference(codec, object, here);
}

function signDifference(codec: CType, object: CType, here: string): string | undefined {
  const [ours, theirs] = [signOf(codec), signOf(object)];
  if (ours === undefined || theirs === undefined || ours === theirs) return undefined;
  const sign = (signed: boolean) => signed ? "signed" : "unsigned";
  return `${here} is ${sign(ours)} in the codec and ${sign(theirs)} in the object`;
}

/**
 * Whether a type is signed; undefined where C leaves it open, as for char, or BTF from clang does
 * not say, as for enums.
 */
function signOf(type: CType): boolean | undefined {
  if (type.kind === "pointer") return false;
  return type.kind === "int" && type.name !== "char" ? type.signed : undefined;
}

function orderDifference(codec: CType, object: CType, here: string): string | undefined {
  const isBig = (type: CType) => type.kind === "int" && type.bigEndian === true;
  if (!isBig(object) || isBig(codec)) return undefined;
  return `${here} is in the machine's byte order in the codec and in network order ` +
    `(${describe(object)}) in the object`;
}

function memberDifference(
  codec: CompositeType,
  object: CompositeType,
  path: string,
): string | undefined {
  const theirs = new Map(flatten(object).map((member) => [member.name, member]));
  for (const ours of codec.members) {
    if (ours.name === "") continue;
    const name = path === "" ? ours.name : `${path}.${ours.name}`;
    const their = theirs.get(ours.name);
    if (!their) {
      const names = [...theirs.keys()].join(", ");
      return `field "${name}" does not exist in the object's ${describe(object)}: it has ${names}`;
    }
    if (ours.bitOffset !== their.bitOffset || bitsOf(ours) !== bitsOf(their)) {
      return `field "${name}" is ${place(ours)} in the codec and ${place(their)} in the object`;
    }
    const difference = ours.bitSize === undefined
      ? differenceOf(ours.type, their.type, name)
      : signDifference(ours.type, their.type, `field "${name}"`); // the types' sizes may differ
    if (difference) return difference;
  }
  return undefined;
}

/** Members with those of C11 anonymous structs and unions in their place. */
function flatten(type: CompositeType, base = 0): Member[] {
  return type.members.flatMap((member) => {
    const bitOffset = base + member.bitOffset;
    const anonymous = member.name === "" && isComposite(member.type);
    if (anonymous) return flatten(member.type as CompositeType, bitOffset);
    return [{ ...member, bitOffset }];
  });
}

const isBytes = (type: CType) => type.kind === "array" && sizeOf(type.element) === 1;

/** The shape of `size` bytes of which nothing is known. */
export function bytesType(size: number): CType {
  const byte: CType = { kind: "int", bytes: 1, signed: false, name: "__u8" };
  return { kind: "array", element: byte, length: size };
}

const isComposite = (type: CType): type is CompositeType =>
  type.kind === "struct" || type.kind === "union";

const bitsOf = (member: Member) => member.bitSize ?? sizeOf(member.type) * 8;

function place(member: Member): string {
  const { bitOffset, bitSize } = member;
  if (bitSize !== undefined) return `${bitSize} bits at bit ${bitOffset}`;
  const size = sizeOf(member.type);
  return `${size} byte${size === 1 ? "" : "s"} at offset ${bitOffset / 8}`;
}

function describe(type: CType): string {
  if (type.kind === "array") return `${describe(type.element)}[${type.length || ""}]`;
  if (isComposite(type)) return `${type.kind} ${type.name}`.trim();
  return type.name;
}

/** sizeof, from the shape alone. */
export function sizeOf(type: CType): number {
  switch (type.kind) {
    case "pointer":
      return 8;
    case "array":
      return sizeOf(type.element) * type.length;
    default:
      return type.bytes;
  }
}

const UNSIGNED = { 1: u8, 2: u16, 4: u32, 8: u64 } as const;
const BIG_ENDIAN = { 2: u16be, 4: u32be, 8: u64be } as const;
const SIGNED = { 1: i8, 2: i16, 4: i32, 8: i64 } as const;

/**
 * Makes a codec for a type as BTF describes it: structs become objects, `char` arrays strings,
 * enums their enumerators' names.
 */
export function codecFor(type: CType): Codec<unknown> {
  switch (type.kind) {
    case "int":
      if (type.name === "_Bool" || type.name === "bool") return bool;
      if (type.bigEndian && type.bytes !== 1) return BIG_ENDIAN[type.bytes];
      return (type.signed ? SIGNED : UNSIGNED)[type.bytes];
    case "float":
      return type.bytes === 4 ? f32 : f64;
    case "pointer":
      return pointer;
    case "enum":
      if (type.bytes === 8) return type.signed ? i64 : u64;
      return enumOf(type.name, type.values, (type.signed ? SIGNED : UNSIGNED)[type.bytes]);
    case "array":
      if (isCharacter(type.element)) return type.length === 0 ? charsRest() : chars(type.length);
      return array(codecFor(type.element), type.length);
    default:
      return compositeCodec(type);
  }
}

const isCharacter = (type: CType) => type.kind === "int" && type.name === "char";

/** A struct or union whose members lie where BTF says, whatever rule put them there. */
function compositeCodec(type: CompositeType): Codec<Record<string, unknown>> {
  const fields = flatten(type).filter((member) => member.name !== "").map((member) => ({
    name: member.name,
    offset: Math.floor(member.bitOffset / 8),
    codec: member.bitSize === undefined ? codecFor(member.type) : bitsCodec(member),
  }));
  return {
    size: type.bytes,
    align: 1,
    type,
    read(view, offset, end) {
      return Object.fromEntries(
        fields.map((field) => [field.name, field.codec.read(view, offset + field.offset, end)]),
      );
    },
    write(view, offset, value) {
      new Uint8Array(view.buffer, view.byteOffset + offset, type.bytes).fill(0);
      for (const { name, offset: at, codec } of fields) {
        if (Object.hasOwn(value, name)) codec.write(view, offset + at, value[name]);
      }
    },
  };
}

/** A bit-field as an unsigned or signed number; it lies in at most eight bytes from its first. */
function bitsCodec(member: Member): Codec<number> {
  const width = member.bitSize!;
  const shift = member.bitOffset % 8;
  const bytes = Math.ceil((shift + width) / 8);
  const signed = "signed" in member.type && member.type.signed;
  const mask = (1n << BigInt(width)) - 1n;
  const word = (view: DataView, offset: number) => {
    let value = 0n;
    for (let i = bytes - 1; i >= 0; i--) value = value << 8n | BigInt(view.getUint8(offset + i));
    return value;
  };
  return {
    size: bytes,
    align: 1,
    type: member.type,
    read(view, offset) {
      const value = word(view, offset) >> BigInt(shift) & mask;
      return Number(signed ? BigInt.asIntN(width, value) : value);
    },
    write(view, offset, value) {
      const kept = word(view, offset) & ~(mask << BigInt(shift));
      let result = kept | (BigInt(value) & mask) << BigInt(shift);
      for (let i = 0; i < bytes; i++, result >>= 8n) {
        view.setUint8(offset + i, Number(result & 0xffn));
      }
    },
  };
}
