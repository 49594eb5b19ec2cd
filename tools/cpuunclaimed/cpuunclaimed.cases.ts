import assert from "node:assert/strict";
import { defineCases, type Row } from "../../tests/support/cases.ts";

/** Four processes on one CPU, for a second. */
const work = {
  script: "for i in 1 2 3 4; do taskset -c 0 timeout 1 bash -c 'while :; do :; done' & done; wait",
};
const samplesOf = (rows: readonly Row[]) =>
  rows.filter(({ record }) => record === "sample").map(({ threads }) => threads as number[]);

export default defineCases({
  usage: {
    names: "-h -j -J -T --csv --fullcsv --timestamp interval count --json",
    wrong: [
      [["-j", "1"], /use either an interval, or -j\/--csv or -J\/--fullcsv/],
      [["0"], /invalid value "0" for interval/],
    ],
  },
  cases: [
    {
      name: "sees four threads queue on the one CPU that they may run on",
      canary: true,
      args: ["-j"],
      work,
      of: () => true,
      check(rows) {
        const samples = samplesOf(rows);
        assert.ok(samples.length > 0);
        assert.ok(samples.some(([first]) => first! >= 4), JSON.stringify(samples));
      },
    },
    {
      name: "tells parts of a whole",
      args: ["1000"],
      work,
      of: () => true,
      check(rows) {
        const { samples, used, unclaimed } = rows.at(-1) as unknown as Record<string, number>;
        assert.ok(samples! > 0 && used! > 0 && unclaimed! >= 0 && used! + unclaimed! <= 1);
      },
    },
    {
      name: "prints bcc's line",
      args: ["-T", "1000"],
      work,
      lines: [
        /^Sampling run queues\.\.\. Output every 1000 seconds\. Hit Ctrl-C to end\.$/,
        /^\d\d:\d\d:\d\d %CPU [ \d]{3}\.\d\d%, unclaimed idle \d+\.\d\d%$/,
      ],
    },
    {
      name: "prints bcc's comma-separated values",
      args: ["-J"],
      work,
      lines: [
        /^TIMESTAMP_ns,CPU0,(CPU\d+,)*OFFSET_ns_CPU0(,OFFSET_ns_CPU\d+)*$/,
        /^\d+(,\d+)+$/,
      ],
    },
  ],
});
