import assert from "node:assert/strict";
import { defineCases, type Row, sumOf } from "../../tests/support/cases.ts";
import { WAKER_EVENTS } from "../../tests/support/hidden_events.ts";
import { writeToSleeper } from "../../tests/support/jobs.ts";

// 97 sleeps of a millisecond, which a timer ends.
const work = { program: "calls.c", args: ["block=97"] };
const isSleeper = ({ target }: Row) => target === "calls";
const isTimer = ({ kernel }: Row) => String(kernel).includes("hrtimer_wakeup");

export default defineCases({
  usage: { wrong: [[["-p", "1", "-u"], /use either -p\/--pid or -u\/--useronly/]] },
  cases: [
    {
      name: "sums sleeps that a timer ends",
      args: ["-p", "{pid}"],
      canary: true,
      work,
      of: isSleeper,
      check(rows) {
        const timed = rows.filter(isTimer);
        const [count, usecs] = [sumOf("count")(timed), sumOf("usecs")(timed)];
        assert.equal(count, 97);
        // Sleeps are 1 ms, less the time until the thread leaves the CPU.
        assert.ok(usecs >= 97 * 500, `${usecs} us`);
      },
    },
    {
      name: "tells who writes what another process waits for",
      work: writeToSleeper,
      of: ({ target, kernel }) => target === "bash" && String(kernel).includes("pipe_write"),
      check: (rows) => assert.ok(rows.some(({ waker }) => waker === "bash")),
    },
    { name: "-p hides others", args: ["-p", "1"], work, of: isSleeper, rows: [] },
    {
      name: "-u hides threads of the kernel, and no others",
      args: ["-u"],
      work,
      of: (row) => isSleeper(row) && isTimer(row) || /^(kworker|rcu_)/.test(String(row.target)),
      check: (rows) => assert.equal(sumOf("count")(rows), 97),
    },
    { name: "-m hides short sleeps", args: ["-m", "900000000"], work, of: isSleeper, rows: [] },
    {
      name: "-M hides long sleeps",
      args: ["-M", "1"],
      work,
      of: (row) => isSleeper(row) && isTimer(row),
      rows: [],
    },
    {
      name: "prints bcc's lines",
      args: ["-v", "-p", "{pid}"],
      work,
      lines: [
        /^Tracing blocked time \(us\) by kernel stack\.\.\. Hit Ctrl-C to end\.$/,
        /^ {4}target: {10}calls$/,
        /^ {4}[0-9a-f]{16} hrtimer_wakeup$/,
        /^ {4}waker: {11}\S+/,
        /^ {8}\d+$/,
      ],
    },
    {
      name: "-f prints folded lines",
      args: ["-f", "-p", "{pid}"],
      work,
      lines: [/^[^;]+;.*;hrtimer_wakeup;.*;calls \d+$/],
    },
  ],
  filters: {
    work,
    of: (row) => isSleeper(row) && isTimer(row),
    total: sumOf("count"),
    expect: 97,
  },
  anywhere: WAKER_EVENTS,
});
