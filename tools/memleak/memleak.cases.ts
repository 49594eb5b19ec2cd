import { defineCases, sumOf } from "../../tests/support/cases.ts";

const work = { program: "leaks.c", args: [], flags: ["-O0"] };

export default defineCases({
  usage: {
    names: "-h -p -t -a -o -c -s -T -z -Z -O --pid --trace --show-allocs --older --command " +
      "--combined-only --wa-missing-free --sample-rate --top --min-size --max-size --obj --percpu " +
      "--sort --symbols-prefix interval count --svg --html --compare --folded --json",
    wrong: [
      [["--stack-walk", "orc"], /expected one of auto, fp, dwarf/],
      [["--stack-memory", "0"], /expected a number of MiB/],
      [["-p", "1", "-c", "true"], /use either -p\/--pid or -c\/--command/],
      [["-p", "1", "--percpu"], /--percpu is of the kernel: use it without -p\/--pid and -c/],
      [["-z", "2", "-Z", "1"], /-z\/--min-size cannot be greater than -Z\/--max-size/],
      [["--combined-only", "-o", "5"], /--combined-only goes without -a\/--show-allocs and -o/],
      [["-t", "-f"], /-t\/--trace shows no stacks: use it without -f, --svg, --html and --output/],
      [["--sort", "age"], /invalid value "age" for --sort: expected size or count/],
      [["-c", " "], /invalid value " " for -c\/--command: expected a command/],
      [["-s", "0"], /invalid value "0" for -s\/--sample-rate/],
    ],
  },
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
  unfiltered: "tests/tools/memleak_test.ts: it watches one process, and -p hides a second one",
});
