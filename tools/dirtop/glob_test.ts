import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { thisMachine } from "../../toolkit/machine/machine.ts";
import { expandDirectories } from "./glob.ts";

test("expandDirectories() expands as a shell does, to directories only", () => {
  const dir = mkdtempSync(join(tmpdir(), "ts-bcc-test-"));
  try {
    for (const name of ["a/log", "b/log", "b/data", "c1", ".hidden/log"]) {
      mkdirSync(join(dir, name), { recursive: true });
    }
    writeFileSync(join(dir, "file"), "");
    const cases: [string, string[]][] = [
      ["*/log", ["a/log", "b/log"]],
      ["[!a]*", ["b", "c1"]],
      ["?", ["a", "b"]],
      [".h*/log", [".hidden/log"]],
      ["b/log", ["b/log"]],
      ["file", []],
      ["none/*", []],
      ["a(", []],
    ];
    for (const [pattern, expected] of cases) {
      assert.deepEqual(
        expandDirectories(`${dir}/${pattern}`, thisMachine),
        expected.map((name) => `${dir}/${name}`),
        pattern,
      );
    }
    assert.deepEqual(expandDirectories("/", thisMachine), ["/"]);
  } finally {
    rmSync(dir, { recursive: true });
  }
});
