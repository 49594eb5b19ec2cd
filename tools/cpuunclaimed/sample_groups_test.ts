import assert from "node:assert/strict";
import { test } from "node:test";
import { groupsOf, usageOf } from "./sample_groups.ts";

const PERIOD = 10_000;

/**
 * Samples of two CPUs; the second is sampled 3,000 ns after the first. Each word is a group, each
 * digit the run queue length of a CPU: `10 02`.
 */
function samples(text: string) {
  return text.split(" ").flatMap((group, i) =>
    [...group].map((threads, cpu) => ({
      time: 1_000_000 + i * PERIOD + cpu * 3000,
      cpu,
      threads: Number(threads),
    }))
  );
}

test("groupsOf() puts one sample of each CPU together, whenever its clock ticks", () => {
  const groups = groupsOf(samples("10 21 00"), [0, 1]);
  assert.deepEqual(groups.map(({ threads }) => threads), [[1, 0], [2, 1], [0, 0]]);
  assert.deepEqual(groups[1], { time: 1_010_000, threads: [2, 1], offsets: [0, 3000] });
});

test("groupsOf() leaves out what lacks a CPU", () => {
  const all = samples("11 11 11");
  assert.equal(groupsOf(all.slice(1), [0, 1]).length, 2);
  assert.equal(groupsOf(all.filter((_, i) => i !== 3), [0, 1]).length, 2);
  assert.equal(groupsOf([], [0, 1]).length, 0);
});

const USAGES: readonly (readonly [text: string, used: number, unclaimed: number])[] = [
  ["00 00", 0, 0],
  ["11 11", 1, 0],
  ["10 10", 0.5, 0],
  ["20 10", 0.5, 0.25],
  ["90 90", 0.5, 0.5],
  ["33 33", 1, 0],
];

for (const [text, used, unclaimed] of USAGES) {
  test(`usageOf() tells how much of ${text} is used and unclaimed`, () => {
    assert.deepEqual(usageOf(groupsOf(samples(text), [0, 1])), { groups: 2, used, unclaimed });
  });
}
