import { defineCases, sumOf } from "../../tests/support/cases.ts";

const work = { program: "calls.c", args: ["getpgid=97", "sleep=7"] };

export default defineCases({
  usage: {
    names:
      "-h -p -i -d -T -r -D -c --pid --interval --duration --timestamp --regexp --debug --cpu pattern " +
      "--json --cgroup",
    wrong: [
      [[], /expected a pattern: FUNCTION, FILE:FUNCTION/],
      [["t:sched"], /invalid pattern "t:sched": expected FUNCTION/],
      [["-r", "c:("], /invalid pattern "c:\(": Invalid regular expression/],
      [["-p", "x", "c:puts"], /invalid value "x" for -p\/--pid/],
      [["-c", "8191", "c:puts"], /CPU 8191 is not online: 0/],
      [["-i", "0", "c:puts"], /invalid value "0" for -i\/--interval/],
    ],
  },
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
    // A function of the program: a tracepoint is also hit by others of the same user or namespace.
    work: { program: "functions.c" },
    args: ["{dir}/functions:calls_5"],
    of: ({ func }) => func !== undefined,
    total: sumOf("count"),
    expect: 5,
  },
});
