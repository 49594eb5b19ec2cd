import assert from "node:assert/strict";
import { test } from "node:test";
import { exists, readFile } from "../../ffi/libc/files.ts";
import { btfBlob } from "../../tests/support/btf_blob.ts";
import { Btf, BtfKind } from "./btf.ts";
import { checkBtf } from "./check_btf.ts";

const INT = { kind: "int", bytes: 4, signed: true, name: "int" } as const;
const signedInt = 1 << 24 | 32;

const blob = btfBlob([
  { kind: BtfKind.INT, name: "int", word: 4, words: [signedInt] }, // 1
  { kind: BtfKind.PTR, word: 0 }, // 2: void *
  { kind: BtfKind.ARRAY, words: [1, 1, 7] }, // 3: int[7]
  { kind: BtfKind.CONST, word: 8 }, // 4: const number_t
  { kind: BtfKind.VAR, name: "limit", word: 4, words: [1] }, // 5
  { kind: BtfKind.UNION, word: 8, parts: 2, words: ["whole", 2, 0, "part", 1, 0] }, // 6
  { kind: BtfKind.ENUM, name: "phase", word: 4, parts: 2, words: ["EARLY", 1, "LATE", 2 ** 31] }, // 7
  { kind: BtfKind.TYPEDEF, name: "number_t", word: 1 }, // 8
  {
    kind: BtfKind.STRUCT,
    name: "outer",
    word: 48,
    parts: 4,
    words: ["numbers", 3, 0, "", 6, 32 * 8, "phase", 7, 40 * 8, "limit", 4, 44 * 8],
  }, // 9
  {
    kind: BtfKind.STRUCT,
    name: "bits",
    word: 4,
    flag: true,
    parts: 2,
    words: ["low", 1, 5 << 24, "high", 1, 27 << 24 | 5],
  }, // 10
  { kind: BtfKind.DATASEC, name: ".rodata", parts: 1, words: [5, 16, 4] }, // 11
  {
    kind: BtfKind.ENUM64,
    name: "wide",
    word: 8,
    flag: true,
    parts: 3,
    words: ["MINUS", 2 ** 32 - 1, 2 ** 32 - 1, "LOW", 2 ** 32 - 1, 0, "HIGH", 1, 2],
  }, // 12
  { kind: BtfKind.ENUM64, name: "top", word: 8, parts: 1, words: ["TOP", 0, 2 ** 31] }, // 13
  { kind: BtfKind.FWD, name: "later" }, // 14
  { kind: BtfKind.FLOAT, name: "double", word: 8 }, // 15
  { kind: BtfKind.INT, name: "__int128", word: 16, words: [1 << 24 | 128] }, // 16
  { kind: BtfKind.FLOAT, name: "long double", word: 16 }, // 17
  { kind: BtfKind.ENUM, name: "below", word: 4, flag: true, parts: 1, words: ["NO", 2 ** 32 - 2] }, // 18
  { kind: BtfKind.FUNC_PROTO, word: 1, parts: 2, words: ["a", 1, "b", 2] }, // 19
  { kind: BtfKind.FUNC, name: "main", word: 19 }, // 20
  { kind: BtfKind.DECL_TAG, name: "tag", word: 9, words: [2 ** 32 - 1] }, // 21
  { kind: BtfKind.TYPE_TAG, name: "user", word: 1 }, // 22
  { kind: BtfKind.TYPEDEF, name: "__be16", word: 24 }, // 23
  { kind: BtfKind.TYPEDEF, name: "__u16", word: 25 }, // 24
  { kind: BtfKind.INT, name: "unsigned short", word: 2, words: [16] }, // 25
  { kind: BtfKind.CONST, word: 23 }, // 26
]);
const btf = new Btf(blob);

test("Btf finds every type of a blob", () => {
  assert.equal(checkBtf(blob), undefined);
  assert.equal(btf.length, 26);
  assert.deepEqual([btf.kind(21), btf.name(21)], [BtfKind.DECL_TAG, "tag"]);
  assert.deepEqual([btf.kind(0), btf.name(0)], [BtfKind.VOID, "void"]);
  assert.throws(() => btf.kind(27), /^RangeError: Cannot read BTF: there is no type 27$/);
});

test("Btf.find() finds by name and kind", () => {
  assert.equal(btf.find("outer", BtfKind.STRUCT, BtfKind.UNION), 9);
  assert.equal(btf.find("outer", BtfKind.UNION), undefined);
  assert.equal(btf.find("nothing", BtfKind.STRUCT), undefined);
});

test("Btf.type() describes structs with their members where they are", () => {
  assert.deepEqual(btf.type(9), {
    kind: "struct",
    name: "outer",
    bytes: 48,
    packed: false,
    members: [
      { name: "numbers", bitOffset: 0, type: { kind: "array", element: INT, length: 7 } },
      {
        name: "",
        bitOffset: 256,
        type: {
          kind: "union",
          name: "",
          bytes: 8,
          packed: false,
          members: [
            { name: "whole", bitOffset: 0, type: { kind: "pointer", name: "void *" } },
            { name: "part", bitOffset: 0, type: INT },
          ],
        },
      },
      {
        name: "phase",
        bitOffset: 320,
        type: {
          kind: "enum",
          name: "phase",
          bytes: 4,
          signed: false,
          values: { EARLY: 1, LATE: 2 ** 31 },
        },
      },
      { name: "limit", bitOffset: 352, type: INT },
    ],
  });
});

test("Btf.type() describes bit-fields", () => {
  assert.deepEqual(btf.type(10), {
    kind: "struct",
    name: "bits",
    bytes: 4,
    packed: false,
    members: [
      { name: "low", bitOffset: 0, bitSize: 5, type: INT },
      { name: "high", bitOffset: 5, bitSize: 27, type: INT },
    ],
  });
});

test("Btf.type() follows typedefs and qualifiers", () => {
  for (const id of [4, 8, 22]) assert.deepEqual(btf.type(id), INT);
  assert.equal(btf.resolve(4), 1);
});

test("Btf.type() gives enumerators of every width and sign", () => {
  const values = (id: number) => {
    const type = btf.type(id);
    assert.ok(type?.kind === "enum");
    return type.values;
  };
  assert.deepEqual(values(12), { MINUS: -1, LOW: 2 ** 32 - 1, HIGH: 2 ** 33 + 1 });
  assert.deepEqual(values(13), { TOP: 2 ** 63 });
  assert.deepEqual(values(18), { NO: -2 });
});

test("Btf.type() makes bytes of numbers that have no codec", () => {
  const byte = { kind: "int", bytes: 1, signed: false, name: "__u8" };
  for (const id of [16, 17]) {
    assert.deepEqual(btf.type(id), { kind: "array", element: byte, length: 16 });
  }
  assert.deepEqual(btf.type(15), { kind: "float", bytes: 8, name: "double" });
});

test("Btf.type() has nothing for functions, declarations and void", () => {
  for (const id of [0, 14, 19, 20, 21]) assert.equal(btf.type(id), undefined);
});

test("Btf.variables() lists a section's variables", () => {
  assert.deepEqual(btf.variables(".rodata"), [{ name: "limit", type: 4, offset: 16, size: 4 }]);
  assert.deepEqual(btf.variables(".bss"), []);
});

test("Btf refuses what is not BTF", () => {
  const message = "Cannot read BTF: it does not begin with BTF's magic number";
  assert.throws(() => new Btf(new Uint8Array(64)), { name: "RangeError", message });
});

const VMLINUX = "/sys/kernel/btf/vmlinux";

test("Btf reads the kernel's own types", { skip: !exists(VMLINUX) && "no kernel BTF" }, () => {
  const bytes = readFile(VMLINUX);
  assert.equal(checkBtf(bytes), undefined);
  const kernel = new Btf(bytes);
  const type = kernel.type(kernel.find("task_struct", BtfKind.STRUCT)!);
  assert.ok(type?.kind === "struct");
  const pid = type.members.find(({ name }) => name === "pid");
  assert.deepEqual(pid?.type, INT);
  assert.ok(type.bytes > 1000 && pid.bitOffset / 8 < type.bytes);
});

test("Btf.type() tells numbers in network order by their typedef", () => {
  const big = { kind: "int", bytes: 2, signed: false, name: "__be16", bigEndian: true };
  assert.deepEqual([btf.type(23), btf.type(26)], [big, big]);
  const native = { kind: "int", bytes: 2, signed: false, name: "unsigned short" };
  assert.deepEqual(btf.type(24), native);
});

test("types are visited as far as needed, and all of a name are found however far apart", () => {
  const struct = (name: string) => ({ kind: BtfKind.STRUCT, name, word: 4 });
  const types = [
    struct("twice"),
    struct("once"),
    ...Array.from({ length: 20_000 }, () => struct("")),
    struct("far"),
    // Not types, though the name stands there: a member, and an enumerator whose value looks like a struct's kind.
    { kind: BtfKind.STRUCT, name: "other", word: 4, parts: 1, words: ["once", 1, 0] },
    { kind: BtfKind.ENUM, word: 4, parts: 1, words: ["once", BtfKind.STRUCT << 24] },
    struct("twice"),
  ];
  const large = new Btf(btfBlob(types));
  const last = types.length;
  assert.deepEqual(large.named(["once"], BtfKind.STRUCT), new Map([["once", [2]]]));
  assert.deepEqual(large.named(["twice"], BtfKind.STRUCT), new Map([["twice", [1, last]]]));
  assert.equal(large.find("far", BtfKind.STRUCT), 20_003);
  assert.equal(large.find("farther", BtfKind.STRUCT), undefined);
  assert.equal(large.length, last);
  assert.equal(new Btf(btfBlob(types)).name(last), "twice");
  assert.throws(() => new Btf(btfBlob(types)).name(last + 1), RangeError);
});
