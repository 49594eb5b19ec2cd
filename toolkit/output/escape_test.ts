import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeText } from "../../mod.ts";
import { escapeLines, escapeText, hasRawBytes, toJson } from "./escape.ts";

const SAFE: readonly (readonly [what: string, text: string])[] = [
  ["nothing", ""],
  ["a path", "/usr/share/man/de/man1/ls.1.gz"],
  ["backslashes", "a\\nb\\x1b\\"],
  ["quotes", `'"\``],
  ["letters of any script", "grün 日本語 עברית हिन्दी"],
  ["an emoji of joined parts", "👩‍👩‍👧‍👦 ❤️ 🏳️‍🌈"],
  ["a soft hyphen and a no-break space", "a\u00adb\u00a0c"],
  ["the last character", "\u{10ffff}"],
];

for (const [what, text] of SAFE) {
  test(`escapeText() leaves ${what} alone`, () => assert.equal(escapeText(text), text));
}

test("escapeLines() keeps lines apart, and escapes those that their texts have", () => {
  assert.equal(escapeLines(["main", "  f(int)"]), "main\n  f(int)");
  assert.equal(
    escapeLines(["a\nb", "c\\", '"d"', "\x1b[31m", "ü"]),
    'a\\nb\nc\\\n"d"\n\\x1b[31m\nü',
  );
  assert.equal(escapeLines([]), "");
});

const UNSAFE: readonly (readonly [what: string, text: string, escaped: string])[] = [
  ["lines and tabs", "a\nb\rc\td", "a\\nb\\rc\\td"],
  ["a terminal's sequences", "\x1b[31mred\x1b]0;title\x07", "\\x1b[31mred\\x1b]0;title\\x07"],
  ["NUL", "a\0b", "a\\x00b"],
  ["DEL", "\x7f", "\\x7f"],
  ["C1 controls, CSI among them", "\x80\x9b2J\x9f", "\\u{80}\\u{9b}2J\\u{9f}"],
  ["bytes that are not UTF-8", "caf\udce9\udc80\udcff", "caf\\xe9\\x80\\xff"],
  ["other lone surrogates", "\ud800 \udfff", "\\u{d800} \\u{dfff}"],
  ["line separators", "\u2028\u2029", "\\u{2028}\\u{2029}"],
  ["overrides of direction", "\u202egpj.exe\u202c", "\\u{202e}gpj.exe\\u{202c}"],
  ["isolates", "\u2066a\u2069", "\\u{2066}a\\u{2069}"],
  ["what no XML may hold", "a\ufffe\uffff", "a\\u{fffe}\\u{ffff}"],
  ["marks of direction", "\u061c\u200e\u200f", "\\u{61c}\\u{200e}\\u{200f}"],
];

for (const [what, text, escaped] of UNSAFE) {
  test(`escapeText() escapes ${what}`, () => {
    assert.equal(escapeText(text), escaped);
    assert.equal(escapeText(`x${text}y`), `x${escaped}y`);
  });
}

test("escapeText() leaves no control character of any kind", () => {
  for (let code = 0; code < 0x3000; code++) {
    assert.doesNotMatch(escapeText(String.fromCodePoint(code)), /[\p{Cc}\p{Zl}\p{Zp}\p{Cs}]/u);
  }
});

test("hasRawBytes() tells text that was not UTF-8", () => {
  const read = (...bytes: number[]) => {
    const view = new DataView(Uint8Array.from(bytes).buffer);
    return hasRawBytes(decodeText(view, 0, bytes.length));
  };
  assert.equal(read(0x61, 0xff), true);
  assert.equal(read(0xf0, 0x9f, 0x92, 0x80), false);
  assert.equal(read(), false);
});

const ANY = [...SAFE, ...UNSAFE].map(([, text]) => text).filter((text) => !hasRawBytes(text));

test("toJson() keeps every text whole", () => {
  for (const text of ANY) assert.deepEqual(JSON.parse(toJson({ [text]: text })), { [text]: text });
  assert.deepEqual(JSON.parse(toJson(ANY)), ANY);
});

test("toJson() prints one line of nothing that disturbs a terminal", () => {
  const json = toJson([...SAFE, ...UNSAFE]);
  assert.equal(escapeText(json), json);
});

test("toJson() has no lone surrogates: bytes that are not UTF-8 come as _hex", () => {
  const raw = decodeText(new DataView(Uint8Array.from([0x61, 0xff]).buffer), 0, 2);
  assert.deepEqual(
    JSON.parse(toJson({ n: 1n, comm: raw, list: ["b", raw], in: [{ raw }], [raw]: 2 })),
    {
      n: 1,
      comm: "a\\xff",
      comm_hex: "61ff",
      list: ["b", "a\\xff"],
      list_hex: [null, "61ff"],
      in: [{ raw: "a\\xff", raw_hex: "61ff" }],
      "a\\xff": 2,
    },
  );
  assert.doesNotMatch(toJson([raw, { raw }]), /\\ud[89a-f]/i);
  // A text that only looks like an escaped surrogate stays as it is.
  assert.equal(JSON.parse(toJson("\\udcff")), "\\udcff");
});

test("toJson() writes 64-bit integers as numbers", () => {
  assert.equal(toJson({ n: 1n << 40n, none: undefined }), '{"n":1099511627776}');
  assert.equal(toJson([18000000000000000001n, -1n]), "[18000000000000000001,-1]");
});
