import assert from "node:assert/strict";
import { test } from "node:test";
import { hitPercent, totals } from "./hit_rate.ts";

test("hitPercent() is the share of references that do not miss", () => {
  const rates = [[100, 25], [100, 0], [0, 0], [100, 200]]
    .map(([references, misses]) => hitPercent({ references: references!, misses: misses! }));
  assert.deepEqual(rates, [75, 100, 0, 0]);
});

test("totals() adds up", () => {
  const all = [{ references: 300, misses: 100 }, { references: 500, misses: 0 }];
  assert.deepEqual(totals(all), { references: 800, misses: 100 });
  assert.deepEqual(totals([]), { references: 0, misses: 0 });
});
