import assert from "node:assert/strict";
import { test } from "node:test";
import { array } from "./array.ts";
import { chars } from "./chars.ts";
import { layOut } from "./layout.ts";
import { compiledMover, compiledReader } from "./struct_code.ts";
import { u16, u32, u8 } from "./scalars.ts";
import { struct } from "./struct.ts";

const OFTEN = 3000;

const fields = () => ({ id: u32, inner: struct("inner", { kind: u8, get: u16 }), name: chars(4) });
const value = { id: 7, inner: { kind: 2, get: 3 }, name: "ab" };

const bound = {
  least: 0,
  refuse() {
    throw new RangeError("too short");
  },
};

/** Runs the body where no code may be made from text. */
function withoutCode(body: () => void): void {
  const { Function: original } = globalThis;
  globalThis.Function = function () {
    throw new EvalError("Code generation from strings disallowed for this context");
  } as never;
  try {
    body();
  } finally {
    globalThis.Function = original;
  }
}

/** Reads often enough for code to be made, and checks every value. */
function readOften(): void {
  const codec = struct("outer", fields());
  const view = new DataView(new ArrayBuffer(codec.size));
  for (let i = 0; i < OFTEN; i++) {
    codec.write(view, 0, { ...value, id: i });
    const read = codec.read(view, 0);
    assert.deepEqual(read, { ...value, id: i });
    assert.deepEqual({ ...codec.asView.read(view, 0) }, read);
  }
  assert.throws(() => codec.read(view, 1), RangeError);
  assert.throws(() => codec.asView.read(view, 1), RangeError);
}

test("a struct reads the same once code is made for it", readOften);

test("a struct reads the same where no code may be made", () => withoutCode(readOften));

test("compiledReader() and compiledMover() are undefined where no code may be made", () => {
  const slots = [{ name: "a", offset: 0, access: u8 }];
  withoutCode(() => {
    assert.equal(compiledReader(slots), undefined);
    assert.equal(compiledMover(slots, bound), undefined);
  });
});

test("compiled code takes names that JavaScript reserves, and hands on the value's end", () => {
  const ends: unknown[] = [];
  const access = {
    read: (_view: DataView, _offset: number, end?: number) => ends.push(end),
    write() {},
  };
  const names = ["class", "get", "set", "view", "at", "end", "a0", "slots", "constructor"];
  const slots = names.map((name, offset) => ({ name, offset, access }));
  const memory = new DataView(new ArrayBuffer(16));
  const expected = Object.fromEntries(names.map((name, i) => [name, i + 1]));
  assert.deepEqual(compiledReader(slots)!(memory, 0, 11), expected);
  const value = compiledMover(slots, bound)!(memory, 0, 11);
  assert.deepEqual(Object.keys(value), names);
  assert.deepEqual(Object.keys({ ...value }), names);
  assert.deepEqual(ends, Array(2 * names.length).fill(11));
});

test("compiledReader() reads arrays as they are read one by one, written out or not", () => {
  const pair = struct("pair", { low: u8, high: array(u32, 2) });
  for (const length of [1, 3, 64, 65, 700]) {
    const fields = { first: u8, all: array(pair, length), last: array(u8, length) };
    const codec = struct("arrays", fields);
    const bytes = Uint8Array.from({ length: codec.size + 5 }, (_, i) => i * 7 & 0xff);
    const view = new DataView(bytes.buffer);
    const expected = {
      first: u8.read(view, 5),
      all: fields.all.read(view, 5 + codec.offsetOf("all")),
      last: fields.last.read(view, 5 + codec.offsetOf("last")),
    };
    const { slots } = layOut("struct", "arrays", fields, {});
    assert.deepEqual(compiledReader(slots)!(view, 5, view.byteLength), expected);
    assert.deepEqual(codec.read(view, 5), expected);
  }
});
