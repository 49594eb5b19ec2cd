import assert from "node:assert/strict";
import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { header, load, move, record } from "../../tests/support/jitdump.ts";
import { openForeign } from "../proc/open_foreign.ts";
import { JitDump, JITDUMP_NAME } from "./jitdump.ts";

function withDump(bytes: readonly Uint8Array[], use: (dump: JitDump, path: string) => void): void {
  const folder = mkdtempSync(join(tmpdir(), "ts-bcc-test-"));
  try {
    const path = join(folder, "jit-1.dump");
    writeFileSync(path, Buffer.concat(bytes));
    using dump = new JitDump(openForeign(path));
    dump.look();
    use(dump, path);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const CODE = 100_000; // more than what is read at once

test("JitDump reads loads and moves, with their times, whatever lies between", () =>
  withDump([
    header(),
    load(0x1000, CODE, "first", 10),
    record(2, new Uint8Array(500), 11), // debug info
    load(0x1000, 0x20, "second κ", 20),
    move(0x1000, 0x900000, 0x20, 30),
    load(0x5000, 0x10, "", 40),
  ], (dump) => {
    const at = (address: number, time?: number) => dump.at(address, time)?.name;
    assert.deepEqual([at(0x1010), at(0x1020), at(0x900010)], ["second κ", "first", "second κ"]);
    assert.equal(at(0x1010, 15), "first");
    assert.deepEqual([at(0x5000), at(0x900020)], ["first", undefined]);
  }));

test("JitDump follows a file while it grows, and waits for the end of its last record", () =>
  withDump([header(), load(0x1000, 10, "whole", 1), load(0x2000, 10, "torn", 2).subarray(0, 70)], (
    dump,
    path,
  ) => {
    assert.deepEqual([dump.at(0x1000)?.name, dump.at(0x2000)], ["whole", undefined]);
    appendFileSync(path, load(0x2000, 10, "torn", 2).subarray(70));
    appendFileSync(path, load(0x3000, 10, "more", 3));
    dump.look();
    assert.deepEqual([dump.at(0x2000)?.name, dump.at(0x3000)?.name], ["torn", "more"]);
  }));

test("JitDump stops at what is no record, and knows no other file", () => {
  const broken = record(0, new Uint8Array(0), 1);
  new DataView(broken.buffer).setUint32(4, 3, true);
  withDump([header(), load(0x1000, 10, "good", 1), broken, load(0x2000, 10, "no", 2)], (dump) => {
    assert.deepEqual([dump.at(0x1000)?.name, dump.at(0x2000)], ["good", undefined]);
  });
  const foreign = header();
  foreign[0]!++;
  withDump(
    [foreign, load(0x1000, 10, "no", 1)],
    (dump) => assert.equal(dump.at(0x1000), undefined),
  );
  withDump([], (dump) => assert.equal(dump.at(0x1000), undefined));
});

test("JITDUMP_NAME knows the names that runtimes give, and others not", () => {
  for (const name of ["jit-17.dump", "jit-17-18.dump", "jit-17-18-Ab3dE_", "jit-17"]) {
    assert.match(name, JITDUMP_NAME);
  }
  for (const name of ["jit-a.dump", "libjit-17.dump", "jit-17.so", "jit-.dump"]) {
    assert.doesNotMatch(name, JITDUMP_NAME);
  }
});
