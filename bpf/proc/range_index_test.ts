import assert from "node:assert/strict";
import { test } from "node:test";
import { RangeIndex } from "./range_index.ts";

interface Range {
  readonly start: bigint;
  readonly end: bigint;
  readonly since: number;
}

/** The expected answer, by a linear search. */
function expected(ranges: readonly Range[], address: bigint, time: number): Range | undefined {
  const isThere = ({ start, end }: Range) => address >= start && address < end;
  return ranges.findLast((range) => range.since <= time && isThere(range)) ?? ranges.find(isThere);
}

/** Numbers that look random and are the same each time. */
function numbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor(state / 2 ** 32 * below);
  };
}

test("RangeIndex finds the last range at an address and a time", () => {
  const random = numbers(7);
  const index = new RangeIndex<Range>();
  const all: Range[] = [];
  for (let time = 1; time <= 2000; time++) {
    const start = BigInt(random(500)) * 4096n;
    const range = { start, end: start + BigInt(1 + random(20)) * 4096n, since: time };
    index.add(range);
    all.push(range);
    for (let i = 0; i < 5; i++) {
      const [address, at] = [BigInt(random(520 * 4096)), random(time + 10)];
      assert.equal(index.at(address, at), expected(all, address, at));
    }
  }
  assert.deepEqual(index.ranges, all);
  assert.equal(index.size, all.length);
});

test("RangeIndex.copy() shares what was there and goes its own way", () => {
  const range = (start: bigint, since: number) => ({ start, end: start + 4096n, since });
  const index = new RangeIndex<Range>([range(0x1000n, 1)]);
  index.add(range(0x2000n, 2));
  const copy = index.copy();
  copy.add(range(0x1000n, 3));
  index.add(range(0x3000n, 4));
  assert.equal(index.at(0x1000n, Infinity)?.since, 1);
  assert.equal(copy.at(0x1000n, Infinity)?.since, 3);
  assert.equal(copy.at(0x2000n, Infinity)?.since, 2);
  assert.equal(copy.at(0x3000n, Infinity), undefined);
});

test("RangeIndex takes any number of ranges and keeps the later ones", () => {
  const index = new RangeIndex<Range>([], 2 ** 12);
  for (let i = 0; i < 30_000; i++) {
    const start = BigInt(i) * 4096n;
    index.add({ start, end: start + 4096n, since: i });
  }
  assert.ok(index.size < 5_000, String(index.size));
  assert.equal(index.at(29_999n * 4096n, Infinity)?.since, 29_999);
  assert.equal(index.at(27_500n * 4096n + 5n, Infinity)?.since, 27_500);
  assert.equal(index.at(5n, Infinity), undefined);
});
