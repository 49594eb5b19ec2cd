/**
 * The structs and unions that codec_layout_test.ts compares with C's.
 *
 * @module
 */

import {
  aligned,
  array,
  bits,
  bool,
  bytes,
  bytesRest,
  char,
  chars,
  charsRest,
  type Codec,
  type CompositeType,
  type CType,
  enumOf,
  f32,
  f64,
  type Field,
  i16,
  i32,
  i64,
  i8,
  padding,
  pointer,
  struct,
  u16,
  u16be,
  u32,
  u32be,
  u64,
  u64be,
  u8,
  union,
} from "../../ffi/codec/mod.ts";

const PACKED = { packed: true } as const;

const Odd = struct("", { a: u8, b: u16, c: u8 });
const OddPacked = struct("", { a: u8, b: u32, c: u8 }, PACKED);
const Sign = enumOf("sign", { MINUS: -1, ZERO: 0, PLUS: 1 }, i32);
const Color = enumOf("color", { RED: 0, GREEN: 1, BLUE: 7, CRIMSON: 0 });
const Small = enumOf("small", { SMALL_A: 0, SMALL_B: 200 }, u8);
const Huge = enumOf("huge", { HUGE_A: 5, HUGE_B: 4294967295 });
// C makes this enum unsigned, so its fields are declared __s32.
const Plus = enumOf("plus", { PLUS_A: 0, PLUS_B: 1 }, i32);

/** Layouts that are easy to get wrong; the struct's name says which feature it tests. */
export const TRAPS: readonly Codec<unknown>[] = [
  struct("one_byte", { a: u8 }),
  struct("u64_after_u8", { a: u8, b: u64 }),
  struct("tail_padding", { a: u64, b: u8 }),
  struct("every_width", { a: u8, b: u16, c: u8, d: u32, e: u8, f: u64, g: u8, h: f64, i: f32 }),
  struct("every_sign", { a: i8, b: i16, c: i8, d: i32, e: i8, f: i64, g: char, h: bool }),
  struct("pointers", { a: u8, p: pointer, b: bool, q: array(pointer, 3) }),
  struct("network_order", { a: u16be, b: u32be, c: u8, d: u64be }),
  struct("text", { a: chars(1), b: chars(16), c: chars(255), d: u32 }),
  struct("raw", { a: bytes(3), b: u16, c: bytes(7) }),
  struct("many_names", { a: array(chars(16), 3), b: array(bytes(5), 2), c: u16 }),
  struct("matrix", { a: u8, m: array(array(u16, 3), 2), z: u8 }),
  struct("enums", { a: u8, s: Sign, b: u8, c: Color, d: Huge, e: Plus }),
  struct("enum_arrays", { a: array(enumOf("coin", { HEADS: 1, TAILS: 2 }), 3) }),
  struct("enum_byte", { a: u8, s: Small, b: u8 }),
  struct("enum_nameless", { e: enumOf("", { LONELY: 3 }), a: u8 }),
  struct("nested", { a: u8, in: Odd, b: u8 }),
  struct("nested_named", { a: u8, n: struct("nested_inner", { x: u64, y: u8 }), b: u8 }),
  struct("nested_twice", {
    a: struct("shared_inner", { x: u16, y: u8 }),
    b: array(struct("shared_inner", { x: u16, y: u8 }), 2),
  }),
  struct("array_of_structs", { a: u8, s: array(struct("", { x: u32, y: u8 }), 3), b: u8 }),
  struct("packed_plain", { a: u8, b: u64, c: u16, d: u8 }, PACKED),
  struct("packed_nested", { a: u8, o: OddPacked, b: u32 }),
  struct("packed_around_natural", { a: u8, o: Odd, b: u64 }, PACKED),
  struct("packed_array", { a: u8, s: array(OddPacked, 3), b: u16 }),
  struct("aligned_struct", { a: u8 }, { align: 16 }),
  struct("aligned_nested", { a: u8, s: struct("", { x: u8 }, { align: 8 }), b: u8 }),
  struct("aligned_array", { a: u8, s: array(struct("", { x: u8 }, { align: 4 }), 3) }),
  struct("aligned_less", { a: u64, b: u8 }, { align: 2 }),
  struct("aligned_packed", { a: u8, b: u32, c: u8 }, { packed: true, align: 4 }),
  struct("aligned_member", { a: u8, b: aligned(u8, 8), c: u8 }),
  struct("aligned_member_less", { a: u8, b: aligned(u32, 2), c: u8 }),
  struct("aligned_member_packed", { a: u8, b: aligned(u32, 2), c: u8, d: aligned(u8, 4) }, PACKED),
  struct("aligned_member_array", { a: u8, b: aligned(chars(5), 32), c: u8 }),
  struct("bits_one_unit", { a: bits(u32, 3), b: bits(u32, 20), c: bits(u32, 9) }),
  struct("bits_straddle", { a: bits(u32, 30), b: bits(u32, 5), c: bits(u32, 28) }),
  struct("bits_straddle_u8", { a: bits(u8, 5), b: bits(u8, 5), c: bits(u8, 3), d: bits(u8, 8) }),
  struct("bits_straddle_u64", { a: u8, b: bits(u64, 40), c: bits(u64, 40), d: bits(u64, 64) }),
  struct("bits_after_byte", { a: u8, b: bits(u32, 20), c: bits(u32, 5) }),
  struct("bits_byte_between", { a: bits(u32, 3), b: u8, c: bits(u32, 3), d: u16, e: bits(u32, 9) }),
  struct("bits_mixed_widths", {
    a: bits(u8, 3),
    b: bits(u16, 9),
    c: bits(u32, 20),
    d: bits(u64, 7),
  }),
  struct("bits_signed", { a: bits(i32, 1), b: bits(i32, 7), c: bits(i16, 11), d: bits(i8, 8) }),
  struct("bits_signed_wide", { a: bits(i64, 33), b: bits(i64, 31), c: bits(i64, 64) }),
  struct("bits_bool", { a: bits(bool, 1), b: bits(u8, 4), c: bits(bool, 1), d: bool }),
  struct("bits_enum", { a: bits(Color, 3), b: bits(Sign, 2), c: bits(Small, 8), d: bits(Plus, 4) }),
  struct("bits_char", { a: bits(char, 4), b: bits(char, 4) }),
  struct("bits_full", { a: bits(u8, 8), b: bits(u16, 16), c: bits(u32, 32) }),
  struct("bits_zero_width", { a: bits(u32, 3), z: bits(u32, 0), b: bits(u32, 3) }),
  struct("bits_zero_byte", { a: bits(u8, 3), z: bits(u32, 0), b: bits(u8, 3) }),
  struct("bits_zero_then_plain", { a: u8, z: bits(u32, 0), b: u8 }),
  struct("bits_zero_last", { a: bits(u16, 3), z: bits(u64, 0) }),
  struct("bits_unnamed", { a: bits(u8, 3), gap: padding(u32, 20), b: bits(u8, 3) }),
  struct("bits_unnamed_last", { a: u8, gap: padding(u32, 5) }),
  struct("bits_packed", { a: bits(u32, 30), b: bits(u32, 5), c: u8, d: bits(u64, 61) }, PACKED),
  struct("bits_packed_wide", { a: bits(u8, 7), b: bits(u64, 64), c: bits(i64, 63) }, PACKED),
  struct("bits_packed_zero", { a: bits(u8, 3), z: bits(u16, 0), b: bits(u32, 3), c: u16 }, PACKED),
  struct("bits_packed_unnamed", { a: bits(u8, 3), g: padding(u32, 20), b: bits(u8, 3) }, PACKED),
  struct("bits_nested", { a: u8, s: struct("", { x: bits(u8, 4), y: bits(u16, 9) }), b: u8 }),
  struct("bits_tcp", { off: bits(u16, 4), flags: bits(u16, 9), window: u16be }),
  union("union_widths", { a: u8, b: u16, c: u64 }),
  union("union_odd", { a: bytes(5), b: u16 }),
  union("union_packed", { a: bytes(5), b: u32 }, PACKED),
  union("union_aligned", { a: u8, b: u16 }, { align: 8 }),
  union("union_bits", { a: bits(u32, 5), b: u8, c: bits(i16, 11) }),
  union("union_structs", { a: Odd, b: OddPacked, c: chars(9) }),
  struct("union_inside", { a: u8, u: union("", { x: u64, y: chars(11) }), b: u8 }),
  struct("union_array", { a: u8, u: array(union("", { x: u16, y: bytes(3) }), 3), b: u8 }),
  struct("tail_text", { a: u32, b: u8, path: charsRest() }),
  struct("tail_raw", { a: u64, b: u16, data: bytesRest() }),
  struct("tail_packed", { a: u8, b: u32, path: charsRest() }, PACKED),
  struct("tail_aligned", { a: u8, data: aligned(bytesRest(), 8) }),
  struct("tail_behind_bits", { a: bits(u32, 9), path: charsRest() }),
  struct("opensnoop_event", {
    ts: u64,
    pid: u32,
    uid: u32,
    ret: i32,
    flags: i32,
    mode: u16,
    comm: chars(16),
    path: chars(255),
  }),
];

/** A whole number from 0 to `below` - 1. */
export type Random = (below: number) => number;

/** Marsaglia's xorshift32. */
export function generator(seed: number): Random {
  let state = seed | 1;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return Math.floor((state >>> 0) / 2 ** 32 * below);
  };
}

const INTEGERS = [u8, u16, u32, u64, i8, i16, i32, i64] as readonly Codec<unknown>[];
const SCALARS = [...INTEGERS, f32, f64, bool, char, pointer, u16be, u32be, u64be, Color, Sign];

/** A struct or union of random fields; its tags begin with `name`. */
export function randomComposite(random: Random, name: string, depth: number): Codec<unknown> {
  const kind = random(5) === 0 ? "union" : "struct";
  const fields: Record<string, Field<unknown>> = { first: randomField(random, `${name}_0`, depth) };
  const count = random(7);
  for (let i = 1; i <= count; i++) fields[`f${i}`] = randomField(random, `${name}_${i}`, depth);
  if (kind === "struct" && random(4) === 0) {
    fields["gap"] = padding(INTEGERS[random(8)]!, random(9));
    fields["behind"] = randomField(random, `${name}_b`, depth);
  }
  if (kind === "struct" && depth === 0 && random(6) === 0) {
    fields["tail"] = random(2) ? charsRest() : bytesRest();
  }
  const options = {
    packed: random(4) === 0,
    ...(random(6) === 0 ? { align: 2 ** random(6) } : {}),
  };
  const tag = depth > 0 && random(2) ? "" : name;
  return kind === "struct" ? struct(tag, fields, options) : union(tag, fields, options);
}

function randomField(random: Random, name: string, depth: number): Field<unknown> {
  const scalar = SCALARS[random(SCALARS.length)]!;
  const pick = random(12);
  if (pick < 4) return scalar;
  if (pick < 7) {
    const codec = INTEGERS[random(8)]!;
    return random(6) === 0 ? bits(bool, 1) : bits(codec, 1 + random(codec.size * 8));
  }
  if (pick === 7) return aligned(scalar, 2 ** random(5));
  if (pick === 8) return random(2) ? chars(1 + random(40)) : bytes(1 + random(20));
  // No arrays of u8 and char: the test would treat them as bytes(n) and chars(n).
  if (pick === 9) return array(scalar === u8 || scalar === char ? u16 : scalar, 1 + random(4));
  if (depth === 2) return scalar;
  const inner = randomComposite(random, name, depth + 1);
  return pick === 10 ? inner : array(inner, 1 + random(3));
}

/** One member's value for the comparison with C: a scalar as a C literal, an array as bytes. */
export interface Leaf {
  readonly path: readonly (string | number)[];
  readonly value: unknown;
  readonly literal?: string;
  readonly bytes?: Uint8Array;
  /** Bytes of the array in C, 0 for a flexible one. */
  readonly room?: number;
}

/** A random value of a type, its leaves appended to `leaves`. */
function fill(
  random: Random,
  type: CType,
  path: Leaf["path"],
  leaves: Leaf[],
  width = 64,
): unknown {
  const leaf = (value: unknown, rest: Partial<Leaf>) => {
    leaves.push({ path, value, ...rest });
    return value;
  };
  switch (type.kind) {
    case "float": {
      const value = Math.fround((random(2 ** 32) - 2 ** 31) / 2 ** random(40));
      return leaf(value, { literal: `(${type.name})${value.toExponential()}` });
    }
    case "pointer": {
      const value = randomInteger(random, 64, false);
      return leaf(value, { literal: `(void *)${value}ULL` });
    }
    case "int":
    case "enum": {
      const size = Math.min(width, type.name === "_Bool" ? 1 : type.bytes * 8);
      const value = randomInteger(random, size, type.signed);
      const text = !type.signed ? `${value}ULL` : `(${value + 1n}LL - 1)`;
      const swapped = type.kind === "int" && type.bigEndian;
      const literal = swapped ? `__builtin_bswap${type.bytes * 8}(${text})` : text;
      if (type.name === "_Bool") return leaf(value === 1n, { literal });
      if (type.kind === "int") return leaf(type.bytes === 8 ? value : Number(value), { literal });
      const known = Object.entries(type.values).find((entry) => entry[1] === Number(value));
      return leaf(known ? known[0] : Number(value), { literal });
    }
    case "array": {
      const { element, length } = type;
      const name = element.kind === "int" ? element.name : "";
      if (name !== "char" && name !== "__u8") {
        const at = (_: unknown, i: number) => fill(random, element, [...path, i], leaves);
        return Array.from({ length }, at);
      }
      const room = length || random(30);
      const count = name === "char" && length ? random(length + 1) : room;
      const low = name === "char" ? 1 : 0;
      const bytes = Uint8Array.from({ length: count }, () => low + random(0x7f));
      const value = name === "char" ? new TextDecoder().decode(bytes) : bytes;
      return leaf(value, { bytes, room: length });
    }
    default: {
      const named = type.members.filter(({ name }) => name !== "");
      const chosen = type.kind === "union" ? [named[random(named.length)]!] : named;
      return Object.fromEntries(chosen.map((member) => {
        const inner = [...path, member.name];
        return [member.name, fill(random, member.type, inner, leaves, member.bitSize)];
      }));
    }
  }
}

function randomInteger(random: Random, width: number, signed: boolean): bigint {
  const whole = BigInt(random(2 ** 32)) << 32n | BigInt(random(2 ** 32));
  const edge = [0n, 1n, -1n, 1n << BigInt(width - 1)][random(12)];
  return (signed ? BigInt.asIntN : BigInt.asUintN)(width, edge ?? whole);
}

/** One struct or union with a value for it. */
export interface Case {
  readonly codec: Codec<unknown>;
  readonly type: CompositeType;
  readonly leaves: readonly Leaf[];
  readonly written: Uint8Array;
  /** The size of the value in bytes, including a flexible array member. */
  readonly end: number;
}

/** Writes a random value of the codec's type. */
export function makeCase(random: Random, codec: Codec<unknown>): Case {
  const type = codec.type as CompositeType;
  const leaves: Leaf[] = [];
  const value = fill(random, type, [], leaves);
  const tail = leaves.find(({ room }) => room === 0);
  const end = tail ? type.members.at(-1)!.bitOffset / 8 + tail.bytes!.length : codec.size;
  const total = Math.max(end, codec.size);
  // Offset 3: codecs must read and write at any alignment.
  const memory = new Uint8Array(3 + total).fill(0xee);
  codec.write(new DataView(memory.buffer), 3, value);
  return { codec, type, leaves, written: memory.subarray(3), end };
}
