import { defineCases, histogramTotal } from "../../tests/support/cases.ts";
import { BLOCK_EVENTS } from "../../tests/support/hidden_events.ts";
import { blockWrites } from "../../tests/support/jobs.ts";

const work = blockWrites(101);
const isDisk = (row: { disk?: unknown }, { names }: { names: Readonly<Record<string, unknown>> }) =>
  row.disk === names.disk;

export default defineCases({
  usage: {
    names:
      "-h -T -Q -m -D -F -e -j -d --timestamp --queued --milliseconds --disks --flags --extension " +
      "--json --disk interval count --duration",
    wrong: [
      [["-D", "-F"], /use either -D\/--disks or -F\/--flags/],
      [["-d", "nodisk"], /invalid value "nodisk" for -d\/--disk: no such disk/],
      [["-d", ".."], /invalid value "\.\." for -d\/--disk: no such disk/],
      [["x"], /interval/],
      [["1", "0"], /count/],
    ],
  },
  cases: [
    {
      name: "-D counts each request to a disk",
      args: ["-D"],
      canary: true,
      work,
      of: isDisk,
      check(rows) {
        const total = histogramTotal(rows);
        if (total !== 101) throw new Error(`${total} requests`);
      },
    },
    {
      name: "-d hides other disks",
      args: ["-d", "{disk}", "-D"],
      work,
      of: (row, context) => "disk" in row && !isDisk(row, context),
      rows: [],
    },
  ],
  filters: { work, args: ["-D"], of: isDisk, total: histogramTotal, expect: 101 },
  anywhere: BLOCK_EVENTS,
});
