import assert from "node:assert/strict";
import { test } from "node:test";
import { average, max, min, sum } from "./per_cpu.ts";

test("per-CPU reducers take numbers and bigints", () => {
  assert.equal(sum([3, 0, 5]), 8);
  assert.equal(sum([2n ** 60n, 1n]), 2n ** 60n + 1n);
  assert.equal(max([3, -1, 5]), 5);
  assert.equal(max([3n, 7n]), 7n);
  assert.equal(min([3, -1, 5]), -1);
  assert.equal(min([3n, 7n]), 3n);
  assert.equal(average([3, 0, 6]), 3);
  assert.equal(average([1n, 2n]), 1.5);
});

test("per-CPU reducers refuse an empty list", () => {
  for (const reduce of [sum, max, min, average]) {
    assert.throws(() => reduce([]), /Cannot reduce the values of no CPU/);
  }
});
