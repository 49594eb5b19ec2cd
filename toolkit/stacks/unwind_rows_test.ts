import assert from "node:assert/strict";
import { test } from "node:test";
import { indexRows } from "./unwind_rows.ts";

/** As find_row() of unwind_tables.h. */
function find(addresses: Uint32Array, index: Uint16Array, address: number): number {
  const bucket = Math.min((address - addresses[0]!) / 2 ** index[0]!, index.length - 3);
  let [low, high] = [index[Math.floor(bucket) + 1]!, index[Math.floor(bucket) + 2]!];
  while (low < high) {
    const middle = low + high + 1 >> 1;
    if (addresses[middle]! <= address) low = middle;
    else high = middle - 1;
  }
  return low;
}

const room = (rows: number) => new Uint16Array(Math.ceil(rows / 16) * 4);

const TABLES: Readonly<Record<string, readonly number[]>> = {
  "one row": [4096],
  "two rows as far apart as can be": [0, 2 ** 32 - 1],
  "sixteen rows": Array.from({ length: 16 }, (_, i) => 1000 + i),
  "seventeen rows, one far away": [...Array.from({ length: 16 }, (_, i) => i * 4), 2 ** 31],
  "dense, a gap, dense": Array.from({ length: 60000 }, (_, i) => i * 3 + (i > 30000 ? 2 ** 30 : 0)),
  "a whole chunk": Array.from({ length: 65536 }, (_, i) => 64 + i * 7 + i % 5),
};

for (const [name, table] of Object.entries(TABLES)) {
  test(`an index leads to the row that applies: ${name}`, () => {
    const addresses = Uint32Array.from(table);
    const index = room(addresses.length);
    indexRows(addresses, index);
    addresses.forEach((address, row) => {
      assert.equal(find(addresses, index, address), row);
      const behind = (addresses[row + 1] ?? 2 ** 32) - 1;
      assert.equal(find(addresses, index, behind), row);
    });
  });
}

test("an index leads to a few rows where rows are evenly spread", () => {
  const addresses = Uint32Array.from({ length: 50000 }, (_, i) => i * 12);
  const index = room(addresses.length);
  indexRows(addresses, index);
  for (let i = 2; i < index.length; i++) assert(index[i]! - index[i - 1]! <= 11);
});
