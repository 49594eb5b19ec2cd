import { defineCases, histogramTotal } from "../../tests/support/cases.ts";

const work = { program: "functions.c" };
const pattern = "{dir}/functions:naps_3";

export default defineCases({
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
