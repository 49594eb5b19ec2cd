import { defineCases, histogramTotal } from "../../tests/support/cases.ts";
import { RUN_QUEUE_EVENTS } from "../../tests/support/hidden_events.ts";

const work = { program: "calls.c", args: ["sleep=97", "spin=20"] };

export default defineCases({
  usage: {
    names: "-T --timestamp -m --milliseconds -P --pids --pidnss -L --tids -p --pid interval " +
      "count --json",
  },
  cases: [
    {
      name: "-P counts by process",
      args: ["-P"],
      canary: true,
      work,
      check(rows) {
        // tests/tools/runqlat_test.ts compares the exact number with the kernel's own counters.
        if (histogramTotal(rows) < 90) throw new Error(JSON.stringify(rows));
      },
    },
    {
      name: "-p hides other processes",
      args: ["-P", "-p", "1"],
      work,
      of: (row, { pid }) => row.pid === pid,
      rows: [],
    },
  ],
  filters: {
    work,
    args: ["-P"],
    of: (row, { pid }) => row.pid === pid,
    total: histogramTotal,
    expect: { least: 90 },
  },
  anywhere: RUN_QUEUE_EVENTS,
});
