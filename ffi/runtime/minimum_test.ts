import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { MINIMUM, runtimeProblem } from "./minimum.ts";

test("runtimeProblem() refuses older runtimes in one sentence, and nothing else", () => {
  const node = "22.0.0";
  for (
    const versions of [
      { deno: "2.5.0", node },
      { deno: "2.10.1", node },
      { deno: "3.0.0", node },
      { bun: "1.3.0", node },
      { bun: "1.10.0-canary.1", node },
    ]
  ) {
    assert.equal(runtimeProblem(versions), undefined, JSON.stringify(versions));
  }
  for (
    const [versions, problem] of [
      [{ deno: "2.4.4", node }, "ts-bcc needs Deno 2.5 or later, this is 2.4.4: upgrade it"],
      [{ deno: "1.46.3", node }, "ts-bcc needs Deno 2.5 or later, this is 1.46.3: upgrade it"],
      [{ bun: "1.2.23", node }, "ts-bcc needs Bun 1.3 or later, this is 1.2.23: upgrade it"],
      [{ node }, "ts-bcc needs Deno 2.5 or Bun 1.3, or later: run it with one of them"],
    ] as const
  ) {
    assert.equal(runtimeProblem(versions), problem);
  }
});

test("README states the minimum versions", () => {
  const readme = readFileSync(new URL("../../README.md", import.meta.url), "utf8");
  const { deno, bun, glibc, libbpf } = MINIMUM;
  const row =
    `Deno ${deno} or later with glibc ${glibc}, or Bun ${bun} or later; libbpf ${libbpf} or later`;
  assert.ok(readme.includes(`| from source | ${row} |`));
});
