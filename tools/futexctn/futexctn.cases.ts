import assert from "node:assert/strict";
import { defineCases, histogramTotal, type Row, sumOf } from "../../tests/support/cases.ts";

const work = { program: "thread_maker.c", args: ["waits=31"], flags: ["-O0"] };
const isWait = (row: Row, { pid }: { pid: number }) => row.pid === pid && Number(row.count) >= 31;

export default defineCases({
  usage: { wrong: [[["-l", "12g"], /expected an address in hexadecimal/]] },
  cases: [
    {
      name: "counts 31 waits of a thread on the stack that waits",
      canary: true,
      work,
      of: isWait,
      check(rows) {
        assert.equal(rows.length, 1);
        const { comm, pid, tid, count, average, most, least, user } = rows[0] as Record<
          string,
          number
        >;
        assert.deepEqual([comm, count, histogramTotal(rows)], ["thread_maker", 31, 31]);
        assert.ok(tid !== pid && least! <= average! && average! <= most!);
        assert.match(String(user), /waiting_routine/);
      },
    },
    {
      name: "--perf-max-stack-depth shows no more frames",
      args: ["--perf-max-stack-depth", "1"],
      work,
      of: isWait,
      check: (rows) => assert.deepEqual(rows.map(({ user }) => (user as string[]).length), [1]),
    },
    {
      name: "-s counts them by process",
      args: ["-s", "-m"],
      work,
      of: isWait,
      rows: [{ tid: "{pid}", count: 31, value: "msecs" }],
    },
    {
      name: "-l shows one lock",
      args: ["-l", "0x10000000"], // the address of the lock in thread_maker.c
      work,
      of: isWait,
      check: (rows) => assert.deepEqual(rows.map(({ count }) => count), [31]),
    },
    { name: "-l hides other locks", args: ["-l", "0x1000"], work, of: isWait, rows: [] },
    {
      name: "prints libbpf-tools' lines",
      args: ["-T", "-p", "{pid}"],
      work,
      lines: [
        /^\d\d:\d\d:\d\d$/,
        /^thread_maker\[\d+\] lock 0x[0-9a-f]+ contended 31 times, \d+ avg usecs \[max: \d+ usecs, min \d+ usecs\]$/,
        /^ {4}-$/,
        /^ {4}waiting_routine$/,
        /^ {5}usecs {15}: count {5}distribution$/,
      ],
    },
  ],
  filters: {
    work,
    args: ["-s"],
    of: isWait,
    total: sumOf("count"),
    expect: 31,
    not: { tid: "the thread that waits is another than the process's first" },
  },
});
