import assert from "node:assert/strict";
import { test } from "node:test";
import { thisMachine } from "../machine/machine.ts";
import { errno, syscall, syscallList, syscallText } from "./syscall_options.ts";
import { UsageError } from "./options.ts";

const names = { long: "x", meta: "X", help: "" };

test("errno() takes names and numbers of either sign", () => {
  const { parse } = errno(names);
  assert.deepEqual(["EPERM", "2", "-13"].map((value) => parse(value, undefined, thisMachine)), [
    1,
    2,
    13,
  ]);
  for (const value of ["ENOTHING", "0", "4096", "errno 200"]) {
    assert.throws(() => parse(value, undefined, thisMachine), UsageError, value);
  }
});

test("syscall() takes names, and syscallText() gives them back", () => {
  const number = syscall(names).parse("openat", undefined, thisMachine)!;
  assert.equal(syscallText(number), "openat");
  assert.deepEqual([syscallText(0x80000014), syscallText(1000)], [
    "[32 bit: 20]",
    "[unknown: 1000]",
  ]);
  assert.throws(() => syscall(names).parse("nothing", undefined, thisMachine), UsageError);
});

test("syscallList() has four names a line, sorted", () => {
  const found = syscallList().split(/\s+/);
  assert.deepEqual(found, found.toSorted());
  assert.ok(found.length > 300);
  assert.ok(found.every((name) => /^\w+$/.test(name)));
});
