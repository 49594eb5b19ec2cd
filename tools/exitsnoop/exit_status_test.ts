import assert from "node:assert/strict";
import { test } from "node:test";
import { dumpedCore, endingSignal, exitCode, statusText } from "./exit_status.ts";

test("statusText() tells a code from a signal", () => {
  const statuses = [0, 7 << 8, 255 << 8, 9, 11 | 0x80];
  assert.deepEqual(statuses.map(statusText), [
    "0",
    "code 7",
    "code 255",
    "signal 9 (KILL)",
    "signal 11 (SEGV), core dumped",
  ]);
  assert.deepEqual(statuses.map(exitCode), [0, 7, 255, 0, 0]);
  assert.deepEqual(statuses.map(endingSignal), [0, 0, 0, 9, 11]);
  assert.deepEqual(statuses.map(dumpedCore), [false, false, false, false, true]);
});
