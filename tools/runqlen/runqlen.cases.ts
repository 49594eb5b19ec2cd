import assert from "node:assert/strict";
import { defineCases, type Row } from "../../tests/support/cases.ts";

// Three processes share CPU 0 for two seconds: at any time two of them wait.
const spin = "while [ $SECONDS -lt 2 ]; do :; done";
const work = { script: `for i in 1 2 3; do taskset -c 0 bash -c '${spin}' & done; wait` };
const isRow = (): boolean => true;

export default defineCases({
  usage: { names: "-T --timestamp -O --runqocc -C --cpus -h --json" },
  cases: [
    {
      name: "-C shows the two that wait for a CPU that three want",
      args: ["-C", "-f", "199"],
      canary: true,
      work,
      of: isRow,
      check(rows) {
        const first = rows.find(({ cpu }) => cpu === 0);
        const buckets = first!.buckets as { low: number; count: number }[];
        const waiting = buckets.filter(({ low }) => low >= 2).map(({ count }) => count);
        assert.ok(waiting.reduce((sum, count) => sum + count, 0) >= 10, JSON.stringify(rows));
      },
    },
    {
      name: "-O shows how often somebody waits",
      args: ["-O", "-C"],
      work,
      of: isRow,
      check(rows) {
        const first = rows.find(({ cpu }) => cpu === 0) as Record<keyof Row, number>;
        assert.ok(first.queued! >= 10 && first.queued! <= first.samples!, JSON.stringify(rows));
      },
    },
    {
      name: "prints bcc's histogram",
      args: ["-T"],
      work,
      lines: [
        /^Sampling run queue length\.\.\. Hit Ctrl-C to end\.$/,
        /^\d\d:\d\d:\d\d$/,
        /^ {5}runqlen {7}: count {5}distribution$/,
        /^ {8}2 {10}: \d+ +\|\**\s*\|$/,
      ],
    },
    {
      name: "-O prints bcc's lines",
      args: ["-O"],
      work,
      lines: [/^runqocc: \d+\.\d\d%$/],
    },
  ],
});
