import { defineCases, sumOf } from "../../tests/support/cases.ts";

const work = { program: "calls.c", args: ["getpgid=97", "missing=13", "sleep=7"] };

export default defineCases({
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
