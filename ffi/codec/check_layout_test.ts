import assert from "node:assert/strict";
import { test } from "node:test";
import type { Codec, CompositeType, CType, Member } from "./codec.ts";
import {
  array,
  bits,
  bool,
  bytes,
  chars,
  enumOf,
  f32,
  f64,
  i32,
  i64,
  i8,
  ipv4,
  pointer,
  struct,
  textRest,
  u16,
  u16be,
  u32,
  u32be,
  u64,
  u64be,
  u8,
  union,
} from "./mod.ts";
import { bytesType, checkLayout, codecFor, sizeOf } from "./check_layout.ts";

const member = (name: string, offset: number, type: CType, bitSize?: number): Member => ({
  name,
  type,
  bitOffset: bitSize === undefined ? offset * 8 : offset,
  ...bitSize === undefined ? {} : { bitSize },
});
const composite = (
  kind: "struct" | "union",
  name: string,
  bytes: number,
  ...members: Member[]
): CompositeType => ({ kind, name, bytes, packed: false, members });

const Point = struct("point", { x: i32, y: i32 });

/** The object's type: its BTF says what no codec does, such as anonymous members. */
const object = composite(
  "struct",
  "event",
  64,
  member("id", 0, u64.type),
  member("pid", 8, u32.type),
  member("low", 96, u32.type, 5),
  member("high", 101, u32.type, 27),
  member("comm", 16, chars(16).type),
  member(
    "",
    32,
    composite("union", "", 8, member("whole", 0, u64.type), member("half", 0, u32.type)),
  ),
  member("point", 40, Point.type),
  member("numbers", 48, array(u16, 4).type),
  member("ratio", 56, f32.type),
  member("flag", 60, bool.type),
);

const Event = struct("event", {
  id: u64,
  pid: u32,
  low: bits(u32, 5),
  high: bits(u32, 27),
  comm: chars(16),
  whole: u64,
  point: Point,
  numbers: array(u16, 4),
  ratio: f32,
  flag: bool,
});

test("checkLayout() accepts a codec that reads what the object declares", () => {
  checkLayout("events", Event.type, object);
});

const Other = (fields: Parameters<typeof struct>[1]) => struct("other", fields).type;
const Object_ = (...members: Member[]) => composite("struct", "other", 8, ...members);

const SAME: readonly (readonly [what: string, codec: CType, object: CType])[] = [
  ["bytes for anything of their size", bytes(64).type, object],
  ["anything for bytes of its size", Event.type, bytesType(64)],
  ["text for bytes", chars(4).type, array(u8, 4).type],
  ["an enum for its number", enumOf("e", { A: 1 }).type, u32.type],
  ["an address for a number", u64.type, pointer.type],
  ["either sign of a char", u8.type, { kind: "int", bytes: 1, signed: true, name: "char" }],
  ["network order for a number whose type does not tell", u32be.type, u32.type],
  ["an address in network order", ipv4.type, u32be.type],
  [
    "bit-fields of another size of type",
    Other({ a: bits(u64, 3) }),
    Object_(member("a", 0, u8.type, 3)),
  ],
  [
    "a part of the fields",
    Other({ a: u32, gap: u32 }),
    Object_(
      member("a", 0, u32.type),
      member("gap", 4, u32.type),
      member("more", 4, u32.type),
    ),
  ],
];

for (const [what, codec, object] of SAME) {
  test(`checkLayout() accepts ${what}`, () => checkLayout("it", codec, object));
}

const DIFFERENT: readonly (readonly [codec: CType, object: CType, difference: string])[] = [
  [u32.type, u64.type, "the type has 4 bytes in the codec and 8 in the object"],
  [i32.type, u32.type, "the type is signed in the codec and unsigned in the object"],
  [f64.type, u64.type, "the type is double in the codec and __u64 in the object"],
  [u64.type, Object_(), "the type is __u64 in the codec and struct other in the object"],
  [array(u32, 2).type, u64.type, "the type is __u32[2] in the codec and __u64 in the object"],
  [
    array(u32, 2).type,
    array(u16, 4).type,
    'field "[]" has 4 bytes in the codec and 2 in the object',
  ],
  [
    Other({ a: u32, b: u32 }),
    Object_(member("a", 0, u32.type), member("c", 4, u32.type)),
    'field "b" does not exist in the object\'s struct other: it has a, c',
  ],
  [
    Other({ b: u32, a: u32 }),
    Object_(member("a", 0, u32.type), member("b", 4, u32.type)),
    'field "b" is 4 bytes at offset 0 in the codec and 4 bytes at offset 4 in the object',
  ],
  [
    Other({ a: u16, gap: u16, b: u32 }),
    Object_(member("a", 0, u32.type), member("gap", 2, u16.type)),
    'field "a" is 2 bytes at offset 0 in the codec and 4 bytes at offset 0 in the object',
  ],
  [
    Other({ a: bits(u32, 4), b: bits(u32, 5), c: u32 }),
    Object_(member("a", 0, u32.type, 4), member("b", 4, u32.type, 6)),
    'field "b" is 5 bits at bit 4 in the codec and 6 bits at bit 4 in the object',
  ],
  [
    Other({ a: u32, b: u32 }),
    Object_(member("a", 0, u32.type, 4)),
    'field "a" is 4 bytes at offset 0 in the codec and 4 bits at bit 0 in the object',
  ],
  [
    Other({ a: u64 }),
    Object_(member("a", 0, Point.type)),
    'field "a" is __u64 in the codec and struct point in the object',
  ],
  [
    Other({ inner: struct("inner", { x: i32, y: u32 }) }),
    Object_(member("inner", 0, Point.type)),
    'field "inner.y" is unsigned in the codec and signed in the object',
  ],
  [i8.type, u8.type, "the type is signed in the codec and unsigned in the object"],
  [i64.type, pointer.type, "the type is signed in the codec and unsigned in the object"],
  [
    array(i8, 2).type,
    array(u8, 2).type,
    'field "[]" is signed in the codec and unsigned in the object',
  ],
  [
    Other({ a: bits(i8, 3), rest: u32 }),
    Object_(member("a", 0, u8.type, 3), member("rest", 4, u32.type)),
    'field "a" is signed in the codec and unsigned in the object',
  ],
  [
    Other({ port: u16, rest: u32 }),
    Object_(member("port", 0, u16be.type), member("rest", 4, u32.type)),
    'field "port" is in the machine\'s byte order in the codec and in network order (__be16) in ' +
    "the object",
  ],
  [
    Other({ list: array(f32, 2) }),
    Object_(member("list", 0, array(u32, 2).type)),
    'field "list[]" is float in the codec and __u32 in the object',
  ],
];

for (const [codec, object, difference] of DIFFERENT) {
  test(`checkLayout() says: ${difference}`, () => {
    const message = `Cannot read events: ${difference}`;
    assert.throws(() => checkLayout("events", codec, object), { name: "LayoutError", message });
  });
}

/** Reads bytes through the codec made for a type, and checks that writing gives them back. */
function through(type: CType, ...input: number[]): unknown {
  const codec: Codec<unknown> = codecFor(type);
  assert.equal(codec.size, sizeOf(type));
  // Between other bytes, so that reading too far or from the wrong place shows.
  const bytes = Uint8Array.from([0xee, ...input, 0xee]);
  const value = codec.read(new DataView(bytes.buffer), 1, bytes.length - 1);
  const written = new Uint8Array(bytes.length).fill(0xee);
  codec.write(new DataView(written.buffer), 1, value);
  assert.deepEqual(written, bytes);
  return value;
}

test("codecFor() reads numbers of every kind", () => {
  assert.equal(through(u16.type, 0xfe, 0xff), 0xfffe);
  assert.equal(through(i32.type, 0xfe, 0xff, 0xff, 0xff), -2);
  assert.equal(through(i64.type, 0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff), -2n);
  assert.equal(through(pointer.type, 1, 0, 0, 0, 0, 0, 0, 0x80), 2n ** 63n + 1n);
  assert.equal(through(f32.type, 0, 0, 0xc0, 0xbf), -1.5);
  assert.equal(through({ kind: "int", bytes: 1, signed: false, name: "_Bool" }, 1), true);
  assert.equal(through(u16be.type, 1, 0xbb), 443);
  assert.equal(through(u64be.type, 0, 0, 0, 0, 0, 0, 1, 0), 256n);
});

test("codecFor() reads enums by name, and wide ones as numbers", () => {
  const values = { A: 1, B: -2 };
  const type = { kind: "enum", name: "e", signed: true, values } as const;
  assert.equal(through({ ...type, bytes: 4 }, 0xfe, 0xff, 0xff, 0xff), "B");
  assert.equal(through({ ...type, bytes: 1 }, 1), "A");
  assert.equal(through({ ...type, bytes: 8 }, 1, 0, 0, 0, 0, 0, 0, 0), 1n);
});

test("codecFor() reads char arrays as text and others as lists", () => {
  const char: CType = { kind: "int", bytes: 1, signed: true, name: "char" };
  assert.equal(through({ kind: "array", element: char, length: 4 }, 0x61, 0x62, 0, 0), "ab");
  assert.deepEqual(through(array(u16, 2).type, 1, 0, 2, 0), [1, 2]);
  assert.deepEqual(through(array(array(u8, 2), 2).type, 1, 2, 3, 4), [[1, 2], [3, 4]]);
  const Text = struct("line", { length: u8, text: textRest() });
  assert.deepEqual(codecFor(Text.type).read(new DataView(Uint8Array.of(1, 0x61).buffer), 0), {
    length: 1,
    text: "a",
  });
});

test("codecFor() reads members of anonymous structs and unions as the type's own", () => {
  const inner = composite("struct", "", 4, member("low", 0, u16.type), member("high", 2, u16.type));
  const either = composite("union", "", 4, member("whole", 0, u32.type), member("", 0, inner));
  const type = composite("struct", "s", 8, member("id", 0, u32.type), member("", 4, either));
  assert.deepEqual(through(type, 7, 0, 0, 0, 1, 0, 2, 0), {
    id: 7,
    whole: 0x20001,
    low: 1,
    high: 2,
  });
});

test("codecFor() reads named unions whole", () => {
  assert.deepEqual(through(union("u", { a: u16, b: i32 }).type, 0xff, 0xff, 0xff, 0xff), {
    a: 0xffff,
    b: -1,
  });
});

test("codecFor() reads bit-fields of either sign, across bytes", () => {
  const type = composite(
    "struct",
    "s",
    8,
    member("low", 0, u32.type, 5),
    member("middle", 5, i32.type, 6),
    member("high", 11, u64.type, 40),
  );
  assert.deepEqual(through(type, 0xff, 0x0f, 0, 0, 0, 0, 0, 0), { low: 31, middle: -1, high: 1 });
  assert.deepEqual(through(type, 0xe0, 0xfb, 0xff, 0xff, 0xff, 0xff, 0x07, 0), {
    low: 0,
    middle: 31,
    high: 2 ** 40 - 1,
  });
});

test("codecFor() writes zeros where a value says nothing", () => {
  const codec = codecFor(object);
  const bytes = new Uint8Array(64).fill(0xff);
  codec.write(new DataView(bytes.buffer), 0, { pid: 7 });
  assert.deepEqual([...bytes], [...new Array(8).fill(0), 7, ...new Array(55).fill(0)]);
});

test("codecFor() agrees with the codec written by hand", () => {
  const bytes = Uint8Array.from({ length: 64 }, (_, i) => i === 60 ? 1 : i % 61);
  const view = new DataView(bytes.buffer);
  const { half, ...read } = codecFor(object).read(view, 0) as { half: number };
  assert.deepEqual(read, Event.read(view, 0));
  assert.equal(half, view.getUint32(32, true));
});
