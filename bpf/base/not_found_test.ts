import assert from "node:assert/strict";
import { test } from "node:test";
import { notFound } from "./not_found.ts";

test("notFound() names what there is, or that there is nothing", () => {
  const said = (known: string[]) => notFound("map", "x", "tool", known).message;
  assert.equal(said(["a", "b"]), 'Cannot find map "x" in object "tool": it has a, b');
  assert.equal(said([]), 'Cannot find map "x" in object "tool": it has none');
});
