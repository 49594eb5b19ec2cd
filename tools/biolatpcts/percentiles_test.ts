import assert from "node:assert/strict";
import { test } from "node:test";
import { latencyText, percentile, SLOTS } from "./percentiles.ts";

const counts = (slots: Record<number, number>) =>
  Array.from({ length: SLOTS }, (_, slot) => slots[slot] ?? 0);

test("percentile() tells the middle of the step that a percentile lies in", () => {
  // 90 of 20 to 30 us, 9 of 3 to 4 ms, 1 of 500 to 600 ms.
  const some = counts({ 2: 90, 103: 9, 205: 1 });
  const expected = [[1, 25], [50, 25], [89, 25], [90, 3500], [98, 3500], [99, 550_000], [
    100,
    550_000,
  ]];
  for (const [percent, us] of expected) assert.equal(percentile(some, percent!), us, `p${percent}`);
});

test("percentile() is 0 without requests", () => {
  assert.equal(percentile(counts({}), 50), 0);
});

test("percentile() knows the first and the last step", () => {
  assert.deepEqual([percentile(counts({ 0: 7 }), 50), percentile(counts({ 299: 7 }), 1)], [
    5,
    9_950_000,
  ]);
});

test("latencyText() chooses the unit", () => {
  const texts = [0, 5, 995, 1500, 10_500, 550_000, 1_050_000].map(latencyText);
  assert.deepEqual(texts, ["-", "5us", "995us", "1.5ms", "11ms", "550ms", "1.1s"]);
});
