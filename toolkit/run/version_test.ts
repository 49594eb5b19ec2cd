import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { VERSION } from "./version.ts";

test("VERSION is that of deno.json", () => {
  const path = new URL("../../deno.json", import.meta.url);
  assert.equal(VERSION, JSON.parse(readFileSync(path, "utf8")).version);
});
