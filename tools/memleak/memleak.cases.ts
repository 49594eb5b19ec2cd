import { defineCases, sumOf } from "../../tests/support/cases.ts";

const work = { program: "leaks.c", args: [], flags: ["-O0"] };

export default defineCases({
  cases: [
    {
      name: "sums what a process has left, by stack",
      args: ["-p", "{pid}", "-a", "-T", "100", "3600"],
      canary: true,
      work,
      of: ({ record, user }) => record === "stack" && String(user).startsWith("leak_small"),
      rows: [{ bytes: 53 * 1009, count: 53 }],
    },
    {
      name: "-z hides what is smaller",
      args: ["-p", "{pid}", "-z", "40000000", "3600"],
      work,
      of: ({ record }) => record === "stack",
      check(rows) {
        if (sumOf("count")(rows) !== 0) throw new Error(JSON.stringify(rows));
      },
    },
  ],
  // It watches one process: what -p hides, tests/tools/memleak_test.ts shows with two.
});
