import assert from "node:assert/strict";
import { test } from "node:test";
import { Mistake } from "./probe_error.ts";
import { UsageError } from "../options/options.ts";

test("Mistake puts a caret under the place", () => {
  const mistake = new Mistake("there is no $x", 'p::f "%d", $x', 11);
  assert.ok(mistake instanceof UsageError);
  assert.equal(mistake.message, 'there is no $x\n  p::f "%d", $x\n             ^');
});

test("Mistake keeps one column for each character, also for those that move the cursor", () => {
  assert.equal(
    new Mistake("why", "a\n\x1b[2Jb\u{1f41d}c", 9).message,
    "why\n  a  [2Jb\u{1f41d}c\n          ^",
  );
  assert.equal(new Mistake("at the end", "ab", 2).message, "at the end\n  ab\n    ^");
});
