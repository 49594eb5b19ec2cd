import { defineCases, sumOf } from "../../tests/support/cases.ts";

const work = { program: "calls.c", args: ["getpgid=97", "missing=13", "sleep=7"] };

export default defineCases({
  usage: {
    names: "-p --pid -t --tid -c --ppid -i --interval -d --duration -T --top -x --failures " +
      "-e --errno -L --latency -m --milliseconds -P --process -l --list --syscall --exec --json",
    wrong: [
      [["-e", "ENOTHING"], /invalid value "ENOTHING" for -e\/--errno: expected an error by name/],
      [["-e", "0"], /invalid value "0" for -e\/--errno/],
      [["--syscall", "nothing"], /invalid value "nothing" for --syscall: expected a system call/],
      [["-T", "0"], /invalid value "0" for -T\/--top/],
    ],
  },
  cases: [
    {
      name: "counts 110 calls of one kind and 7 of another",
      args: ["-p", "{pid}"],
      canary: true,
      work,
      of: ({ syscall }) => syscall === "getpgid" || syscall === "nanosleep",
      rows: [{ syscall: "getpgid", count: 110 }, { syscall: "nanosleep", count: 7 }],
    },
    {
      name: "-x counts what fails only",
      args: ["-p", "{pid}", "-x"],
      work,
      of: ({ syscall }) => syscall === "getpgid" || syscall === "nanosleep",
      rows: [{ syscall: "getpgid", count: 13 }],
    },
  ],
  filters: {
    work,
    args: ["--syscall", "nanosleep", "-P"],
    total: sumOf("count"),
    expect: 7,
  },
});
