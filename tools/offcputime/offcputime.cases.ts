import { defineCases, sumOf } from "../../tests/support/cases.ts";
import { RUN_QUEUE_EVENTS } from "../../tests/support/hidden_events.ts";

const work = { program: "stacks.c", args: ["nap=53:1000"], flags: ["-O0"] };

export default defineCases({
  usage: {
    names:
      "-h -p -t -u -k -U -K -d -f -s -m -M --pid --tid --user-threads-only --kernel-threads-only " +
      "--user-stacks-only --kernel-stacks-only --delimited --folded --offset --stack-storage-size " +
      "duration --min-block-time --max-block-time --state --svg --html --compare --json",
    wrong: [
      [["--stack-walk", "orc"], /expected one of auto, fp, dwarf/],
      [["--stack-memory", "0"], /expected a number of MiB/],
      [["-p", "1", "-u"], /use one of -p\/--pid, -t\/--tid, -u/],
      [["-k", "-U"], /kernel threads \(-k\) have no user stacks \(-U\)/],
      [["-f", "-s"], /use either -f\/--folded or -s\/--offset/],
      [["-m", "0"], /invalid value "0" for -m\/--min-block-time/],
      [["--state", "x"], /invalid value "x" for --state: expected a bitmask of states/],
    ],
  },
  cases: [
    {
      name: "sums naps on their stack",
      args: ["-p", "{pid}"],
      canary: true,
      work,
      check(rows) {
        const naps = rows.filter(({ user }) => String(user).startsWith("inner_nap,outer_nap"));
        if (naps.length === 0 || sumOf("usecs")(naps) < 53 * 900) {
          throw new Error(JSON.stringify(rows));
        }
      },
    },
    { name: "-p hides others", args: ["-p", "1"], work, rows: [] },
  ],
  filters: {
    not: { off: "stacks of all processes of a busy machine take minutes to read" },
    work,
    total: sumOf("usecs"),
    expect: { least: 1 },
  },
  anywhere: RUN_QUEUE_EVENTS,
});
