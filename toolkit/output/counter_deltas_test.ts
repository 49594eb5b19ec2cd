import assert from "node:assert/strict";
import { test } from "node:test";
import type { BpfMap } from "../../mod.ts";
import { CounterDeltas, deltasOf } from "./counter_deltas.ts";

/** A map whose programs count `late` more between a report's read and the removal of an entry. */
class CountingMap extends Map<number, { count: number }> {
  late = 0;

  lookupAndDelete(key: number): { count: number } | undefined {
    const value = this.get(key);
    this.delete(key);
    return value && { count: value.count + this.late };
  }
}

test("deltasOf() tells what was counted since, removes what stood still, and loses nothing", () => {
  const counters = new CountingMap([[1, { count: 5 }], [2, { count: 7 }]]);
  const deltas = new CounterDeltas();
  const read = () => [
    ...deltasOf(counters as unknown as BpfMap<number, { count: number }>, deltas, (value) => value),
  ];

  assert.deepEqual(read(), [[1, { count: 5 }], [2, { count: 7 }]]);
  counters.set(1, { count: 6 });
  assert.deepEqual(read(), [[1, { count: 1 }]]);
  assert.deepEqual([...counters.keys()], [1]);
  counters.late = 3;
  assert.deepEqual(read(), [[1, { count: 3 }]]);
  assert.equal(counters.size, 0);
  counters.set(1, { count: 2 });
  assert.deepEqual(read(), [[1, { count: 2 }]]);
});
