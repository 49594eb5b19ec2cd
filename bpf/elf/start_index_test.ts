import assert from "node:assert/strict";
import { test } from "node:test";
import { StartIndex } from "./start_index.ts";

const TABLES: readonly (readonly [what: string, starts: readonly number[]])[] = [
  ["no function", []],
  ["one", [4096]],
  ["several at one address", [64, 64, 64, 64, 64, 64]],
  ["even ones", Array.from({ length: 1000 }, (_, i) => 0x1000 + i * 48)],
  ["some far away", [0, 1, 2, 3, 3, 4, 2 ** 31, 2 ** 52, 2 ** 52 + 1, 2 ** 53 - 1]],
  ["some dense and some far", Array.from({ length: 700 }, (_, i) => Math.floor(1.05 ** i))],
];

test("StartIndex is made of corrupt tables too, which do not ascend", () => {
  for (const starts of [[5, 2 ** 53, 1], [2 ** 53, 0], [7, NaN, 3, Infinity, 4]]) {
    const count = new StartIndex(Float64Array.from(starts)).upTo(6);
    assert.ok(count >= 0 && count <= starts.length);
  }
});

for (const [what, starts] of TABLES) {
  test(`StartIndex tells how many functions begin up to an address: ${what}`, () => {
    const index = new StartIndex(Float64Array.from(starts));
    const addresses = starts.flatMap((start) => [start - 1, start, start + 1, start + 1000]);
    for (const address of [...addresses, -1, 0, 2 ** 40, 2 ** 53, Infinity]) {
      const expected = starts.filter((start) => start <= address).length;
      assert.equal(index.upTo(address), expected, `up to ${address}`);
    }
  });
}
