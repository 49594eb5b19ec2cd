import { defineCases, sumOf } from "../../tests/support/cases.ts";
import { RUN_QUEUE_EVENTS } from "../../tests/support/hidden_events.ts";

const work = { program: "stacks.c", args: ["nap=53:1000"], flags: ["-O0"] };

export default defineCases({
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
  filters: { work, total: sumOf("usecs"), expect: { least: 1 } },
  anywhere: RUN_QUEUE_EVENTS,
});
