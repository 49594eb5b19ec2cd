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
    work,
    args: ["t:syscalls:sys_enter_getpgid"],
    of: () => true,
    total: sumOf("count"),
    expect: 97,
  },
});
