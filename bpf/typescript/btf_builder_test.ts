import assert from "node:assert/strict";
import { test } from "node:test";
import {
  array,
  bits,
  bool,
  chars,
  enumOf,
  i64,
  struct,
  u16,
  u32,
  u8,
} from "../../ffi/codec/mod.ts";
import { Btf } from "../btf/btf.ts";
import { BtfKind } from "../btf/btf_format.ts";
import { BtfBuilder } from "./btf_builder.ts";

test("BtfBuilder writes types that Btf reads back", () => {
  const Inner = struct("inner", { flag: bool, name: chars(8) });
  const Outer = struct("outer", {
    small: u8,
    low: bits(u32, 3),
    high: bits(u32, 29),
    inner: Inner,
    list: array(u16, 5),
    color: enumOf("color", { RED: 1, BLUE: 7 }),
    far: i64,
  });
  const builder = new BtfBuilder();
  const id = builder.type(Outer.type);
  assert.equal(builder.type(Outer.type), id, "a type is written once");
  const btf = new Btf(builder.bytes());
  const read = btf.type(id)!;
  assert.equal(JSON.stringify(read), JSON.stringify(Outer.type));
});

test("BtfBuilder writes functions and sections", () => {
  const builder = new BtfBuilder();
  const run = builder.function("run");
  const type = builder.type(u32.type);
  builder.section(".bss", 16, [
    { name: "one", type, offset: 0, size: 4 },
    { name: "two", type, offset: 8, size: 4 },
  ]);
  const btf = new Btf(builder.bytes());
  assert.equal(btf.kind(run), BtfKind.FUNC);
  assert.equal(btf.name(run), "run");
  assert.deepEqual(btf.variables(".bss").map(({ name, offset }) => [name, offset]), [
    ["one", 0],
    ["two", 8],
  ]);
});
