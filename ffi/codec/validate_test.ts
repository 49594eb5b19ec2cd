import assert from "node:assert/strict";
import { test } from "node:test";
import { checkBigint, checkInteger, show } from "./validate.ts";

test("show() shows a value as code would, and never much of it", () => {
  const cases: readonly [unknown, string][] = [
    [1.5, "1.5"],
    [-3n, "-3n"],
    [true, "true"],
    [undefined, "undefined"],
    [null, "null"],
    ['a"b', '"a\\"b"'],
    ["x".repeat(50), `"${"x".repeat(40)}…"`],
    [[1, 2], "an array"],
    [Object.create(null), "an object"],
    [() => 1, "a function"],
    [Symbol("s"), "a symbol"],
  ];
  for (const [value, shown] of cases) assert.equal(show(value), shown);
});

test("checkInteger() and checkBigint() take their ends", () => {
  checkInteger(-1, "x", -1, 1);
  checkInteger(1, "x", -1, 1);
  checkBigint(-1n, "x", -1n, 1n);
  checkBigint(1n, "x", -1n, 1n);
});

test("checkInteger() and checkBigint() say what they expected", () => {
  assert.throws(() => checkInteger(2, "x", -1, 1), {
    name: "RangeError",
    message: "Cannot write 2 to x: expected -1 to 1",
  });
  assert.throws(() => checkInteger({}, "x", -1, 1), {
    name: "TypeError",
    message: "Cannot write an object to x: expected an integer",
  });
  assert.throws(() => checkBigint(2n, "x", -1n, 1n), RangeError);
  assert.throws(() => checkBigint(1, "x", -1n, 1n), TypeError);
});
