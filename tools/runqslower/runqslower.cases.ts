import assert from "node:assert/strict";
import { defineCases, type Row } from "../../tests/support/cases.ts";
import { RUN_QUEUE_EVENTS } from "../../tests/support/hidden_events.ts";

const work = { program: "calls.c", args: ["block=97", "spin=20"] };
const all = (rows: readonly Row[]): void => {
  // At least one wait after each of 97 sleeps; there are more if other threads preempt it.
  assert.ok(rows.length >= 97, `${rows.length} waits`);
  for (const { comm, latency_us } of rows) {
    assert.ok(comm === "calls" && Number(latency_us) >= 0, JSON.stringify({ comm, latency_us }));
  }
};

export default defineCases({
  usage: { names: "-P --previous -p --pid -t --tid -h --json" },
  cases: [
    { name: "shows each wait from 0 us on", args: ["0"], canary: true, work, check: all },
    { name: "shows no wait below its minimum", args: ["999999999"], work, rows: [] },
    {
      name: "shows who ran before on a CPU that two want",
      args: ["-P", "1"],
      work: {
        // One second at least: bash's SECONDS grows with each second of the clock.
        script: `spin() { taskset -c 0 bash -c 'while [ $SECONDS -lt 2 ]; do :; done'; }
          spin & spin & wait`,
      },
      of: ({ previous_comm, comm, latency_us }) =>
        previous_comm === "bash" && comm === "bash" && Number(latency_us) >= 1000,
      check: (rows) => assert.ok(rows.length > 0, "two that spin wait for each other"),
    },
    {
      name: "prints bcc's table",
      args: ["-P", "-p", "{pid}", "0"],
      work,
      lines: [
        /^Tracing run queue latency higher than 0 us$/,
        /^TIME {5}COMM {13}TID +LAT\(us\) PREV COMM {8}PREV TID$/,
        /^\d\d:\d\d:\d\d calls {12}{pid} +\d+ \S+.* \d+ *$/,
      ],
    },
  ],
  filters: { work, args: ["0"], expect: { least: 97 } },
  anywhere: RUN_QUEUE_EVENTS,
});
