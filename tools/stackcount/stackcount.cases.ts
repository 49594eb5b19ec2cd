import { defineCases, sumOf } from "../../tests/support/cases.ts";

const work = { program: "stacks.c", args: ["nap=53:100"], flags: ["-O0"] };
const args = ["t:syscalls:sys_enter_nanosleep"];

export default defineCases({
  usage: {
    names:
      "-h -p -c -i -D -T -r -s -P -K -U -v -d -f --pid --cpu --interval --duration --timestamp --regexp " +
      "--offset --perpid --kernel-stacks-only --user-stacks-only --verbose --delimited --folded " +
      "--debug pattern --svg --html --json",
    wrong: [
      [["t:sched:sched_process_exec", "--stack-walk", "orc"], /expected one of auto, fp, dwarf/],
      [["t:sched:sched_process_exec", "--stack-memory", "0"], /expected a number of MiB/],
      [[], /expected a pattern: FUNCTION, FILE:FUNCTION/],
      [["-U", "-K", "c:puts"], /use either -U\/--user-stacks-only or -K/],
      [["-c", "8191", "c:puts"], /CPU 8191 is not online: 0/],
      [["-D", "0", "c:puts"], /invalid value "0" for -D\/--duration/],
    ],
  },
  cases: [
    {
      name: "counts 53 naps on their stack",
      args: ["-p", "{pid}", ...args],
      canary: true,
      work,
      check(rows) {
        const napping = rows.filter(({ user }) =>
          String(user).startsWith("inner_nap,outer_nap,main")
        );
        if (napping.length !== 1 || napping[0]!.count !== 53) throw new Error(JSON.stringify(rows));
      },
    },
    {
      name: "walks 47 stacks of code without frame pointers",
      requires: ["userTables"],
      args: ["-U", "-p", "{pid}", "t:syscalls:sys_enter_getppid"],
      canary: true,
      work: { program: "unwind.c", args: ["aligned=47"], flags: ["-O2", "-fomit-frame-pointer"] },
      check(rows) {
        const whole = "getppid,the_call,with_aligned,once,main,__libc_start_call_main,";
        const stacks = rows.filter(({ user }) =>
          String(user).startsWith(whole) && String(user).endsWith(",_start")
        );
        if (stacks.length !== 1 || stacks[0]!.count !== 47) throw new Error(JSON.stringify(rows));
      },
    },
  ],
  // -P: without it a stack's count includes other processes that pass the filter and also sleep.
  filters: {
    not: { off: "stacks of all processes of a busy machine take minutes to read" },
    work,
    args: ["-P", ...args],
    total: sumOf("count"),
    expect: 53,
  },
});
