import { defineCases, histogramTotal } from "../../tests/support/cases.ts";

const work = { program: "functions.c" };
const pattern = "{dir}/functions:naps_3";

export default defineCases({
  usage: {
    names:
      "-h -p -i -d -T -u -m -F -r -l -v --pid --interval --duration --timestamp --microseconds " +
      "--milliseconds --function --regexp --level --verbose pattern --json",
    wrong: [
      [[], /expected a pattern: FUNCTION, FILE:FUNCTION/],
      [["t:sched:sched_switch"], /only functions can be timed: expected FUNCTION or FILE:FUNCTION/],
      [["r:c:puts"], /only functions can be timed/],
      [["-l", "65", "c:puts"], /invalid value "65" for -l\/--level: expected a number of levels/],
      [["-d", "x", "c:puts"], /invalid value "x" for -d\/--duration/],
    ],
  },
  cases: [
    {
      name: "times each call of a function",
      args: ["-p", "{pid}", "-F", pattern],
      canary: true,
      work,
      of: ({ record }) => record === "histogram",
      check(rows) {
        if (histogramTotal(rows) !== 3) throw new Error(JSON.stringify(rows));
      },
    },
  ],
  filters: { work, args: [pattern], of: () => true, total: histogramTotal, expect: 3 },
});
