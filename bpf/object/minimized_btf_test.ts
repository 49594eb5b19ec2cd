import assert from "node:assert/strict";
import { test } from "node:test";
import { btfBlob } from "../../tests/support/btf_blob.ts";
import { Btf, BtfKind } from "../btf/btf.ts";
import { checkBtf } from "../btf/check_btf.ts";
import { minimizedBtf } from "./minimized_btf.ts";

const kernel = new Btf(btfBlob([
  { kind: BtfKind.INT, name: "int", word: 4, words: [1 << 24 | 32] }, // 1
  { kind: BtfKind.TYPEDEF, name: "pid_t", word: 1 }, // 2
  { kind: BtfKind.STRUCT, name: "big", word: 800, parts: 1, words: ["pid", 1, 0] }, // 3
  { kind: BtfKind.PTR, word: 3 }, // 4
  { kind: BtfKind.ARRAY, words: [6, 1, 3] }, // 5
  { kind: BtfKind.STRUCT, name: "upid", word: 8, parts: 2, words: ["nr", 2, 0, "ns", 4, 32] }, // 6
  {
    kind: BtfKind.UNION,
    word: 4,
    parts: 2,
    flag: true,
    words: ["", 1, 0, "state", 1, 7 << 24 | 3],
  }, // 7
  {
    kind: BtfKind.STRUCT,
    name: "task",
    word: 64,
    parts: 5,
    words: ["pid", 2, 0, "other", 3, 32, "parent", 4, 64, "", 7, 128, "numbers", 5, 160],
  }, // 8
  { kind: BtfKind.ENUM, name: "phase", word: 4, parts: 2, words: ["EARLY", 1, "LATE", 2] }, // 9
  { kind: BtfKind.STRUCT, name: "task", word: 4, parts: 1, words: ["pid", 1, 0] }, // 10: another
  { kind: BtfKind.FWD, name: "phase" }, // 11
]));

function excerpt(types: string[], members: string[]): Btf | undefined {
  const bytes = minimizedBtf(kernel, { types: new Set(types), members: new Set(members) });
  if (!bytes) return undefined;
  assert.equal(checkBtf(bytes), undefined);
  return new Btf(bytes);
}

test("minimizedBtf() has the types of a name, with the members that are asked for", () => {
  const found = excerpt(["task"], ["pid", "parent", "numbers", "nr", "state"])!;
  const [task, another] = found.named(["task"], BtfKind.STRUCT).get("task")!.map((id) =>
    found.type(id)
  );
  const int = { kind: "int", bytes: 4, signed: true, name: "int" };
  const upid = {
    kind: "struct",
    name: "upid",
    bytes: 8,
    packed: false,
    members: [{ name: "nr", type: int, bitOffset: 0 }],
  };
  const hidden = {
    kind: "union",
    name: "",
    bytes: 4,
    packed: false,
    members: [
      { name: "", type: int, bitOffset: 0 },
      { name: "state", type: int, bitOffset: 3, bitSize: 7 },
    ],
  };
  assert.deepEqual(task, {
    kind: "struct",
    name: "task",
    bytes: 64,
    packed: false,
    members: [
      { name: "pid", type: int, bitOffset: 0 },
      { name: "parent", type: { kind: "pointer", name: "void *" }, bitOffset: 64 },
      { name: "", type: hidden, bitOffset: 128 },
      { name: "numbers", type: { kind: "array", element: upid, length: 3 }, bitOffset: 160 },
    ],
  });
  assert.deepEqual(another, {
    kind: "struct",
    name: "task",
    bytes: 4,
    packed: false,
    members: [{ name: "pid", type: int, bitOffset: 0 }],
  });
  assert.equal(found.find("big", BtfKind.STRUCT), undefined);
});

test("minimizedBtf() has enums whole", () => {
  const found = excerpt(["phase"], [])!;
  const id = found.find("phase", BtfKind.ENUM)!;
  assert.deepEqual(found.type(id), kernel.type(9));
  assert.equal(found.length, 1);
});

test("minimizedBtf() is none when the kernel's own types lack one: a module may have it", () => {
  assert.equal(excerpt(["task", "ext4_inode"], ["pid"]), undefined);
});
