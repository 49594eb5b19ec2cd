import assert from "node:assert/strict";
import { test } from "node:test";
import { array } from "./array.ts";
import { aligned, bits, padding } from "./bits.ts";
import { bytes, bytesRest } from "./bytes.ts";
import { chars, charsRest } from "./chars.ts";
import type { Codec, Infer } from "./codec.ts";
import { i64, pointer, u64 } from "./int64.ts";
import { bool, i32, u16, u32, u8 } from "./scalars.ts";
import { struct, type StructCodec } from "./struct.ts";

const Event = struct("event", {
  ts: u64,
  pid: u32,
  ok: bool,
  comm: chars(16),
  inner: struct("", { a: u8, b: u16 }),
  list: array(u16, 2),
  low: bits(u32, 3),
  gap: padding(u32, 4),
  far: aligned(u8, 16),
});

const value = {
  ts: 5n,
  pid: 7,
  ok: true,
  comm: "bash",
  inner: { a: 1, b: 2 },
  list: [3, 4],
  low: 6,
  far: 8,
};

const memory = (size: number) => new DataView(new ArrayBuffer(size));

test("struct() reads what it wrote, at any alignment", () => {
  for (const offset of [0, 1, 7]) {
    const view = memory(Event.size + offset);
    Event.write(view, offset, value);
    assert.deepEqual(Event.read(view, offset), value);
  }
});

test("struct() sets padding to 0", () => {
  const view = new DataView(new Uint8Array(8).fill(0xff).buffer);
  struct("s", { a: u8, b: u32 }).write(view, 0, { a: 1, b: 2 });
  assert.deepEqual([...new Uint8Array(view.buffer)], [1, 0, 0, 0, 2, 0, 0, 0]);
});

test("offsetOf() gives C's offsets and refuses bit-fields", () => {
  assert.deepEqual(
    (["ts", "pid", "ok", "comm", "inner", "list", "far"] as const).map(Event.offsetOf),
    [0, 8, 12, 13, 30, 34, 48],
  );
  assert.throws(() => Event.offsetOf("low"), {
    name: "RangeError",
    message: 'Cannot take the offset of "low" in struct event: it is a bit-field',
  });
  assert.throws(() => Event.offsetOf("none" as never), {
    message: 'Cannot find field "none" in struct event',
  });
  assert.throws(() => Event.offsetOf("" as never), RangeError);
});

test("struct().read() names the struct when bytes are missing", () => {
  const Key = struct("key_t", { a: u64 });
  const message = "Cannot read struct key_t: expected 8 bytes, found 5";
  assert.throws(() => Key.read(memory(6), 1), { name: "RangeError", message });
  assert.throws(() => Key.read(memory(99), 2, 7), { name: "RangeError", message });
  assert.throws(() => Key.read(memory(1), 4), /found 0$/);
});

test("struct().write() refuses what is no object and names a missing field", () => {
  const Key = struct("key_t", { a: u8, b: u8 });
  assert.throws(() => Key.write(memory(2), 0, null as never), {
    name: "TypeError",
    message: "Cannot write null to struct key_t: expected an object",
  });
  assert.throws(() => Key.write(memory(2), 0, { a: 1 } as never), {
    name: "TypeError",
    message: 'Cannot write struct key_t: field "b" is missing',
  });
});

test("a flexible member takes what is left of the value", () => {
  const Open = struct("open", { id: u32, kind: u8, path: charsRest() });
  assert.deepEqual([Open.size, Open.offsetOf("path")], [8, 5]);
  const view = memory(20);
  Open.write(view, 2, { id: 1, kind: 2, path: "/etc" });
  assert.equal(Open.read(view, 2).path, "/etc");
  assert.equal(Open.read(view, 2, 10).path, "/et");
  // Shorter than sizeof: the path ends inside what C calls padding.
  assert.equal(Open.read(view, 2, 8).path, "/");
  assert.equal(Open.read(view, 2, 7).path, "");
  assert.throws(() => Open.read(view, 2, 6), {
    message: "Cannot read struct open: expected 5 bytes, found 4",
  });
});

test("a flexible member works at the end of a nested struct", () => {
  const Outer = struct("outer", { a: u8, in: struct("", { n: u16, data: bytesRest() }) });
  const view = memory(9);
  Outer.write(view, 0, { a: 1, in: { n: 2, data: Uint8Array.of(3, 4, 5) } });
  assert.deepEqual([...Outer.read(view, 0, 7).in.data], [3, 4, 5]);
});

test("struct() refuses a flexible member that is not last, or alone", () => {
  assert.throws(() => struct("s", { path: charsRest(), a: u8 }), {
    name: "RangeError",
    message: 'Cannot place flexible field "path" in struct s: expected it last, behind another',
  });
  assert.throws(() => struct("s", { path: charsRest() }), RangeError);
});

test("struct() refuses names that are no C identifiers", () => {
  for (const name of ["0", "a-b", "a b", "", "int", "é", "a.b", "__proto__"]) {
    const fields = Object.fromEntries([[name, u8]]);
    assert.throws(() => struct("s", fields), {
      name: "RangeError",
      message: `Cannot name field ${JSON.stringify(name)}: expected a C identifier`,
    });
  }
  assert.throws(() => struct("bad name", { a: u8 }), RangeError);
});

test("struct() refuses to be empty and odd alignments", () => {
  assert.throws(() => struct("s", {}), {
    message: "Cannot make struct s: expected at least one field",
  });
  assert.throws(() => struct("s", { gap: padding(u8, 3) }), RangeError);
  assert.throws(() => struct("s", { a: u8 }, { align: 3 }), RangeError);
});

test("struct() keeps field names that objects inherit", () => {
  const Odd = struct("odd", { constructor: u8, toString: u8 });
  assert.deepEqual(Odd.read(memory(2), 0), { constructor: 0, toString: 0 });
});

test("struct() is frozen", () => {
  assert.ok(Object.isFrozen(Event) && Object.isFrozen(Event.type));
  assert.ok(Object.isFrozen(Event.type.kind === "struct" && Event.type.members));
});

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends (<T>() => T extends B ? 1 : 2) ? true
  : false;

function inferred<T>(_codec: Codec<T>): T | undefined {
  return undefined;
}

test("struct() has its fields in its type, and hovers show them", () => {
  type Expected = {
    ts: bigint;
    pid: number;
    ok: boolean;
    comm: string;
    inner: { a: number; b: number };
    list: number[];
    low: number;
    far: number;
  };
  const infer: Equal<Infer<typeof Event>, Expected> = true;
  const codec: Equal<typeof Event, StructCodec<Expected>> = true;
  const found = inferred(Event);
  const argument: Equal<typeof found, Expected | undefined> = true;
  assert.ok(infer && codec && argument);
});

test("every scalar has its type in a struct's type", () => {
  const Types = struct("types", {
    a: u64.asNumber,
    b: i64,
    c: pointer,
    d: bytes(2),
    e: i32,
    f: bits(bool, 1),
    g: array(chars(4), 2),
  });
  type Expected = {
    a: number;
    b: bigint;
    c: bigint;
    d: Uint8Array<ArrayBuffer>;
    e: number;
    f: boolean;
    g: string[];
  };
  const exact: Equal<Infer<typeof Types>, Expected> = true;
  const general: Codec<unknown> = Types;
  assert.ok(exact && general);
});
