import assert from "node:assert/strict";
import { test } from "node:test";
import type { Codec } from "./codec.ts";
import { enumOf } from "./enum_of.ts";
import { i32, u8 } from "./scalars.ts";
import { u64 } from "./int64.ts";

const State = enumOf("state", { RUNNING: 0, SLEEPING: 1, IDLE: 0 });
const memory = () => new DataView(new ArrayBuffer(8));

test("enumOf() reads a name, or the number if it has none", () => {
  const view = memory();
  view.setUint32(1, 1, true);
  assert.equal(State.read(view, 1), "SLEEPING");
  view.setUint32(1, 7, true);
  assert.equal(State.read(view, 1), 7);
});

test("enumOf() reads the first of several names", () => {
  assert.equal(State.read(memory(), 0), "RUNNING");
});

test("enumOf() writes names and numbers", () => {
  const view = memory();
  State.write(view, 0, "SLEEPING");
  assert.equal(view.getUint32(0, true), 1);
  State.write(view, 0, 9);
  assert.equal(view.getUint32(0, true), 9);
  State.write(view, 0, "IDLE");
  assert.equal(view.getUint32(0, true), 0);
});

test("enumOf() refuses other names and numbers", () => {
  assert.throws(() => State.write(memory(), 0, "toString" as never), {
    name: "RangeError",
    message: 'Cannot write "toString" to enum state: expected one of RUNNING, SLEEPING, IDLE',
  });
  assert.throws(() => State.write(memory(), 0, -1), RangeError);
  assert.throws(() => State.write(memory(), 0, null as never), TypeError);
});

test("enumOf() takes its size and sign from the base", () => {
  const Sign = enumOf("sign", { MINUS: -1 }, i32);
  const view = memory();
  Sign.write(view, 0, "MINUS");
  assert.equal(view.getUint32(0, true), 0xffffffff);
  assert.equal(Sign.read(view, 0), "MINUS");
  assert.equal(enumOf("small", { A: 255 }, u8).size, 1);
  assert.equal(enumOf("wide", { A: 1 }, u64.asNumber).size, 8);
});

test("enumOf() refuses values that the base cannot hold and names that C has not", () => {
  assert.throws(() => enumOf("x", { A: -1 }), RangeError);
  assert.throws(() => enumOf("x", { A: 256 }, u8), RangeError);
  assert.throws(() => enumOf("x", { "a-b": 1 }), RangeError);
  assert.throws(() => enumOf("not a tag", { A: 1 }), RangeError);
  assert.throws(() => enumOf("x", {}), {
    message: "Cannot make enum x: expected at least one value",
  });
});

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends (<T>() => T extends B ? 1 : 2) ? true
  : false;

test("enumOf() has the names in its type", () => {
  const exact: Equal<typeof State, Codec<"RUNNING" | "SLEEPING" | "IDLE" | number>> = true;
  assert.ok(exact);
});
