import assert from "node:assert/strict";
import { test } from "node:test";
import { btfBlob } from "../../tests/support/btf_blob.ts";
import { Btf, BtfKind, MAGIC } from "../btf/btf.ts";
import { coreNames } from "./core_relocations.ts";

const OFFSET = 0;
const TYPE_ID_LOCAL = 6;
const TYPE_ID_TARGET = 7;
const TYPE_SIZE = 9;
const ENUM_VALUE = 11;

// Access strings get into the string section as names of types that nothing refers to.
const blob = btfBlob([
  { kind: BtfKind.INT, name: "int", word: 4, words: [1 << 24 | 32] }, // 1
  {
    kind: BtfKind.STRUCT,
    name: "inner",
    word: 8,
    parts: 2,
    words: ["first", 1, 0, "second", 1, 32],
  }, // 2
  { kind: BtfKind.CONST, word: 2 }, // 3
  { kind: BtfKind.ARRAY, words: [3, 1, 4] }, // 4
  { kind: BtfKind.UNION, word: 8, parts: 1, words: ["hidden", 2, 0] }, // 5
  {
    kind: BtfKind.STRUCT,
    name: "task___old",
    word: 48,
    parts: 3,
    words: ["list", 4, 0, "", 5, 256, "unused", 1, 320],
  }, // 6
  { kind: BtfKind.ENUM, name: "phase", word: 4, parts: 1, words: ["EARLY", 1] }, // 7
  { kind: BtfKind.FWD, name: "0:0:3:1" }, // 8: task.list[3].second
  { kind: BtfKind.FWD, name: "0:1:0" }, // 9: task.hidden
  { kind: BtfKind.FWD, name: "0:9" }, // 10: nothing
  { kind: BtfKind.FWD, name: "0" }, // 11
]);
const btf = new Btf(blob);

/** Where the string section has the name of a type. */
const nameOf = (id: number) => btf.words(id)[0]!;

type Relocation = readonly [root: number, access: number, kind: number];

/** A `.BTF.ext` with these relocations, those of one section after the other. */
function extension(...sections: readonly Relocation[][]): Uint8Array {
  const records = [
    16,
    ...sections.flatMap((all) => [
      0,
      all.length,
      ...all.flatMap(([root, access, kind]) => [8, root, nameOf(access), kind]),
    ]),
  ];
  const header = [MAGIC | 1 << 16, 32, 0, 0, 0, 0, 0, records.length * 4];
  return new Uint8Array(Uint32Array.from([...header, ...records]).buffer);
}

test("coreNames() tells the types and the members on the way to what is read", () => {
  const found = coreNames(btf, extension([[6, 8, OFFSET]], [[6, 9, OFFSET], [6, 8, OFFSET]]));
  assert.deepEqual(found, {
    types: new Set(["task"]),
    members: new Set(["list", "second", "hidden"]),
  });
});

test("coreNames() tells types whose size or values are asked for, without members", () => {
  const found = coreNames(btf, extension([[2, 11, TYPE_SIZE], [7, 11, ENUM_VALUE]]));
  assert.deepEqual(found, { types: new Set(["inner", "phase"]), members: new Set() });
});

test("coreNames() has nothing where no relocation asks for the kernel's types", () => {
  assert.equal(coreNames(btf, extension()), undefined);
  assert.equal(coreNames(btf, extension([[2, 11, TYPE_ID_LOCAL]])), undefined);
});

test("coreNames() leaves to libbpf what an excerpt would answer wrongly", () => {
  const good: Relocation = [6, 8, OFFSET];
  assert.equal(coreNames(btf, extension([good, [2, 11, TYPE_ID_TARGET]])), undefined);
  assert.equal(coreNames(btf, extension([good, [1, 11, TYPE_SIZE]])), undefined);
  assert.equal(coreNames(btf, extension([good, [6, 10, OFFSET]])), undefined);
});

test("coreNames() leaves to libbpf what is cut short or refers to nowhere", () => {
  const whole = extension([[6, 8, OFFSET]]);
  for (let length = 0; length < whole.length; length++) {
    assert.equal(coreNames(btf, whole.subarray(0, length)), undefined, `of ${length} bytes`);
  }
  assert.equal(coreNames(btf, extension([[99, 8, OFFSET]])), undefined);
});

test("coreNames() ends at records of no size, or of less than one has", () => {
  for (const size of [0, 1, 15]) {
    const section = extension([[6, 8, OFFSET]]);
    new DataView(section.buffer).setUint32(32, size, true);
    assert.equal(coreNames(btf, section), undefined, `size ${size}`);
  }
});

test("coreNames() passes over programs that are left out, and only those", () => {
  const types = btfBlob([
    { kind: BtfKind.INT, name: "int", word: 4, words: [1 << 24 | 32] }, // 1
    { kind: BtfKind.STRUCT, name: "one", word: 4, parts: 1, words: ["a", 1, 0] }, // 2
    { kind: BtfKind.STRUCT, name: "two", word: 4, parts: 1, words: ["b", 1, 0] }, // 3
    { kind: BtfKind.STRUCT, name: "three", word: 4, parts: 1, words: ["c", 1, 0] }, // 4
    { kind: BtfKind.FUNC_PROTO, word: 1 }, // 5
    { kind: BtfKind.FUNC, name: "first", word: 5 }, // 6
    { kind: BtfKind.FUNC, name: "second", word: 5 }, // 7
    { kind: BtfKind.FUNC, name: "helper", word: 5 }, // 8
    { kind: BtfKind.FWD, name: "0:0" }, // 9
    { kind: BtfKind.FWD, name: "tracepoint/x" }, // 10
    { kind: BtfKind.FWD, name: ".text" }, // 11
  ]);
  const btf = new Btf(types);
  const [access, section, text] = [9, 10, 11].map((id) => btf.words(id)[0]!);
  // Two programs in one section, the second of which begins at its third instruction.
  const functions = [8, section!, 2, 0, 6, 16, 7, text!, 1, 0, 8];
  const relocations = [
    ...[16, section!, 2, 8, 2, access!, OFFSET, 24, 3, access!, OFFSET],
    ...[text!, 1, 8, 4, access!, OFFSET],
  ];
  const sizes = [functions, relocations].map((words) => words.length * 4);
  const header = [MAGIC | 1 << 16, 32, 0, sizes[0]!, 0, 0, sizes[0]!, sizes[1]!];
  const words = [...header, ...functions, ...relocations];
  const extension = new Uint8Array(Uint32Array.from(words).buffer);
  const typesWithout = (...names: string[]) =>
    [...coreNames(btf, extension, new Set(names))!.types].join(" ");
  assert.equal(typesWithout(), "one two three");
  assert.equal(typesWithout("first"), "two three");
  assert.equal(typesWithout("second"), "one three");
  assert.equal(typesWithout("first", "second"), "three");
});
