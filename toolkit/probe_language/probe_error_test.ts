import assert from "node:assert/strict";
import { test } from "node:test";
import { ProbeError } from "./probe_error.ts";
import { UsageError } from "../options/options.ts";

test("ProbeError puts a caret under the place", () => {
  const mistake = new ProbeError("there is no $x", 'p::f "%d", $x', 11);
  assert.ok(mistake instanceof UsageError);
  assert.equal(mistake.message, 'there is no $x\n  p::f "%d", $x\n             ^');
});

test("ProbeError keeps one column for each character, also for those that move the cursor", () => {
  assert.equal(
    new ProbeError("why", "a\n\x1b[2Jb\u{1f41d}c", 9).message,
    "why\n  a  [2Jb\u{1f41d}c\n          ^",
  );
  assert.equal(new ProbeError("at the end", "ab", 2).message, "at the end\n  ab\n    ^");
});
