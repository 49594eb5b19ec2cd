import assert from "node:assert/strict";
import { test } from "node:test";
import { clockColumn, clockText } from "./time_columns.ts";

test("clockText() is the time of day in the machine's own zone", () => {
  assert.equal(clockText(new Date(2026, 0, 31, 7, 5, 9, 999)), "07:05:09");
});

test("clockColumn() prints the time of day and has the whole of it as value", () => {
  const column = clockColumn<null>();
  assert.match(column.text!(null), /^\d\d:\d\d:\d\d$/);
  assert.match(String(column.value(null)), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
});
