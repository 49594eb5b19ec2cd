import { defineCases, sumOf } from "../../tests/support/cases.ts";
import { BLOCK_EVENTS } from "../../tests/support/hidden_events.ts";
import { blockWrites } from "../../tests/support/jobs.ts";

const work = blockWrites(101);

export default defineCases({
  usage: {
    names: "-h -C -r -p --noclear --maxrows --pid interval count --json",
    wrong: [[["-r", "0"], /invalid value "0" for -r\/--maxrows/], [
      ["0"],
      /invalid value "0" for interval/,
    ]],
  },
  cases: [
    {
      name: "counts 101 writes of a process to its disk",
      args: ["-r", "1000", "1000"],
      canary: true,
      work,
      of: (row, { pid, names }) => row.pid === pid && row.disk === names.disk,
      rows: [{ comm: "dd", d: "W", io: 101, kbytes: 404 }],
    },
  ],
  filters: {
    work,
    args: ["-r", "1000", "1000"],
    of: (row, { pid, names }) => row.pid === pid && row.disk === names.disk,
    total: sumOf("io"),
    expect: 101,
  },
  anywhere: BLOCK_EVENTS,
});
