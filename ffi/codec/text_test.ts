import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeText, encodeText } from "./text.ts";

function decode(bytes: readonly number[]): string {
  // Between other bytes, so that reading too far or from the wrong place shows.
  const view = new DataView(Uint8Array.from([0x41, ...bytes, 0xbf]).buffer);
  return decodeText(view, 1, bytes.length);
}

const VALID: readonly (readonly [string, string])[] = [
  ["empty", ""],
  ["ASCII", "hello"],
  ["a NUL", "a\0b"],
  ["two bytes", "\x80é\u07ff"],
  ["three bytes", "\u0800€\ud7ff\ue000\uffff"],
  ["four bytes", "\u{10000}😀\u{10ffff}"],
  ["a byte order mark", "\ufeffx"],
  ["a replacement character", "a\ufffdb"],
];

for (const [what, text] of VALID) {
  test(`decodeText() and encodeText() keep ${what}`, () => {
    const bytes = [...new TextEncoder().encode(text)];
    assert.equal(decode(bytes), text);
    assert.deepEqual([...encodeText(text)], bytes);
  });
}

// Expected texts are Python's bytes.decode("utf-8", "surrogateescape").
const INVALID: readonly (readonly [string, readonly number[], string])[] = [
  ["a lone continuation byte", [0x61, 0x80, 0x62], "a\udc80b"],
  ["ISO 8859-1", [0x63, 0x61, 0x66, 0xe9], "caf\udce9"],
  ["an overlong slash", [0xc0, 0xaf], "\udcc0\udcaf"],
  ["an overlong two-byte form", [0xc1, 0xbf], "\udcc1\udcbf"],
  ["an overlong three-byte form", [0xe0, 0x9f, 0xbf], "\udce0\udc9f\udcbf"],
  ["an overlong four-byte form", [0xf0, 0x8f, 0xbf, 0xbf], "\udcf0\udc8f\udcbf\udcbf"],
  ["an encoded surrogate", [0xed, 0xa0, 0x80], "\udced\udca0\udc80"],
  ["an encoded escape", [0xed, 0xb2, 0x80], "\udced\udcb2\udc80"],
  ["above U+10FFFF", [0xf4, 0x90, 0x80, 0x80], "\udcf4\udc90\udc80\udc80"],
  ["a five-byte form", [0xf8, 0x88, 0x80], "\udcf8\udc88\udc80"],
  ["a cut sequence", [0xe2, 0x82], "\udce2\udc82"],
  ["a sequence cut by ASCII", [0xe2, 0x82, 0x41], "\udce2\udc82A"],
  ["a sequence cut by another", [0xf0, 0x9f, 0xc3, 0xa9], "\udcf0\udc9fé"],
  ["valid beside invalid", [0xc3, 0xa9, 0xff, 0xef, 0xbf, 0xbd], "é\udcff\ufffd"],
];

for (const [what, bytes, text] of INVALID) {
  test(`decodeText() escapes ${what}, and encodeText() restores it`, () => {
    assert.equal(decode(bytes), text);
    assert.deepEqual([...encodeText(text)], [...bytes]);
  });
}

test("encodeText() restores every pair of bytes", () => {
  for (let pair = 0; pair < 65536; pair++) {
    const bytes = [pair >> 8, pair & 0xff];
    assert.deepEqual([...encodeText(decode(bytes))], bytes);
  }
});

test("encodeText() keeps a pair of surrogates that ends like an escape", () => {
  // U+1F480 is D83D DC80.
  assert.deepEqual([...encodeText("💀\udc80")], [0xf0, 0x9f, 0x92, 0x80, 0x80]);
});

test("encodeText() refuses other lone surrogates", () => {
  for (const text of ["\ud800", "a\udbff", "\udc7f", "\udd00", "\udfff"]) {
    assert.throws(() => encodeText(text), RangeError);
  }
  assert.throws(() => encodeText("\ud800"), {
    message: "Cannot encode U+D800: expected whole characters or U+DC80 to U+DCFF",
  });
});

test("decodeText() stays inside the view", () => {
  const buffer = new TextEncoder().encode("abcdef").buffer;
  const view = new DataView(buffer, 2, 2);
  assert.equal(decodeText(view, 0, 2), "cd");
  for (const [offset, length] of [[0, 3], [-1, 2], [3, 0], [1, -1]] as const) {
    assert.throws(() => decodeText(view, offset, length), RangeError);
  }
});
