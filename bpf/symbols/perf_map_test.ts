import assert from "node:assert/strict";
import { appendFileSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { openForeign } from "../proc/open_foreign.ts";
import { CodeRanges } from "./code_ranges.ts";
import { PerfMap, readPerfMap } from "./perf_map.ts";

function parsed(text: string): CodeRanges {
  const ranges = new CodeRanges();
  readPerfMap(new TextEncoder().encode(text), ranges);
  return ranges;
}

const nameAt = (ranges: CodeRanges, address: number) => ranges.at(address)?.name;

test("readPerfMap() reads the lines that runtimes write, each in its own way", () => {
  const cases = [
    ["1000 20 plain", "plain"],
    ["0x1000 0x20 prefixed", "prefixed"],
    ["0X0000000000001000 0X00000020 capitals", "capitals"],
    ["1000 20 Windows\r", "Windows"],
    ["1000\t20\ttabs", "tabs"],
    ["  1000   20   blanks  ", "blanks"],
    ["\0\0\0\x001000 20 after zeros", "after zeros"],
    ["1000 20 cut\0rest", "cut"],
    ["1000 20 LazyCompile:*f a.js:3 (deep)", "LazyCompile:*f a.js:3 (deep)"],
    ["1000 20 one\u2028name\u2029still", "one\u2028name\u2029still"],
    ["1000 20 Zürich::κλάση", "Zürich::κλάση"],
    ["1000 20 \xe9\u{10ffff}", "\xe9\u{10ffff}"],
    ["1000 1a 20 is a name", "20 is a name"],
  ] as const;
  for (const [line, name] of cases) {
    const ranges = parsed(`${line}\n`);
    assert.deepEqual([ranges.size, nameAt(ranges, 0x1010)], [1, name], line);
    assert.equal(nameAt(ranges, 0xfff), undefined);
  }
});

test("ranges that come in order are found as those in any order are", () => {
  const lines = ["1000 20 first", "1020 10 next to it", "1040 8 apart", "1050 1 last"];
  const [inOrder, turned] = [lines, lines.toReversed()].map((all) => parsed(`${all.join("\n")}\n`));
  const found = (ranges: CodeRanges) =>
    Array.from({ length: 0x60 }, (_, i) => ranges.at(0xff8 + i));
  assert.deepEqual(found(inOrder!), found(turned!));
  assert.deepEqual(
    [0xfff, 0x1000, 0x101f, 0x1020, 0x1030, 0x1040, 0x1048, 0x1050, 0x1051].map((address) =>
      nameAt(inOrder!, address)
    ),
    [undefined, "first", "first", "next to it", undefined, "apart", undefined, "last", undefined],
  );
});

test("readPerfMap() leaves out what is no such line, and only that", () => {
  const others = [
    "",
    "\0\0\0",
    "1000",
    "1000 20",
    "1000 20 ",
    "g000 20 name",
    "1000 2g name",
    "-1000 20 name",
    "0x 20 name",
    "1000 20name",
    "ffffffffffffffff 20 name", // no user address
    "1000 ffffffffffffffff name",
  ];
  const ranges = parsed(`${others.join("\n")}\n2000 10 good\n`);
  assert.equal(ranges.size, 1);
  assert.equal(nameAt(ranges, 0x2000), "good");
});

test("CodeRanges: the last that was told of a place is right, whatever overlaps it", () => {
  // Compared with a linear search, for random ranges with a fixed seed.
  let seed = 17;
  const random = (below: number) => (seed = (seed * 48271) % 2147483647) % below;
  const ranges = new CodeRanges();
  const plain: [start: number, end: number, name: string][] = [];
  for (let i = 0; i < 5000; i++) {
    const start = 0x1000 + random(4000);
    const size = 1 + random(i % 7 === 0 ? 500 : 20);
    ranges.add(start, size, new TextEncoder().encode(`f${i}`));
    plain.push([start, start + size, `f${i}`]);
    if (i % 50 !== 0) continue;
    for (let look = 0; look < 40; look++) {
      const address = 0xf00 + random(5000);
      const expected = plain.findLast(([start, end]) => address >= start && address < end);
      assert.equal(nameAt(ranges, address), expected?.[2], `${i}: ${address}`);
    }
  }
});

test("CodeRanges: a range without a size goes to the next one, or 64 KiB far", () => {
  const ranges = parsed("1000 0 first\n1100 0 second\n1080 10 between\n200000 0 last\n");
  assert.deepEqual(
    [0x1000, 0x107f, 0x1080, 0x1090, 0x1100, 0x110ff, 0x11100, 0x200000].map((address) =>
      nameAt(ranges, address)
    ),
    ["first", "first", "between", undefined, "second", "second", undefined, "last"],
  );
});

test("CodeRanges keeps names of any length, thousands of them", () => {
  const ranges = new CodeRanges();
  const name = (i: number) => `${i}:${"ü".repeat(i * 37 % 700)}`;
  for (let i = 0; i < 5000; i++) ranges.add(i * 16, 16, new TextEncoder().encode(name(i)));
  ranges.add(90_000, 16, new TextEncoder().encode("long".repeat(200_000)));
  ranges.add(90_016, 16, new TextEncoder().encode("too long".repeat(200_000)));
  ranges.add(90_032, 16, new TextEncoder().encode("last"));
  for (let i = 0; i < 5000; i++) assert.equal(ranges.at(i * 16 + 5)?.name, name(i));
  assert.equal(ranges.at(90_000)?.name, "long".repeat(200_000));
  assert.equal(ranges.at(90_016), undefined);
  assert.equal(ranges.at(90_032)?.name, "last");
  assert.deepEqual(ranges.nameAt(4999 * 16), new TextEncoder().encode(name(4999)));
});

test("CodeRanges tells what was at an address at a time", () => {
  const ranges = new CodeRanges();
  const add = (start: number, name: string, time: number) =>
    ranges.add(start, 0x100, new TextEncoder().encode(name), time);
  add(0x1000, "early", 100);
  add(0x1080, "late", 200);
  const at = (address: number, time?: number) => ranges.at(address, time)?.name;
  assert.deepEqual([at(0x1090, 150), at(0x1090, 200), at(0x1090)], ["early", "late", "late"]);
  assert.deepEqual([at(0x1010, 150), at(0x1170, 150)], ["early", "late"]);
});

async function inFile(use: (path: string, map: PerfMap) => void): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "ts-bcc-test-"));
  try {
    const path = join(folder, "perf.map");
    writeFileSync(path, "1000 10 first\n2000 10 to");
    using map = new PerfMap(openForeign(path));
    map.look();
    await use(path, map);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test("PerfMap follows a file while it grows, and waits for the end of its last line", () =>
  inFile((path, map) => {
    assert.equal(map.at(0x1000)?.name, "first");
    assert.equal(map.at(0x2000), undefined);
    appendFileSync(path, "rn line\n1000 8 again\n");
    map.look();
    assert.deepEqual([map.at(0x2000)?.name, map.at(0x1000)?.name], ["torn line", "again"]);
    assert.equal(map.at(0x1008)?.name, "first");
    rmSync(path);
    map.look();
    assert.equal(map.at(0x2000)?.name, "torn line");
    writeFileSync(path, ""); // removed at the end
  }));

test("PerfMap reads a file anew that is written anew, shorter or longer", () =>
  inFile((path, map) => {
    writeFileSync(path, "3000 10 a\n");
    map.look();
    assert.deepEqual([map.at(0x3000)?.name, map.at(0x1000)], ["a", undefined]);
    writeFileSync(path, "4000 10 another that is longer\n5000 10 b\n");
    map.look();
    assert.deepEqual([map.at(0x5000)?.name, map.at(0x3000)], ["b", undefined]);
    truncateSync(path, 0);
    map.look();
    assert.equal(map.at(0x5000), undefined);
  }));

test("PerfMap does not take for a name what was written over it since it looked", () =>
  inFile((path, map) => {
    writeFileSync(path, "1000 10 first\n2000 10 other\n3000 10 same\n");
    map.look();
    writeFileSync(path, "1000 10 again\n2000 10 other\n");
    assert.deepEqual([0x1000, 0x2000, 0x3000].map((at) => map.at(at)?.name), [
      undefined,
      "other",
      undefined,
    ]);
    map.look();
    assert.deepEqual([0x1000, 0x3000].map((at) => map.at(at)?.name), ["again", undefined]);
  }));

test("PerfMap steps over megabytes that are no lines", () =>
  inFile((path, map) => {
    appendFileSync(path, `\n${"x".repeat(3 << 20)}1000 10 no\n6000 10 behind\n`);
    map.look();
    assert.equal(map.at(0x6000)?.name, "behind");
    assert.equal(map.at(0x1000)?.name, "first");
    truncateSync(path, 128 << 20);
    map.look();
    appendFileSync(path, "\n7000 10 behind a hole\n");
    map.look();
    assert.equal(map.at(0x7000)?.name, "behind a hole");
  }));

test("PerfMap names 4,334 functions by the last of 300,000 lines, in no order and twice each", () =>
  inFile((path, map) => {
    const count = 150_000;
    const line = (i: number, name: string) =>
      `${(0x7f0000000000 + i * 64).toString(16)} 40 ${name}${i}\n`;
    // 7919 and the count have no factor in common: each comes once.
    const all = Array.from({ length: count }, (_, i) => i * 7919 % count);
    const lines = ["early", "later"].flatMap((name) => all.map((i) => line(i, name)));
    writeFileSync(path, lines.join(""));
    map.look();
    for (let i = 0; i < 4334; i++) {
      const at = i * 61 % count;
      assert.equal(map.at(0x7f0000000000 + at * 64 + i % 64)?.name, `later${at}`);
    }
  }));
