import assert from "node:assert/strict";
import { test } from "node:test";
import { isRefusedForAge } from "./run_cases.ts";

const ended = (stderr: string, stdout = "") =>
  `Error: Ended without printing /^ready$/m\nstdout: ${stdout}\nstderr: ${stderr}\n`;
const needs = (version: string) =>
  ended(`a: Cannot load object "a": why (needs Linux ${version} or later)`);

test("a tool may refuse an old kernel, by one sentence that names a later one", () => {
  const isRefused = (message: string, kernel = "5.10.0-32-amd64") =>
    isRefusedForAge(message, "a", kernel);
  assert.equal(isRefused(needs("5.15")), true);
  assert.equal(
    isRefused(ended("a: Cannot trace b: this kernel has none of: tracepoint:c:d")),
    true,
  );
  // This kernel is new enough, or all tools support it, or another tool printed the sentence.
  assert.equal(isRefused(needs("5.10")), false);
  assert.equal(isRefused(needs("6.5"), "6.1.0-50-amd64"), false);
  assert.equal(isRefusedForAge(needs("5.15"), "b", "5.10"), false);
  // The tool printed more than the sentence, or its sentence names no kernel version.
  assert.equal(isRefused(ended(`${needs("5.15")}\nmore`)), false);
  assert.equal(isRefused(ended("a: Cannot load b (needs Linux 5.15 or later)", "row")), false);
  assert.equal(isRefused(ended("a: Cannot load b: Invalid argument (EINVAL)")), false);
});
