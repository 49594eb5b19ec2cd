import { defineCases, sumOf } from "../../tests/support/cases.ts";

const work = { program: "stacks.c", args: ["nap=53:100"], flags: ["-O0"] };
const args = ["t:syscalls:sys_enter_nanosleep"];

export default defineCases({
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
  ],
  // By process: without -P stacks are of all that a filter lets through, and others nap as well.
  filters: { work, args: ["-P", ...args], total: sumOf("count"), expect: 53 },
});
