import assert from "node:assert/strict";
import { test } from "node:test";
import { CounterDeltas } from "../../toolkit/output/counter_deltas.ts";
import type { StackKey, StackSum } from "../../toolkit/stacks/stacks.ts";
import { deltasOfSums } from "./report.ts";

/** A fake of the kernel side's map; `late` counts arrive between reading and taking an entry. */
class Sums {
  readonly kept = new Map<number, number>();
  late = 0;

  sums(): [StackKey, StackSum][] {
    return Array.from(
      this.kept,
      ([process, sum]) => [keyOf(process), { sum, count: sum, first: 1 }],
    );
  }

  take({ process }: StackKey): StackSum | undefined {
    const sum = this.kept.get(process)! + this.late;
    this.kept.delete(process);
    return { sum, count: sum, first: 1 };
  }

  count(process: number): void {
    this.kept.set(process, (this.kept.get(process) ?? 0) + 1);
  }
}

const keyOf = (process: number): StackKey => ({
  user: 5n,
  kernel: 7n,
  pid: process,
  tid: 0,
  process,
  image: 0,
  comm: "sh",
});

test("deltasOfSums() keeps nothing of those that stand still, and loses nothing of them", () => {
  const map = new Sums();
  const deltas = new CounterDeltas();
  const report = () =>
    Array.from(deltasOfSums(map, deltas), ([{ process }, { sum }]) => `${process}: ${sum}`);
  map.count(0);
  for (let pid = 1; pid <= 40_000; pid++) {
    map.count(pid);
    if (pid % 400 !== 0) continue;
    map.count(0);
    const rows = report();
    assert.equal(rows.length, 401);
    assert.ok(map.kept.size <= 801, `${map.kept.size}`);
  }
  assert.deepEqual(report(), []);
  assert.equal(map.kept.size, 0);
  map.count(7);
  assert.deepEqual(report(), ["7: 1"]);
  map.late = 3;
  assert.deepEqual(report(), ["7: 3"]);
  map.count(7);
  assert.deepEqual(report(), ["7: 1"]);
});
