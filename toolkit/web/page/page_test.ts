/** How the page handles messages, tested without a browser. */

import { deepEqual, equal, throws } from "node:assert/strict";
import { test } from "node:test";
import { compareValues, parseFilter } from "../../records/row_filter.ts";
import { valueText } from "../../records/value_text.ts";
import { shortText } from "./dom.ts";
import { HeatMaps, MAX_COLUMNS, MAX_MAPS } from "./heat.ts";
import { HeldReports, MAX_HELD } from "./held_reports.ts";
import { framesOf, StackTree, unitOf, valueOf } from "./stack_tree.ts";

const KEYS = ["pid", "comm", "err", "path"];
const ROWS = [
  [1, "cat", 0, "/tmp/a b"],
  [20, "Cat", 2, "/etc/x"],
  [300, "ls", null, "<img src=x onerror=alert(1)>"],
];

test("rows are filtered by words, columns, numbers and patterns", () => {
  const chosen = (text: string) => ROWS.filter(parseFilter(text, KEYS)).map(([pid]) => pid);
  const cases: Record<string, number[]> = {
    "": [1, 20, 300],
    cat: [1, 20],
    "cat /etc": [20],
    "comm=cat": [1],
    "-comm=cat": [20, 300],
    "comm!=cat": [20, 300],
    "pid>=20 pid<300": [20],
    "err>-1": [1, 20],
    "path:/tmp": [1],
    '"a b"': [1],
    "/^c.t$/": [1, 20],
    "comm:/^L/": [300],
    "<img": [300],
    "nokey=1": [],
    "-": [],
  };
  for (const [text, pids] of Object.entries(cases)) deepEqual(chosen(text), pids, text);
  throws(() => parseFilter("/(/", KEYS), SyntaxError);
});

test("values are sorted by size, then by letters, and what is missing is last", () => {
  deepEqual([10, null, 9, 2].toSorted(compareValues), [2, 9, 10, null]);
  deepEqual(["b", "a", undefined, "c"].toSorted(compareValues), ["a", "b", "c", undefined]);
  deepEqual([999, 12_345, 1_048_576].map(shortText), ["999", "12.3 k", "1.05 M"]);
  deepEqual([null, 0.123456, [1, "a"], { a: 1 }].map(valueText), ["–", "0.1235", "1 a", "a=1"]);
});

const bucket = (low: number, count: number) => ({ low, high: 2 * low - 1, count });

test("histograms become columns by time; of all time, what is new", () => {
  const maps = new HeatMaps();
  const add = (time: number, isCumulative: boolean, ...buckets: unknown[]) =>
    maps.add(time, [{ value: "usecs", disk: "sda", buckets }], isCumulative);
  add(1, true, bucket(1, 5));
  add(2, true, bucket(1, 7), bucket(2, 1));
  const [map] = [...maps.maps.values()];
  deepEqual([map!.title, map!.unit, map!.lows, map!.total], ["disk sda", "usecs", [1, 2], 8]);
  deepEqual(map!.columns.map(({ counts }) => [...counts]), [[[1, 5]], [[1, 2], [2, 1]]]);
  maps.add(3, [], true);
  equal(map!.columns.at(-1)!.counts.size, 0);
  for (let i = 0; i < 2 * MAX_COLUMNS; i++) add(4 + i, true, bucket(1, 7));
  equal(map!.columns.length, MAX_COLUMNS);
  const many = Array.from({ length: 100 }, (_, pid) => ({ value: "x", pid, buckets: [] }));
  maps.add(9, many, false);
  deepEqual([maps.maps.size, maps.left], [MAX_MAPS, 101 - MAX_MAPS]);
});

test("stacks are summed, and what came after a mark is told apart", () => {
  const names = ["main", "read", "vfs_read"];
  const record = { comm: "cat", user: [1, 0], kernel: [2], samples: 3 };
  equal(unitOf(record), "samples");
  const frames = framesOf(record, names)!;
  deepEqual(frames.map(({ name }) => name), ["cat", "main", "read", "vfs_read"]);
  deepEqual(framesOf({ comm: "x", user: null, usecs: 1 }, names)!.map(({ name }) => name), [
    "x",
    "[missed user stack]",
  ]);
  equal(framesOf({ comm: "x", count: 1 }, names), undefined);
  const tree = new StackTree();
  tree.begin(false);
  tree.add(frames, 3);
  tree.mark(1);
  tree.begin(false);
  tree.add(frames.slice(0, 2), 4);
  const main = [...[...tree.root.children.values()][0]!.children.values()][0]!;
  const of = (node: typeof main) =>
    (["all", "latest", "marked"] as const).map((each) => valueOf(node, each));
  deepEqual([of(tree.root), of(main)], [[7, 4, 4], [7, 4, 4]]);
  deepEqual(of([...main.children.values()][0]!), [3, 0, 0]);
  // A cumulative report replaces those before.
  tree.begin(true);
  tree.add(frames, 10);
  deepEqual(of(tree.root), [10, 10, 7]);
});

test("reports of a pause wait, and those beyond the limit are dropped and told", () => {
  const held = new HeldReports();
  const report = (number: number) => ({ number, time: number, left: 0, names: [], records: [] });
  const numbers = () => held.release().map(({ number }) => number);
  for (let i = 1; i <= MAX_HELD; i++) equal(held.hold(report(i)), false);
  deepEqual([held.count, held.losses], [MAX_HELD, []]);
  for (const i of [1, 2, 3]) equal(held.hold(report(MAX_HELD + i)), true);
  deepEqual(numbers(), Array.from({ length: MAX_HELD }, (_, i) => i + 4));
  equal(held.hold(report(1)), false);
  deepEqual([held.count, ...held.losses.map(({ kind, what, total }) => [kind, what, total])], [
    1,
    ["dropped", "reports", 3],
  ]);
});
