import assert from "node:assert/strict";
import { test } from "node:test";
import type { CompositeType } from "../../ffi/codec/codec.ts";
import { typeOfDescription, typeOfFields } from "./described_types.ts";

/** Each member's name, offset in bits, and size of a bit-field. */
function layout(description: string) {
  const { bytes, members } = typeOfDescription(description) as CompositeType;
  return [bytes, ...members.map(({ name, bitOffset, bitSize }) => [name, bitOffset, bitSize])];
}

test("typeOfDescription() takes padding as it is listed", () => {
  const description = '["value_t", [["calls","unsigned long long"], ["odd","unsigned char"], ' +
    '["__pad_2","char",[3]], ["last","unsigned int"]], "struct_packed"]';
  assert.deepEqual(layout(description), [
    16,
    ["calls", 0, undefined],
    ["odd", 64, undefined],
    ["last", 96, undefined],
  ]);
});

test("typeOfDescription() lays bit-fields out as C does", () => {
  const description =
    '["bits", [["low","unsigned int",5], ["high","unsigned int",27], ["next","unsigned int",1], ' +
    '["byte","unsigned char"]], "struct"]';
  assert.deepEqual(layout(description), [
    8,
    ["low", 0, 5],
    ["high", 5, 27],
    ["next", 32, 1],
    ["byte", 40, undefined],
  ]);
});

test("typeOfDescription() reads unions, nested structs and arrays of arrays", () => {
  const description =
    '["outer", [["", [["word","unsigned int"], ["bytes","unsigned char",[4]]], "union"], ' +
    '["grid","short",[2,3]], ["inner", ["inner", [["x","char"]], "struct_packed"]]], "struct"]';
  const { bytes, members } = typeOfDescription(description) as CompositeType;
  assert.equal(bytes, 20);
  assert.deepEqual(members.map((member) => [member.name, member.bitOffset / 8]), [
    ["", 0],
    ["grid", 4],
    ["inner", 16],
  ]);
  assert.equal(members[0]!.type.kind, "union");
});

test("typeOfDescription() knows scalars, and says so of what it does not know", () => {
  assert.deepEqual(typeOfDescription('"unsigned int"'), {
    kind: "int",
    bytes: 4,
    signed: false,
    name: "unsigned int",
  });
  assert.equal(typeOfDescription('"struct unheard"'), undefined);
  assert.equal(typeOfDescription(""), undefined);
});

test("typeOfFields() lays an event out by natural alignment", () => {
  const u16 = { kind: "int", bytes: 2, signed: false, name: "u16" } as const;
  const find = (name: string) => name === "u16" ? u16 : undefined;
  const type = typeOfFields(
    "event",
    ["port#u16", "when#unsigned long long", "comm#char [16]", "task#struct task_struct *"],
    find,
  ) as CompositeType;
  assert.equal(type.bytes, 40);
  assert.deepEqual(type.members.map((member) => member.bitOffset / 8), [0, 8, 16, 32]);
  const grid = typeOfFields("event", ["grid#u16[2][3]"], find) as CompositeType;
  const row = { kind: "array", element: u16, length: 3 };
  assert.deepEqual(grid.members[0]!.type, { kind: "array", element: row, length: 2 });
  assert.equal(typeOfFields("event", ["inner#struct inner"], find), undefined);
  assert.equal(typeOfFields("event", [], find), undefined);
});
