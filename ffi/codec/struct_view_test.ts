import assert from "node:assert/strict";
import { test } from "node:test";
import { chars } from "./chars.ts";
import { u16, u32, u8 } from "./scalars.ts";
import { struct } from "./struct.ts";
import { textRest } from "./text_rest.ts";

const Inner = struct("inner", { kind: u8, count: u16 });
const Outer = struct("outer", { id: u32, inner: Inner, name: chars(4) });

const values = [1, 2, 3].map((id) => ({
  id,
  inner: { kind: id + 10, count: id + 100 },
  name: `n${id}`,
}));

function written(): DataView {
  const view = new DataView(new ArrayBuffer(Outer.size * values.length));
  values.forEach((value, i) => Outer.write(view, i * Outer.size, value));
  return view;
}

test("a view reads what its struct reads, and a spread of it lasts", () => {
  const memory = written();
  const kept = values.map((value, i) => {
    const view = Outer.asView.read(memory, i * Outer.size);
    assert.equal(view.inner.count, value.inner.count);
    assert.equal(JSON.stringify(view), JSON.stringify(value));
    return { ...view };
  });
  assert.deepEqual(kept, values);
});

test("a view is one object, which reads memory each time it is asked", () => {
  const memory = written();
  const view = Outer.asView.read(memory, 0);
  assert.equal(Outer.asView.read(memory, Outer.size), view);
  assert.equal(view.id, 2);
  memory.setUint32(Outer.size, 77, true);
  assert.equal(view.id, 77);
});

test("a view ends where its value does", () => {
  const Text = struct("text", { id: u32, text: textRest() });
  const bytes = Uint8Array.from([1, 0, 0, 0, 97, 98, 99, 100]);
  assert.equal(Text.asView.read(new DataView(bytes.buffer), 0, 6).text, "ab");
});

test("a view refuses memory that is too short", () => {
  assert.throws(() => Outer.asView.read(written(), 2 * Outer.size + 4), {
    name: "RangeError",
    message: "Cannot read struct outer: expected 12 bytes, found 8",
  });
});

test("a view has its struct's size, type and way to write", () => {
  assert.equal(Outer.asView.type, Outer.type);
  const memory = new DataView(new ArrayBuffer(Outer.size));
  Outer.asView.write(memory, 0, values[1]!);
  assert.deepEqual(Outer.read(memory, 0), values[1]);
});
