import assert from "node:assert/strict";
import { pausing } from "../../tests/support/jobs.ts";
import { defineCases, histogramTotal, type Row } from "../../tests/support/cases.ts";

const work = { program: "slow_calls.c" };
const file = "{dir}/slow_calls";

/** How many intervals the rows count that are at least as long as a limit. */
const notBelow = (limit: number) => (rows: readonly Row[]) =>
  rows.flatMap(({ buckets }) => buckets as { low: number; count: number }[])
    .filter(({ low }) => low >= limit)
    .reduce((sum, { count }) => sum + count, 0);

export default defineCases({
  usage: {
    names: "-h -p -i -d -T -u -m -v --pid --interval --duration --timestamp --microseconds " +
      "--milliseconds --verbose pattern --json",
    wrong: [
      [[], /expected a pattern: FUNCTION, FILE:FUNCTION/],
      [["t:sched"], /invalid pattern "t:sched"/],
    ],
  },
  cases: [
    {
      name: "tells the times between 3 calls, each of which takes 2 ms",
      canary: true,
      args: ["-m", "-p", "{pid}", `${file}:slow_six`],
      work,
      of: () => true,
      check(rows) {
        assert.equal(histogramTotal(rows), 2);
        assert.equal(notBelow(2)(rows), 2);
        assert.equal(rows[0]!.value, "msecs");
      },
    },
    {
      name: "tells the times between calls of any of two functions",
      args: ["-p", "{pid}", `${file}:slow_*`],
      work,
      of: () => true,
      check: (rows) => assert.equal(histogramTotal(rows), 3 + 5 - 1),
    },
    {
      name: "-r takes the pattern for a regular expression",
      args: ["-r", "-p", "{pid}", `${file}:^slow_(six|no)`],
      work,
      of: () => true,
      check: (rows) => assert.equal(histogramTotal(rows), 3 - 1),
    },
    {
      name: "tells the times between events of a tracepoint",
      args: ["-u", "-p", "{pid}", "t:syscalls:sys_enter_clock_nanosleep"],
      work,
      of: () => true,
      check: (rows) => assert.equal(notBelow(1024)(rows), 7),
    },
    {
      name: "tells nothing of a single call",
      args: ["-p", "{pid}", `${file}:caller`],
      work,
      of: () => true,
      check: (rows) => assert.equal(histogramTotal(rows), 0),
    },
    {
      name: "-i makes reports, each of what there was since the one before",
      args: ["-m", "-p", "{pid}", "-i", "0.2", `${file}:slow_six`],
      work: pausing(work),
      of: () => true,
      check(rows) {
        assert.equal(histogramTotal(rows), 2);
        assert.ok(rows.length >= 1);
      },
    },
    {
      name: "prints bcc's histogram",
      args: ["-T", `${file}:slow_six`],
      work,
      lines: [
        /^Tracing 1 functions for "{dir}\/slow_calls:slow_six"\.\.\. Hit Ctrl-C to end\.$/,
        /^\d\d:\d\d:\d\d$/,
        /^ {5}nsecs {15}: count {5}distribution$/,
        /^Detaching\.\.\.$/,
      ],
    },
  ],
  filters: { work, args: [`${file}:slow_six`], of: () => true, total: histogramTotal, expect: 2 },
});
