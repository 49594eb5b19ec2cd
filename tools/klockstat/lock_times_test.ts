import assert from "node:assert/strict";
import { test } from "node:test";
import { thisMachine } from "../../toolkit/machine/machine.ts";
import { mergeTimes, sortOption, sortTimes } from "./lock_times.ts";

const TIMES = [
  { name: "a", count: 1, total: 70, most: 70 },
  { name: "b", count: 3, total: 90, most: 50 },
  { name: "c", count: 9, total: 80, most: 60 },
];

for (const [field, order] of [["max", "acb"], ["total", "bca"], ["count", "cba"]] as const) {
  test(`sortTimes() sorts by ${field} from the largest down`, () => {
    assert.equal(sortTimes(TIMES, field).map(({ name }) => name).join(""), order);
  });
}

test("mergeTimes() sums what has the same name", () => {
  const more = { name: "a", count: 2, total: 90, most: 80 };
  const merged = mergeTimes([...TIMES, more], ({ name }) => name);
  assert.deepEqual(merged[0], { name: "a", count: 3, total: 160, most: 80 });
  assert.equal(merged.length, 3);
});

test("-S names a field for one table or for each", () => {
  const { initial, parse } = sortOption;
  assert.deepEqual(parse("hld_total", initial, thisMachine), { acq: "max", hld: "total" });
  assert.deepEqual(parse("acq_count,hld_total", initial, thisMachine), {
    acq: "count",
    hld: "total",
  });
  for (const bad of ["", "count", "acq_min", "acq_max,", "acq_max hld_max"]) {
    assert.throws(() => parse(bad, initial, thisMachine), /UsageError: expected acq_max/);
  }
});
