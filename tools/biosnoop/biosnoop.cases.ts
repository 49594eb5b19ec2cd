import { defineCases } from "../../tests/support/cases.ts";
import { BLOCK_EVENTS } from "../../tests/support/hidden_events.ts";
import { blockWrites } from "../../tests/support/jobs.ts";

const work = blockWrites(101);

export default defineCases({
  usage: {
    names: "-h -Q -d -P --queue --disk --pattern --duration --json",
    wrong: [[["-d", "sda1"], /it is a partition: give its disk/], [
      ["-d", "nodisk"],
      /invalid value "nodisk" for -d\/--disk: no such/,
    ]],
  },
  cases: [
    {
      name: "shows 101 writes with their sectors, exactly and in order",
      canary: true,
      work,
      of: (row, { pid, names }) => row.pid === pid && row.disk === names.disk,
      rows: Array.from(
        { length: 101 },
        (_, i) => ({ comm: "dd", t: "W", sector: i * 8, bytes: 4096 }),
      ),
    },
    {
      name: "-d hides other disks",
      args: ["-d", "{disk}"],
      work,
      of: (row, { names }) => row.disk !== names.disk,
      rows: [],
    },
  ],
  filters: {
    work,
    of: (row, { pid, names }) => row.pid === pid && row.disk === names.disk,
    not: { comm: "the writer changes its name when it starts dd" },
    expect: 101,
  },
  anywhere: BLOCK_EVENTS,
});
