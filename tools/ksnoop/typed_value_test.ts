import assert from "node:assert/strict";
import { test } from "node:test";
import { Btf, BtfKind } from "../../plumbing.ts";
import { btfBlob } from "../../tests/support/btf_blob.ts";
import { typeText } from "./type_text.ts";
import { numberText, valueLines } from "./typed_value.ts";

const SIGNED = 1 << 24;
const btf = new Btf(btfBlob([
  { kind: BtfKind.INT, name: "int", word: 4, words: [SIGNED | 32] }, // 1
  { kind: BtfKind.INT, name: "char", word: 1, words: [SIGNED | 8] }, // 2
  { kind: BtfKind.INT, name: "unsigned int", word: 4, words: [32] }, // 3
  { kind: BtfKind.PTR, word: 8 }, // 4
  { kind: BtfKind.ARRAY, words: [2, 3, 8] }, // 5
  { kind: BtfKind.ENUM, name: "state", word: 4, parts: 2, words: ["IDLE", 0, "BUSY", 5] }, // 6
  { kind: BtfKind.UNION, word: 4, parts: 2, words: ["number", 1, 0, "half", 3, 0] }, // 7
  { // 8
    kind: BtfKind.STRUCT,
    name: "node",
    word: 48,
    parts: 8,
    flag: true,
    words: [
      ...["first", 1, 0, "low", 3, 4 << 24 | 32, "high", 3, 3 << 24 | 36, "next", 4, 64],
      ...["name", 5, 128, "state", 6, 192, "", 7, 224, "list", 9, 256],
    ],
  },
  { kind: BtfKind.ARRAY, words: [1, 3, 4] }, // 9
  { kind: BtfKind.CONST, word: 8 }, // 10
  { kind: BtfKind.PTR, word: 10 }, // 11
  { kind: BtfKind.TYPEDEF, name: "count_t", word: 3 }, // 12
]));
const NODE = 8;

function node(): DataView {
  const view = new DataView(new ArrayBuffer(48));
  view.setInt32(0, -7, true);
  view.setUint32(4, 0b101_1001, true);
  view.setBigUint64(8, 0xffff_8880_1234_5678n, true);
  new Uint8Array(view.buffer).set([0x61, 0x22, 0x62], 16);
  view.setUint32(24, 5, true);
  view.setInt32(28, 3, true);
  view.setInt32(36, 2, true);
  return view;
}

test("valueLines() writes structs as C does, without what is 0", () => {
  assert.deepEqual(valueLines(btf, NODE, new Uint8Array(node().buffer)), [
    "(struct node){",
    " .first = (int)-7,",
    " .low = (unsigned int)9,",
    " .high = (unsigned int)5,",
    " .next = (struct node *)0xffff888012345678,",
    ' .name = (char[8])"a\\"b",',
    " .state = (enum state)BUSY,",
    " (union){",
    "  .number = (int)3,",
    "  .half = (unsigned int)3,",
    " },",
    " .list = (int[4])[",
    "  (int)0,",
    "  (int)2,",
    " ],",
    "}",
  ]);
});

test("valueLines() leaves out what the bytes do not reach", () => {
  for (let length = 0; length < 48; length++) {
    const lines = valueLines(btf, NODE, new Uint8Array(node().buffer, 0, length));
    assert.equal(lines[0], "(struct node){");
    assert.equal(lines.at(-1), "}");
    assert.equal(lines.some((line) => line.includes(".next")), length >= 16, String(length));
  }
});

test("numberText() and typeText() write types", () => {
  assert.equal(numberText(btf, 1, 0xffff_ffffn), "(int)-1");
  assert.equal(numberText(btf, 12, -1n), "(count_t)4294967295");
  assert.equal(numberText(btf, 6, 5n), "(enum state)BUSY");
  assert.equal(numberText(btf, 6, 9n), "(enum state)9");
  assert.equal(typeText(btf, 11), "const struct node *");
});
