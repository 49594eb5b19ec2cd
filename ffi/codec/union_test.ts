import assert from "node:assert/strict";
import { test } from "node:test";
import { bits, padding } from "./bits.ts";
import { bytes } from "./bytes.ts";
import { charsRest } from "./chars.ts";
import type { Codec, Infer } from "./codec.ts";
import { u64 } from "./int64.ts";
import { f64, u16, u32, u8 } from "./scalars.ts";
import { struct } from "./struct.ts";
import { union, type UnionCodec } from "./union.ts";

const Word = union("word", { byte: u8, half: u16, raw: bytes(6), low: bits(u32, 5) });
const memory = (size: number) => new DataView(new Uint8Array(size).fill(0xff).buffer);
const bytesOf = (view: DataView) => [...new Uint8Array(view.buffer)];

test("union() reads every member from the same bytes", () => {
  const view = new DataView(Uint8Array.of(0, 0x61, 0x62, 3, 4, 5, 6, 7, 8).buffer);
  assert.deepEqual(Word.read(view, 1), {
    byte: 0x61,
    half: 0x6261,
    raw: Uint8Array.of(0x61, 0x62, 3, 4, 5, 6),
    low: 1,
  });
});

test("union() writes one member and sets the rest to 0", () => {
  const view = memory(10);
  Word.write(view, 1, { half: 0x0102 });
  assert.deepEqual(bytesOf(view), [0xff, 2, 1, 0, 0, 0, 0, 0, 0, 0xff]);
  Word.write(view, 1, { low: 9 });
  assert.deepEqual(bytesOf(view).slice(1, 3), [9, 0]);
});

test("union() writes a whole value that was read", () => {
  const view = memory(8);
  Word.write(view, 0, { raw: Uint8Array.of(1, 2, 3, 4, 5, 6) });
  const copy = memory(8);
  Word.write(copy, 0, Word.read(view, 0));
  assert.deepEqual(bytesOf(copy), [1, 2, 3, 4, 5, 6, 0, 0]);
});

test("union() refuses members that disagree, and no member at all", () => {
  assert.throws(() => Word.write(memory(8), 0, { byte: 1, half: 2 } as never), {
    name: "TypeError",
    message: "Cannot write union word: byte, half disagree, expected one of them",
  });
  assert.throws(() => Word.write(memory(8), 0, {} as never), {
    name: "TypeError",
    message: "Cannot write union word: expected one of byte, half, raw, low",
  });
  assert.throws(() => Word.write(memory(8), 0, 5 as never), TypeError);
  assert.throws(() => Word.write(memory(8), 0, { byte: 256 }), RangeError);
});

test("union().of() makes a whole value, for a struct too", () => {
  const Value = union("", { whole: u64, real: f64 });
  const Pair = struct("pair", { kind: u8, value: Value });
  const view = memory(Pair.size);
  Pair.write(view, 0, { kind: 1, value: Value.of({ real: 1 }) });
  assert.deepEqual(Pair.read(view, 0), { kind: 1, value: { whole: 0x3ff0000000000000n, real: 1 } });
});

test("union().read() names the union when bytes are missing", () => {
  assert.throws(() => Word.read(memory(7), 0), {
    name: "RangeError",
    message: "Cannot read union word: expected 8 bytes, found 7",
  });
});

test("union() refuses flexible members and padding", () => {
  assert.throws(() => union("u", { a: u8, b: charsRest() }), RangeError);
  assert.throws(() => union("u", { a: u8, b: padding(u8, 2) }), RangeError);
  assert.throws(() => union("u", {}), RangeError);
});

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends (<T>() => T extends B ? 1 : 2) ? true
  : false;

function inferred<T>(_codec: Codec<T>): T | undefined {
  return undefined;
}

test("union() has every member in its type", () => {
  const Small = union("small", { a: u8, b: u64 });
  type Expected = { a: number; b: bigint };
  const infer: Equal<Infer<typeof Small>, Expected> = true;
  const codec: Equal<typeof Small, UnionCodec<Expected>> = true;
  const found = inferred(Small);
  const argument: Equal<typeof found, Expected | undefined> = true;
  const Outer = struct("outer", { u: Small });
  const nested: Equal<Infer<typeof Outer>, { u: Expected }> = true;
  assert.ok(infer && codec && argument && nested);
});
