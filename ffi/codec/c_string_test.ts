import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeCString } from "./c_string.ts";
import { decodeText } from "./text.ts";

/** A view of exactly these bytes, inside a larger buffer. */
function viewOf(bytes: ArrayLike<number>): DataView {
  const whole = new Uint8Array(bytes.length + 10).fill(0x21);
  whole.set(bytes, 5);
  return new DataView(whole.buffer, 5, bytes.length);
}

function expected(view: DataView, offset: number, end: number): string {
  let length = 0;
  while (offset + length < end && view.getUint8(offset + length) !== 0) length++;
  return decodeText(view, offset, length);
}

test("decodeCString() ends at the first NUL or at the end", () => {
  const view = viewOf(new TextEncoder().encode("opensnoop\0stale bytes"));
  assert.equal(decodeCString(view, 0, view.byteLength), "opensnoop");
  assert.equal(decodeCString(view, 0, 4), "open");
  assert.equal(decodeCString(view, 4, 9), "snoop");
  assert.equal(decodeCString(view, 9, 12), "");
  assert.equal(decodeCString(view, 12, 12), "");
});

test("decodeCString() finds a NUL at every place and alignment", () => {
  for (let length = 0; length < 20; length++) {
    for (let offset = 0; offset < 5; offset++) {
      const bytes = new Uint8Array(offset + 24).fill(0x7a);
      bytes[offset + length] = 0;
      const view = viewOf(bytes);
      for (let twice = 0; twice < 2; twice++) {
        assert.equal(decodeCString(view, offset, offset + 24), "z".repeat(length));
        assert.equal(decodeCString(view, offset, offset + length), "z".repeat(length));
      }
    }
  }
});

test("decodeCString() agrees with decodeText() on random bytes, remembered or not", () => {
  let seed = 1;
  const random = () => (seed = Math.imul(seed, 1103515245) + 12345 >>> 0) >>> 16;
  for (let round = 0; round < 20_000; round++) {
    // Few different bytes, for many equal prefixes, many NULs, and many words in which the search
    // for a NUL might go wrong.
    const alphabet = [[0x61, 0x62], [0x01, 0x80, 0x81, 0x00], [0xc3, 0xa9, 0x20]][random() % 3]!;
    const bytes = Uint8Array.from(
      { length: random() % 18 },
      () => alphabet[random() % alphabet.length]!,
    );
    const view = viewOf(bytes);
    const offset = bytes.length === 0 ? 0 : random() % bytes.length;
    const found = decodeCString(view, offset, bytes.length);
    assert.equal(found, expected(view, offset, bytes.length));
    assert.equal(decodeCString(view, offset, bytes.length), found);
  }
});

test("decodeCString() keeps texts apart that share a slot", () => {
  const texts = Array.from({ length: 20_000 }, (_, i) => `/proc/${i * 7919}/comm`);
  const views = texts.map((text) => viewOf(new TextEncoder().encode(text)));
  for (let round = 0; round < 2; round++) {
    for (const [i, view] of views.entries()) {
      assert.equal(decodeCString(view, 0, view.byteLength), texts[i]);
    }
  }
});

test("decodeCString() starts anew when it has kept as many bytes as it can", () => {
  // More than twice the cache's capacity.
  const texts = Array.from({ length: 10_000 }, (_, i) => `${"long".repeat(60)}${i}`);
  for (let round = 0; round < 2; round++) {
    for (const text of texts) {
      const view = viewOf(new TextEncoder().encode(text));
      assert.equal(decodeCString(view, 0, view.byteLength), text);
      assert.equal(decodeCString(view, 0, view.byteLength), text);
    }
  }
});

test("decodeCString() tells texts of one beginning apart", () => {
  for (const length of [255, 256, 257, 5000]) {
    for (const last of ["a", "b"]) {
      const text = "x".repeat(length - 1) + last;
      const view = viewOf(new TextEncoder().encode(text + "\0y"));
      assert.equal(decodeCString(view, 0, view.byteLength), text);
    }
  }
});

test("decodeCString() stays inside the view", () => {
  const view = viewOf([0x61, 0, 0x62]);
  for (const [offset, end] of [[0, 4], [-1, 2], [2, 1], [4, 4]] as const) {
    assert.throws(() => decodeCString(view, offset, end), RangeError);
  }
});
