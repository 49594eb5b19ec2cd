import assert from "node:assert/strict";
import { test } from "node:test";
import { chars, charsRest } from "./chars.ts";

const stale = (length: number) => new DataView(new Uint8Array(length).fill(0x7a).buffer);
const bytesOf = (view: DataView) => [...new Uint8Array(view.buffer)];

test("chars() ends at the first NUL or at its length", () => {
  const view = new DataView(new TextEncoder().encode("\0abc\0efgh").buffer);
  assert.equal(chars(4).read(view, 0), "");
  assert.equal(chars(4).read(view, 1), "abc");
  assert.equal(chars(3).read(view, 1), "abc");
  assert.equal(chars(4).read(view, 5), "efgh");
});

test("chars() pads with zeros and may fill all its bytes", () => {
  const view = stale(6);
  chars(4).write(view, 1, "ab");
  assert.deepEqual(bytesOf(view), [0x7a, 0x61, 0x62, 0, 0, 0x7a]);
  chars(4).write(view, 1, "abcd");
  assert.deepEqual(bytesOf(view), [0x7a, 0x61, 0x62, 0x63, 0x64, 0x7a]);
  assert.equal(chars(4).read(view, 1), "abcd");
});

test("chars() counts bytes, not characters", () => {
  chars(2).write(stale(2), 0, "é");
  assert.throws(() => chars(2).write(stale(2), 0, "aé"), {
    name: "RangeError",
    message: 'Cannot write "aé" to char[2]: expected at most 2 bytes of UTF-8',
  });
});

test("chars() keeps bytes that are not UTF-8", () => {
  const view = new DataView(Uint8Array.of(0x63, 0xe9, 0).buffer);
  const text = chars(3).read(view, 0);
  assert.equal(text, "c\udce9");
  const copy = stale(3);
  chars(3).write(copy, 0, text);
  assert.deepEqual(bytesOf(copy), [0x63, 0xe9, 0]);
});

test("chars() refuses text with a NUL, other types and lengths that C has not", () => {
  assert.throws(() => chars(4).write(stale(4), 0, "a\0b"), {
    message: 'Cannot write "a\\u0000b" to char[4]: expected text without a NUL',
  });
  assert.throws(() => chars(4).write(stale(4), 0, 5 as never), {
    name: "TypeError",
    message: "Cannot write 5 to char[4]: expected a string",
  });
  for (const n of [0, -1, 1.5, NaN]) assert.throws(() => chars(n), RangeError);
});

test("chars().read() throws when the view is too short, even behind a NUL", () => {
  assert.throws(() => chars(4).read(new DataView(new ArrayBuffer(3)), 0), RangeError);
});

test("charsRest() reads to a NUL, the end, or the view's end", () => {
  const view = new DataView(new TextEncoder().encode("path\0x").buffer);
  const rest = charsRest();
  assert.equal(rest.size, 0);
  assert.equal(rest.read(view, 0), "path");
  assert.equal(rest.read(view, 0, 3), "pat");
  assert.equal(rest.read(view, 5), "x");
  assert.equal(rest.read(view, 6), "");
});

test("charsRest() writes a NUL where there is room", () => {
  const view = stale(4);
  charsRest().write(view, 0, "ab");
  assert.deepEqual(bytesOf(view), [0x61, 0x62, 0, 0x7a]);
  charsRest().write(view, 0, "abcd");
  assert.deepEqual(bytesOf(view), [0x61, 0x62, 0x63, 0x64]);
  assert.throws(() => charsRest().write(view, 0, "abcde"), RangeError);
});
