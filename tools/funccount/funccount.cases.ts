import { defineCases, sumOf } from "../../tests/support/cases.ts";

const work = { program: "calls.c", args: ["getpgid=97", "sleep=7"] };

export default defineCases({
  cases: [
    {
      name: "counts calls of a tracepoint by one process",
      args: ["-p", "{pid}", "t:syscalls:sys_enter_getpgid"],
      canary: true,
      work,
      of: () => true,
      rows: [{ func: "syscalls:sys_enter_getpgid", count: 97 }],
    },
  ],
  filters: {
    // What others count of a tracepoint in the same user or namespace would be counted as well.
    work: { program: "functions.c" },
    args: ["{dir}/functions:calls_5"],
    of: ({ func }) => func !== undefined,
    total: sumOf("count"),
    expect: 5,
  },
});
