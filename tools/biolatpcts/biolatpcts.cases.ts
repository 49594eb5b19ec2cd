import assert from "node:assert/strict";
import { defineCases, type Row } from "../../tests/support/cases.ts";
import { BLOCK_EVENTS } from "../../tests/support/hidden_events.ts";
import { blockWrites } from "../../tests/support/jobs.ts";

const work = blockWrites(101);
const isReport = ({ record }: Row) => record === "latencies";
const endless = ["-i", "-1"];

/** Checks the report at the end; the first report, at the start, only tells that tracing began. */
function checkWrites(rows: readonly Row[], expected: number): void {
  assert.equal(rows.length, 2);
  const { requests, read, write } = rows[1] as Record<string, Record<string, number>>;
  assert.deepEqual(requests, { read: 0, write: expected, discard: 0, flush: 0 });
  assert.deepEqual(read, { 50: 0, 99.9: 0 });
  assert.equal(write![50]! > 0 && write!["99.9"]! >= write![50]!, expected > 0);
}

export default defineCases({
  usage: {
    wrong: [
      [["-p", "101", "sda"], /expected numbers from 0 to 100, separated by commas/],
      [["-i", "ever", "sda"], /invalid value "ever" for -i\/--interval: expected seconds, 0 or -1/],
      [["-w", "now", "sda"], /expected one of/],
      [[], /DEV is missing: biolatpcts \/dev\/sda/],
      [["9:9"], /there is no device 9:9/],
    ],
    right: ["sda"],
  },
  cases: [
    {
      name: "counts 101 writes on their way through the disk, and no reads",
      args: [...endless, "-p", "99.9,50", "{disk}"],
      canary: true,
      work,
      of: isReport,
      check: (rows) => checkWrites(rows, 101),
    },
    {
      name: "counts them from their start on",
      args: [...endless, "-w", "after-rq-alloc", "-p", "50,99.9", "/dev/{disk}"],
      work,
      of: isReport,
      check: (rows) => checkWrites(rows, 101),
    },
    {
      name: "counts those of its disk only",
      args: [...endless, "-p", "50,99.9", "{other}"],
      work,
      of: isReport,
      check: (rows) => checkWrites(rows, 13),
    },
    {
      name: "prints bcc's table",
      args: [...endless, "-v", "-p", "50,99.9,100", "{disk}"],
      work,
      lines: [
        /^{disk} +50 {2}99\.9 {3}100$/,
        /^read {8}- {5}- {5}-$/,
        /^write +[\d.]+[um]s +[\d.]+[um]?s +[\d.]+[um]?s$/,
        /^requests: 0 read, 101 write, 0 discard, 0 flush$/,
      ],
    },
  ],
  anywhere: BLOCK_EVENTS,
});
