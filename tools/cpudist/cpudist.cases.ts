import { defineCases, histogramTotal } from "../../tests/support/cases.ts";
import { RUN_QUEUE_EVENTS } from "../../tests/support/hidden_events.ts";

const work = { program: "calls.c", args: ["sleep=97", "spin=20"] };

export default defineCases({
  usage: {
    names: "-O --offcpu -T --timestamp -m --milliseconds -P --pids -L --tids -p --pid " +
      "-I --include-idle -e --extension interval count --json",
    wrong: [[["0"], /invalid value "0" for interval: expected an interval in seconds/], [
      ["1", "x"],
      /invalid value "x" for count/,
    ]],
  },
  cases: [
    {
      name: "-P counts by process",
      args: ["-P"],
      canary: true,
      work,
      check(rows) {
        // tests/tools/cpudist_test.ts compares the exact number with the kernel's own counters.
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
