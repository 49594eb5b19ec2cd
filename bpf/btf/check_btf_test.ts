import assert from "node:assert/strict";
import { test } from "node:test";
import { type BlobType, btfBlob } from "../../tests/support/btf_blob.ts";
import { BtfKind } from "./btf.ts";
import { checkBtf } from "./check_btf.ts";

const INT: BlobType = { kind: BtfKind.INT, name: "int", word: 4, words: [1 << 24 | 32] };

const CASES: readonly (readonly [what: string, problem: string | undefined, types: BlobType[]])[] =
  [
    ["nothing at all", undefined, []],
    ["a list through a pointer", undefined, [
      { kind: BtfKind.PTR, word: 2 },
      { kind: BtfKind.STRUCT, name: "list", word: 8, parts: 1, words: ["next", 1, 0] },
    ]],
    ["a function among external symbols", undefined, [
      { kind: BtfKind.FUNC_PROTO },
      { kind: BtfKind.FUNC, name: "kfunc", word: 1 },
      { kind: BtfKind.DATASEC, name: ".ksyms", parts: 1, words: [2, 0, 0] },
    ]],
    ["an enum that is only declared", undefined, [{ kind: BtfKind.ENUM, name: "later" }]],
    ["a pointer to nowhere", "type 1 refers to type 2 of 1", [{ kind: BtfKind.PTR, word: 2 }]],
    ["an array of nothing", "type 2 refers to type 9 of 2", [
      INT,
      { kind: BtfKind.ARRAY, words: [9, 1, 3] },
    ]],
    ["an array's missing index type", "type 2 refers to type 8 of 2", [
      INT,
      { kind: BtfKind.ARRAY, words: [1, 8, 3] },
    ]],
    ["a member of no type", "type 2 refers to type 3 of 2", [
      INT,
      { kind: BtfKind.STRUCT, name: "s", word: 8, parts: 2, words: ["a", 1, 0, "b", 3, 32] },
    ]],
    ["a parameter of no type", "type 1 refers to type 7 of 1", [
      { kind: BtfKind.FUNC_PROTO, parts: 1, words: ["a", 7] },
    ]],
    ["a variable of no type", "type 1 refers to type 5 of 1", [
      { kind: BtfKind.VAR, name: "v", word: 5, words: [0] },
    ]],
    ["a name behind the strings", "a name of type 2 is not among its strings", [
      INT,
      { kind: BtfKind.UNION, word: 4, parts: 1, words: [99, 1, 0] },
    ]],
    ["an enumerator without name", "a name of type 1 is not among its strings", [
      { kind: BtfKind.ENUM64, word: 8, parts: 1, words: [2 ** 32 - 1, 0, 0] },
    ]],
    ["an integer of three bytes", "type 1 is a number of 3 bytes", [{ ...INT, word: 3 }]],
    ["a section of types", "type 2 refers to a type of the wrong kind", [
      INT,
      { kind: BtfKind.DATASEC, name: ".bss", parts: 1, words: [1, 0, 4] },
    ]],
    ["a function of type int", "type 2 refers to a type of the wrong kind", [
      INT,
      { kind: BtfKind.FUNC, name: "main", word: 1 },
    ]],
    ["a kind of the future", "type 1 is of the unknown kind 20", [{ kind: 20 }]],
    ["a typedef of itself", "type 1 contains itself or is nested too deeply", [
      { kind: BtfKind.TYPEDEF, name: "t", word: 1 },
    ]],
    ["a struct in itself", "type 1 contains itself or is nested too deeply", [
      { kind: BtfKind.STRUCT, name: "s", word: 4, parts: 1, words: ["s", 2, 0] },
      { kind: BtfKind.ARRAY, words: [1, 1, 3] },
    ]],
    ["a long chain of typedefs", "type 101 contains itself or is nested too deeply", [
      INT,
      ...Array.from({ length: 500 }, (_, i) => ({
        kind: BtfKind.TYPEDEF,
        name: `t${i}`,
        word: i + 1,
      })),
    ]],
  ];

for (const [what, problem, types] of CASES) {
  test(`checkBtf() ${problem ? "finds" : "allows"} ${what}`, () => {
    assert.equal(checkBtf(btfBlob(types)), problem);
  });
}

test("checkBtf() finds a blob that is cut anywhere", () => {
  const blob = btfBlob([INT, { kind: BtfKind.PTR, word: 1 }]);
  for (let length = 0; length < 24; length++) {
    assert.equal(checkBtf(blob.slice(0, length)), "it has no header");
  }
  for (let length = 24; length < blob.length; length++) {
    const problem = `it ends at byte ${length} instead of ${blob.length}`;
    assert.equal(checkBtf(blob.slice(0, length)), problem);
  }
  assert.equal(checkBtf(new Uint8Array(64)), "it has no header");
});

test("checkBtf() finds types that end too early", () => {
  const blob = btfBlob([INT, { kind: BtfKind.PTR, word: 1 }]);
  const view = new DataView(blob.buffer);
  for (const size of [4, 15, 17, 27]) {
    view.setUint32(12, size, true);
    assert.equal(checkBtf(blob), "its last type is cut short");
  }
});

test("checkBtf() reads a blob that is part of something", () => {
  const blob = btfBlob([INT]);
  const larger = new Uint8Array(blob.length + 11);
  larger.set(blob, 7);
  assert.equal(checkBtf(larger.subarray(7, 7 + blob.length)), undefined);
});
