import { defineCases, sumOf } from "../../tests/support/cases.ts";

const work = { program: "calls.c", args: ["getpgid=97", "sleep=7"] };
const args = ["-C", "t:syscalls:sys_enter_getpgid():int:args->pid", "-i", "1000"];

export default defineCases({
  cases: [
    {
      name: "counts values of a tracepoint",
      args: ["-p", "{pid}", ...args],
      canary: true,
      work,
      of: ({ record }) => record === "count",
      check(rows) {
        if (rows.length !== 1 || rows[0]!.count !== 97) throw new Error(JSON.stringify(rows));
      },
    },
  ],
  filters: {
    work,
    args,
    of: ({ record }) => record === "count",
    total: sumOf("count"),
    expect: 97,
  },
});
