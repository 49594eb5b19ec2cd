import assert from "node:assert/strict";
import { defineCases, type Row, sumOf } from "../../tests/support/cases.ts";
import { WAKER_EVENTS } from "../../tests/support/hidden_events.ts";
import { writeToSleeper } from "../../tests/support/jobs.ts";

const work = { program: "stacks.c", args: ["block=53:1000"], flags: ["-O0"] };
const isNap = (row: Row, { pid }: { pid: number }) =>
  row.pid === pid && String(row.kernel).includes("nanosleep");
const isTimer = ({ waker }: Row) => JSON.stringify(waker).includes("hrtimer_wakeup");

export default defineCases({
  usage: {
    wrong: [[["-U", "-K"], /use either -U\/--user-stacks-only or -K\/--kernel-stacks-only/], [[
      "-p",
      "1",
      "-t",
      "1",
    ], /use one of -p\/--pid, -t\/--tid, -u\/--user-threads-only and/]],
  },
  cases: [
    {
      name: "sums naps on their stack and on the timer's",
      args: ["-p", "{pid}"],
      canary: true,
      work,
      of: isNap,
      check(rows) {
        const timed = rows.filter(isTimer);
        const [count, usecs] = [sumOf("count")(timed), sumOf("usecs")(timed)];
        assert.equal(count, 53);
        // Naps are 1 ms, less the time until the thread leaves the CPU.
        assert.ok(usecs >= 53 * 500, `${usecs} us`);
        for (const { user } of timed) assert.match(String(user), /inner_nap,outer_nap/);
      },
    },
    {
      name: "tells who writes what another process waits for",
      args: ["-K"],
      work: writeToSleeper,
      of: ({ comm, kernel, waker }) =>
        comm === "bash" && String(kernel).includes("pipe_read") &&
        JSON.stringify(waker).includes("pipe_write"),
      check(rows) {
        assert.ok(rows.some(({ waker }) => (waker as { comm: string }).comm === "bash"));
      },
    },
    {
      name: "-U shows stacks of programs alone",
      args: ["-U", "-p", "{pid}"],
      work,
      of: (row, { pid }) => row.pid === pid && /inner_nap,outer_nap/.test(String(row.user)),
      check(rows) {
        assert.equal(sumOf("count")(rows), 53);
        for (const row of rows) assert.ok(!("kernel" in row), JSON.stringify(row));
      },
    },
    { name: "-p hides others", args: ["-p", "1"], work, of: isNap, rows: [] },
    { name: "-m hides short stops", args: ["-m", "900000000"], work, of: isNap, rows: [] },
    { name: "-M hides long stops", args: ["-M", "100"], work, of: isNap, rows: [] },
    { name: "-t hides other threads", args: ["-t", "1"], work, of: isNap, rows: [] },
    {
      name: "-t and --state show naps of one thread",
      args: ["-K", "-t", "{pid}", "--state", "1"],
      work,
      of: (row, context) => isNap(row, context) && isTimer(row),
      check: (rows) => assert.equal(sumOf("count")(rows), 53),
    },
    {
      name: "--state hides other reasons to stop",
      args: ["-p", "{pid}", "--state", "2"],
      work,
      of: isNap,
      rows: [],
    },
    {
      name: "-u hides threads of the kernel, and no others",
      args: ["-K", "-u"],
      work,
      of: (row, context) =>
        isNap(row, context) && isTimer(row) || /^(kworker|rcu_)/.test(String(row.comm)),
      check: (rows) => assert.equal(sumOf("count")(rows), 53),
    },
    { name: "-k hides user threads", args: ["-k"], work, of: isNap, rows: [] },
    {
      name: "prints bcc's lines",
      args: ["-d", "-p", "{pid}"],
      work,
      lines: [
        /^Tracing blocked time \(us\) by user \+ kernel off-CPU and waker stack\.\.\. Hit Ctrl-C to end\.$/,
        /^ {4}waker: {11}.* \d+$/,
        /^ {4}hrtimer_wakeup$/,
        /^ {4}-- {15}--$/,
        /^ {4}-$/,
        /^ {4}inner_nap$/,
        /^ {4}target: {10}stacks {pid}$/,
        /^ {8}\d+$/,
      ],
    },
    {
      name: "-f prints folded lines",
      args: ["-f", "-p", "{pid}"],
      work,
      lines: [/^stacks;.*;outer_nap;inner_nap;.*;--;.*hrtimer_wakeup;.*;[^;]* \d+$/],
    },
  ],
  filters: {
    not: { off: "stacks of all processes of a busy machine take minutes to read" },
    work,
    args: ["-K"],
    of: (row, context) => isNap(row, context) && isTimer(row),
    total: sumOf("count"),
    expect: 53,
  },
  anywhere: WAKER_EVENTS,
});
