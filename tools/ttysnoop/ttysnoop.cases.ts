import assert from "node:assert/strict";
import { readlinkSync } from "node:fs";
import { defineCases, type Job, type Work } from "../../tests/support/cases.ts";
import { buildProgram } from "../../tests/support/build.ts";
import { Script } from "../../tests/support/script.ts";

/** Runs steps of tty.c; `{tty}` is the path of its terminal, `{number}` the pts number. */
const writes = (...steps: string[]): Work => ({
  async start(): Promise<Job> {
    const script = await Script.of([buildProgram("tty.c"), ...steps]);
    const tty = readlinkSync(`/proc/${script.pid}/fd/9`);
    return Object.assign(script, { names: { tty, number: tty.slice("/dev/pts/".length) } });
  },
});

const work = writes(
  "write=one",
  "other=elsewhere",
  "writev=two,three,four",
  "own=five\u001b[31mé\n",
  "long=600",
);
const rows = [
  ...["one", "two", "three", "four", "five\u001b[31mé\n"].map((data) => ({ comm: "tty", data })),
  ...["x".repeat(256), "x".repeat(256), "x".repeat(88)].map((data) => ({ comm: "tty", data })),
];

export default defineCases({
  usage: {
    names: "-h --help -C --noclear -s --datasize -c --datacount device",
    wrong: [
      [[], /expected a path to a tty device, or a pts number/],
      [["/dev/nothing"], /there is no terminal \/dev\/nothing/],
      [["-s", "0", "2"], /invalid value "0" for -s/],
    ],
  },
  cases: [
    {
      name: "shows what is written to a terminal and no other",
      args: ["{tty}"],
      canary: true,
      work,
      rows,
    },
    { name: "takes a number", args: ["{number}"], work, rows },
    { name: "takes what who(1) calls it", args: ["pts/{number}"], work, rows },
    { name: "shows nothing of another terminal", args: ["/dev/console"], work, rows: [] },
    {
      name: "-s and -c say how much of one write is shown, and the rest is counted",
      args: ["-s", "100", "-c", "2", "{tty}"],
      work: writes("long=450"),
      of: () => true,
      check(rows) {
        assert.deepEqual(rows.map(({ data }) => data).filter((data) => data !== undefined), [
          "x".repeat(100),
          "x".repeat(100),
        ]);
        const { record, what, total } = rows.at(-1)!;
        assert.deepEqual([record, what, total], ["truncated", "bytes", 250]);
      },
    },
    {
      name: "prints what is written as it is",
      args: ["{tty}"],
      work,
      // deno-lint-ignore no-control-regex -- the test is about control characters
      lines: [/^onetwothreefourfive\x1b\[31mé\nx{600}$/],
    },
  ],
  filters: { work, args: ["{tty}"], expect: rows.length },
});
