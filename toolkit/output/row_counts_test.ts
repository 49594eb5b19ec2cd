import assert from "node:assert/strict";
import { test } from "node:test";
import { RowCounts } from "./row_counts.ts";

function counted(json: boolean, ...texts: string[]): string[] {
  const counts = new RowCounts(json);
  for (const text of texts) counts.add(text);
  return counts.texts();
}

test("RowCounts tells each row once, the most frequent first", () => {
  assert.deepEqual(counted(false, "a", "b", "b"), ["b\n-->COUNT 2\n", "a\n-->COUNT 1\n"]);
  assert.deepEqual(counted(true, '{"x":1}', '{"x":1}'), ['{"x":1,"count":2}']);
  assert.deepEqual(counted(false), []);
});
