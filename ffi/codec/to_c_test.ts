import assert from "node:assert/strict";
import { test } from "node:test";
import { array } from "./array.ts";
import { u16be } from "./big_endian.ts";
import { aligned, bits, padding } from "./bits.ts";
import { bytes } from "./bytes.ts";
import { chars, charsRest } from "./chars.ts";
import type { Codec } from "./codec.ts";
import { enumOf } from "./enum_of.ts";
import { pointer, u64 } from "./int64.ts";
import { ipv4, ipv6 } from "./ip_address.ts";
import { bool, char, f32, f64, i32, u32, u8 } from "./scalars.ts";
import { struct } from "./struct.ts";
import { toC } from "./to_c.ts";
import { union } from "./union.ts";

const NAMES: readonly [Codec<unknown>, string][] = [
  [u8, "__u8"],
  [u64.asNumber, "__u64"],
  [f32, "float"],
  [f64, "double"],
  [bool, "_Bool"],
  [char, "char"],
  [pointer, "void *"],
  [u16be, "__be16"],
  [ipv4, "__be32"],
  [ipv6, "__u8[16]"],
  [chars(16), "char[16]"],
  [bytes(4), "__u8[4]"],
  [array(chars(16), 4), "char[4][16]"],
  [array(pointer, 2), "void *[2]"],
  [array(struct("s", { a: u8 }), 2), "struct s[2]"],
];

for (const [codec, name] of NAMES) {
  test(`toC() names ${name}`, () => assert.equal(toC(codec), name));
}

test("toC() defines a struct with every kind of member", () => {
  const Kinds = struct("kinds", {
    id: u64,
    p: pointer,
    list: array(pointer, 2),
    names: array(chars(8), 3),
    low: bits(u32, 3),
    gap: padding(u32, 5),
    unit: bits(u32, 0),
    far: aligned(u8, 8),
    path: charsRest(),
  });
  assert.equal(
    Kinds.toC(),
    `struct kinds {
  __u64 id;
  void *p;
  void *list[2];
  char names[3][8];
  __u32 low : 3;
  __u32 : 5;
  __u32 : 0;
  __u8 far __attribute__((aligned(8)));
  char path[];
};`,
  );
});

test("toC() defines named types first, each once, and anonymous ones in place", () => {
  const Point = struct("point", { x: i32, y: i32 });
  const Shape = struct("shape", {
    kind: enumOf("kind", { LINE: 0, DOT: 1 }),
    from: Point,
    to: array(Point, 2),
    at: union("", { whole: u64, parts: struct("", { low: u32 }, { packed: true }) }),
  }, { packed: true, align: 4 });
  assert.equal(
    Shape.toC(),
    `enum kind {
  LINE = 0,
  DOT = 1,
};

struct point {
  __s32 x;
  __s32 y;
};

struct shape {
  enum kind kind;
  struct point from;
  struct point to[2];
  union {
    __u64 whole;
    struct {
      __u32 low;
    } __attribute__((packed)) parts;
  } at;
} __attribute__((packed, aligned(4)));`,
  );
});

test("toC() of several codecs defines shared types once", () => {
  const Id = struct("id", { n: u32 });
  const text = toC(struct("a", { id: Id }), struct("b", { id: Id }));
  assert.equal(text.match(/struct id \{/g)?.length, 1);
  assert.ok(text.endsWith("struct b {\n  struct id id;\n};"));
});

test("toC() declares an enum's field with the base where C would choose another integer", () => {
  const Odd = struct("odd", {
    plain: enumOf("plain", { A: 0 }),
    negative: enumOf("negative", { B: -1 }, i32),
    positive: enumOf("positive", { C: 0 }, i32),
    small: enumOf("small", { D: 0 }, u8),
    nameless: enumOf("", { E: 0 }),
  });
  assert.match(
    Odd.toC(),
    /enum plain plain;\n {2}enum negative negative;\n {2}__s32 positive;\n {2}__u8 small;\n {2}enum \{\n {4}E = 0,\n {2}\} nameless;/,
  );
  assert.match(Odd.toC(), /enum small \{\n {2}D = 0,\n\};/);
});

test("toC() of an enum is its definition", () => {
  assert.equal(toC(enumOf("e", { A: 0 })), "enum e {\n  A = 0,\n};");
});

test("toC() refuses two types with one tag", () => {
  const Twice = struct("outer", { a: struct("in", { x: u8 }), b: struct("in", { x: u32 }) });
  assert.throws(() => Twice.toC(), {
    name: "RangeError",
    message: 'Cannot define "in" twice with different members',
  });
});
