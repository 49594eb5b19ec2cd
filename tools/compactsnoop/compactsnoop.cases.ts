import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { defineCases, type Row } from "../../tests/support/cases.ts";

const work = { script: "echo 1 >/proc/sys/vm/compact_memory" };

/** The zones that have memory: each is compacted separately. */
const zones = (): string[] =>
  [
    ...readFileSync("/proc/zoneinfo", "utf8").matchAll(
      /zone +(\w+)$(?:(?!^Node)[^])*?managed +(\d+)/gm,
    ),
  ]
    .filter(([, , managed]) => managed !== "0")
    .map(([, name]) => `ZONE_${name!.toUpperCase()}`);

function checkZones(rows: readonly Row[]): void {
  const told = rows.map(({ comm, zone, order, mode }) => ({ comm, zone, order, mode }));
  const wanted = zones().map((zone) => ({ comm: "bash", zone, order: -1, mode: "SYNC" }));
  assert.deepEqual(told, wanted);
}

export default defineCases({
  cases: [
    {
      name: "shows each zone when all memory is to be compacted",
      args: ["-p", "{pid}"],
      canary: true,
      work,
      check(rows) {
        checkZones(rows);
        for (const { fragidx, min, low, high, free, latency_ms } of rows) {
          assert.equal(fragidx, -1);
          const marks = [min, low, high].map(Number) as [number, number, number];
          assert.ok(marks[0] <= marks[1] && marks[1] <= marks[2] && marks[2] > 0, String(marks));
          assert.ok(Number(free) > 0 && Number(latency_ms) > 0);
        }
      },
    },
    {
      name: "-K shows the stack",
      args: ["-K", "-p", "{pid}"],
      work,
      check(rows) {
        checkZones(rows);
        for (const { kernel } of rows) {
          assert.match(String(kernel), /^(__)?compact_zone\+.*compact_node\+.*vfs_write\+/);
        }
      },
    },
    { name: "-p hides other processes", args: ["-p", "1"], work, rows: [] },
    {
      name: "prints bcc's table",
      args: ["-T", "-e", "-p", "{pid}"],
      work,
      lines: [
        /^TIME\(s\) {8}COMM {11}PID {4}NODE ZONE {9}ORDER MODE {4}FRAGIDX {2}MIN {6}LOW {6}HIGH {5}FREE {7}LAT\(ms\) {11}STATUS$/,
        /^0\.0{9} +bash +{pid} +0 +ZONE_\w+ +-1 {4}SYNC +-1\.000 +\d+ +\d+ +\d+ +\d+ +\d+\.\d{3} +\w+$/,
      ],
    },
  ],
  filters: { work, expect: zones().length },
});
