import assert from "node:assert/strict";
import { type Case, defineCases, type Row, sumOf } from "../../tests/support/cases.ts";
import { ext4Io } from "../../tests/support/jobs.ts";

const work = ext4Io((file) => [`open=${file}:1`, "write=101", "start", "read=53"]);
const isSorted = (key: string, sign: number) => (rows: readonly Row[]) => {
  const values = rows.map((row) => Number(row[key]));
  assert.ok(values.length > 0);
  assert.deepEqual(values, values.toSorted((a, b) => sign * (a - b)));
};

const counts: Case = {
  name: "counts the folios that a process reads, adds and makes dirty",
  args: ["-p", "{pid}", "1000"],
  canary: true,
  work,
  check(rows) {
    const [row] = rows;
    assert.deepEqual([rows.length, row?.cmd, row?.dirties], [1, "file_io", 101]);
    const [hits, misses] = [Number(row?.hits), Number(row?.misses)];
    // Counts vary: a folio may hold several pages, and the file system accesses blocks of its own.
    // Linux 6.12 counts 505 hits, 6.1 607.
    assert.ok(hits >= 154 && hits < 1000, `${hits} hits`);
    assert.ok(misses >= 102 && misses < 220, `${misses} misses`);
    assert.ok(Number(row?.read_hit_percent) > 0 && Number(row?.write_hit_percent) > 0);
  },
};

export default defineCases({
  usage: {
    names: "-h --help -p --pid interval -s --sort --json",
    wrong: [
      [["0"], /invalid value "0" for interval/],
      [["-s", "AGE"], /expected one of PID, UID, CMD, HITS/],
    ],
  },
  cases: [
    counts,
    {
      name: "shows the largest first",
      args: ["1000"],
      work,
      of: ({ pid }) => pid !== undefined,
      check: isSorted("hits", -1),
    },
    {
      name: "-s and --ascending say what comes first",
      args: ["-s", "pid", "--ascending", "1000"],
      work,
      of: ({ pid }) => pid !== undefined,
      check: isSorted("pid", 1),
    },
    {
      name: "prints bcc's table",
      args: ["-p", "{pid}", "1000"],
      work,
      lines: [
        /^\d\d:\d\d:\d\d Buffers MB: \d+ \/ Cached MB: \d+ \/ Sort: HITS \/ Order: descending$/,
        /^PID {6}UID {6}CMD {18}HITS {3}MISSES {2}DIRTIES {2}READ_HIT% WRITE_HIT%$/,
        /^{pid} +root {5}file_io +\d+ +\d+ +101 +\d+\.\d% +\d+\.\d%$/,
      ],
    },
  ],
  filters: { work, args: ["1000"], total: sumOf("dirties"), expect: 101 },
});
