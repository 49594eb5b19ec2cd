import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { test } from "node:test";
import {
  histogramSections,
  linearBuckets,
  linearLines,
  log2Buckets,
  log2Lines,
  sectionLines,
} from "./histogram.ts";

test("log2Lines() prints powers of two with bars", () => {
  assert.deepEqual(log2Lines([0, 0, 0, 7, 0, 2], { valueType: "usecs" }), [
    "     usecs               : count     distribution",
    "         0 -> 1          : 0        |                                        |",
    "         2 -> 3          : 0        |                                        |",
    "         4 -> 7          : 7        |****************************************|",
    "         8 -> 15         : 0        |                                        |",
    "        16 -> 31         : 2        |***********                             |",
  ]);
});

test("log2Lines() leaves out leading rows without a count when asked", () => {
  assert.deepEqual(log2Lines(new Map([[4, 1], [2, 3]]), { stripLeadingZero: true }), [
    "     value               : count     distribution",
    "         2 -> 3          : 3        |****************************************|",
    "         4 -> 7          : 0        |                                        |",
    "         8 -> 15         : 1        |*************                           |",
  ]);
});

test("log2Lines() makes room for numbers of 2^32 and more", () => {
  const counts = [[63, 5], [64, 10]] as const;
  assert.deepEqual(log2Lines(counts, { valueType: "bytes", stripLeadingZero: true }), [
    "               bytes                         : count     distribution",
    " 4611686018427387904 -> 9223372036854775807  : 5        |**********          |",
    " 9223372036854775808 -> 18446744073709551615 : 10       |********************|",
  ]);
});

test("linearLines() prints every number up to the highest", () => {
  assert.deepEqual(linearLines([0, 3, 0, 1], { valueType: "size" }), [
    "     size          : count     distribution",
    "        0          : 0        |                                        |",
    "        1          : 3        |****************************************|",
    "        2          : 0        |                                        |",
    "        3          : 1        |*************                           |",
  ]);
});

test("linearLines() and linearBuckets() take numbers by steps", () => {
  const counts = new Map([[2, 3], [4, 1]]);
  assert.deepEqual(linearLines(counts, { valueType: "mhz", step: 200, stripLeadingZero: true }), [
    "     mhz           : count     distribution",
    "        400        : 3        |****************************************|",
    "        600        : 0        |                                        |",
    "        800        : 1        |*************                           |",
  ]);
  assert.deepEqual(linearBuckets([0, 2], { step: 200 }), [
    { low: 0, high: 199, count: 0 },
    { low: 200, high: 399, count: 2 },
  ]);
});

test("histograms without a count have no lines and no rows", () => {
  for (const counts of [[], [0, 0], new Map([[3, 0]])]) {
    assert.deepEqual(log2Lines(counts), []);
    assert.deepEqual(linearLines(counts), []);
    assert.deepEqual(log2Buckets(counts), []);
    assert.deepEqual(linearBuckets(counts), []);
  }
});

test("log2Buckets() and linearBuckets() give the rows as data", () => {
  assert.deepEqual(log2Buckets([0, 2, 0, 1]), [
    { low: 0, high: 1, count: 2 },
    { low: 2, high: 3, count: 0 },
    { low: 4, high: 7, count: 1 },
  ]);
  assert.deepEqual(linearBuckets([0, 2]), [
    { low: 0, high: 0, count: 0 },
    { low: 1, high: 1, count: 2 },
  ]);
});

test("histograms give negative numbers rows of their own, mirrored", () => {
  assert.deepEqual(log2Lines([[-3, 4], [-1, 1], [0, 9], [2, 3]], { valueType: "n" }), [
    "     n                   : count     distribution",
    "        -7 -> -4         : 4        |*****************                       |",
    "        -3 -> -2         : 0        |                                        |",
    "        -1 -> -1         : 1        |****                                    |",
    "         0 -> 1          : 0        |                                        |",
    "         2 -> 3          : 3        |*************                           |",
  ]);
  assert.deepEqual(log2Lines([[-64, 1], [-62, 2]], { stripLeadingZero: true }), [
    "               value                         : count     distribution",
    "-9223372036854775808 -> -9223372036854775808 : 1        |**********          |",
    "-9223372036854775807 -> -4611686018427387904 : 0        |                    |",
    "-4611686018427387903 -> -2305843009213693952 : 2        |********************|",
  ]);
  assert.deepEqual(
    log2Buckets([[-2, 5]]),
    [
      { low: -3, high: -2, count: 5 },
      { low: -1, high: -1, count: 0 },
    ].slice(0, 1),
  );
  // The sign takes a column: at most 9 digits fit beside it.
  assert.match(log2Lines([[-29, 1]])[1]!, /^-536870911 -> -268435456 : 1 /);
  assert.match(log2Lines([[-30, 1]])[1]!, /^ {9}-1073741823 -> -536870912 {11}: 1 /);
  assert.deepEqual(linearLines([[-1, 1], [1, 2]]).slice(1), [
    "        -1         : 1        |********************                    |",
    "        0          : 0        |                                        |",
    "        1          : 2        |****************************************|",
  ]);
});

test("histograms refuse slots they do not have", () => {
  const log2 = /Cannot make a log2 histogram: expected slots from -64 to 64, found 65/;
  assert.throws(() => log2Lines([[65, 1]]), log2);
  assert.throws(() => log2Buckets([[65, 1]]), log2);
  assert.throws(() => linearLines([[1025, 1]]), /expected slots from -1024 to 1024, found 1025/);
  assert.throws(() => linearLines([[-1025, 1]]), /found -1025/);
});

test("sectionLines() prints a histogram for each section", () => {
  const entries: [{ disk: { name: string; id: bigint }; slot: number }, number][] = [
    [{ disk: { name: "sda", id: 1n }, slot: 1 }, 2],
    [{ disk: { name: "sdb", id: 2n }, slot: 2 }, 1],
    [{ disk: { name: "sda", id: 1n }, slot: 2 }, 4],
  ];
  const sections = histogramSections(entries, ({ disk, slot }) => [disk, slot]);
  const options = { sectionHeader: "disk", formatSection: (disk: { name: string }) => disk.name };
  assert.deepEqual(sectionLines(sections, log2Lines, options), [
    "",
    "disk = sda",
    "     value               : count     distribution",
    "         0 -> 1          : 2        |********************                    |",
    "         2 -> 3          : 4        |****************************************|",
    "",
    "disk = sdb",
    "     value               : count     distribution",
    "         0 -> 1          : 0        |                                        |",
    "         2 -> 3          : 1        |****************************************|",
  ]);
  const plain = histogramSections([[7, 1]], (key) => [key % 5, 0]);
  assert.deepEqual(sectionLines(plain, linearLines).slice(0, 2), ["", "Bucket ptr = 2"]);
});

const ORACLE = `
import json, sys, contextlib, io
from bcc import table
out = []
for kind, counts, title, strip in json.load(sys.stdin):
    values = [0] * (65 if kind == "log2" else 1025)
    for slot, count in counts: values[slot] = count
    text = io.StringIO()
    with contextlib.redirect_stdout(text):
        getattr(table, "_print_%s_hist" % kind)(values, title, strip)
    out.append(text.getvalue().splitlines())
json.dump(out, sys.stdout)
`;

/** Histograms of every width and shape, the same at every run. */
function cases() {
  let state = 1009;
  const random = (below: number) => (state = state * 48271 % 0x7fffffff) % below;
  return Array.from({ length: 200 }, (_, i) => {
    const kind = i % 2 === 0 ? "log2" : "linear";
    const slots = kind === "log2" ? 65 : [20, 1025][i % 3 === 0 ? 1 : 0]!;
    const counts = Array.from(
      { length: random(12) },
      () => [random(slots), random(10 ** (1 + random(9)))] as const,
    );
    const title = ["value", "usecs", "a title that is longer than its column"][random(3)]!;
    return [kind, [...new Map(counts)], title, random(2) === 1] as const;
  });
}

const hasOracle = existsSync("/usr/lib/python3/dist-packages/bcc/table.py");
const skip = hasOracle ? false : "python3-bpfcc is not installed";

test("histograms are letter for letter what bcc prints", { skip }, () => {
  const python = spawnSync("/usr/bin/python3", ["-c", ORACLE], {
    input: JSON.stringify(cases()),
    encoding: "utf8",
    maxBuffer: 64 << 20,
  });
  assert.equal(python.status, 0, python.stderr);
  const printed: string[][] = JSON.parse(python.stdout);
  for (const [i, [kind, counts, valueType, stripLeadingZero]] of cases().entries()) {
    const print = kind === "log2" ? log2Lines : linearLines;
    assert.deepEqual(print(counts, { valueType, stripLeadingZero }), printed[i]);
  }
});
