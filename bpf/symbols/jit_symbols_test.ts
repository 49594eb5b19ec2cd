import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chownSync, rmSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { JitSymbols } from "./jit_symbols.ts";

const MAP = `/tmp/perf-${process.pid}.map`;
const LINES = "1000 20 first\n0x2000 10 second one\n";
const NAMES = ["first", "second one"];
const NOBODY = 65534;

/** What is at the path of this process's perf-map, and the names that are read from it. */
const PLACED: readonly (readonly [what: string, place: () => void, names: string[]])[] = [
  ["a file of its own", () => writeFileSync(MAP, LINES), NAMES],
  ["a file of somebody else's", () => {
    writeFileSync(MAP, LINES);
    chownSync(MAP, NOBODY, NOBODY);
  }, []],
  // Whoever opened it would wait for a writer.
  ["a FIFO", () => assert.equal(spawnSync("mkfifo", [MAP]).status, 0), []],
  ["a link to a device without an end", () => symlinkSync("/dev/zero", MAP), []],
  ["a link to a file of root's", () => symlinkSync("/etc/passwd", MAP), []],
  ["a file of gigabytes without content", () => {
    writeFileSync(MAP, LINES);
    truncateSync(MAP, 2 ** 31);
  }, []],
];

test("JitSymbols believes a file of the process's own, and waits for nothing else", () => {
  for (const [what, place, names] of PLACED) {
    try {
      place();
      using symbols = new JitSymbols(process.pid, 0);
      const found = [0x1000n, 0x2005n].map((address) => symbols.at(address)?.name);
      assert.deepEqual(found.filter((name) => name !== undefined), names, what);
    } finally {
      rmSync(MAP, { force: true });
    }
  }
});
