import {
  type Case,
  defineCases,
  type Job,
  type Row,
  type Work,
} from "../../tests/support/cases.ts";
import { javaProgram, program } from "../../tests/support/languages.ts";

/** Sums over all reports: their number depends on the machine's speed. */
const sums = (rows: readonly Row[], keys: readonly string[]) =>
  keys.map((key) => rows.reduce((sum, row) => sum + Number(row[key]), 0));

/** The work, with another process of the same program that does nothing. */
const beside = (work: { start(dir?: string): Promise<Job> }): Work => ({
  async start(): Promise<Job> {
    const other = await work.start();
    try {
      const job = await work.start();
      return {
        pid: job.pid,
        go: () => job.go(),
        async [Symbol.asyncDispose]() {
          await job[Symbol.asyncDispose]();
          await other[Symbol.asyncDispose]();
        },
      };
    } catch (error) {
      await other[Symbol.asyncDispose]();
      throw error;
    }
  },
});

const check = (keys: readonly string[], expected: readonly number[]) => (rows: readonly Row[]) => {
  const found = sums(rows, keys);
  if (found.join() !== expected.join()) throw new Error(`${found} is not ${expected}`);
};
const mine = ["-C", "-p", "{pid}", "1"];

export default defineCases({
  usage: {
    names: "-l --language -C --noclear -S --sort -r --maxrows -d --debug -h --json",
    right: ["-l", "ruby"],
    wrong: [[["-S", "name"], /expected one of method, gc, objnew/]],
  },
  cases: [
    {
      name: "counts calls of PHP, and what it does not see as 0",
      canary: true,
      requires: ["php"],
      args: mine,
      work: program("calls.php"),
      check: check(["method", "gc", "objnew", "cload", "excp", "thread"], [115, 0, 0, 0, 0, 0]),
    },
    {
      name: "counts collections of Python",
      requires: ["python"],
      args: [...mine, "-l", "python"],
      work: program("gc.py"),
      check(rows) {
        // Python itself collects more when it ends.
        const [gc = 0] = sums(rows, ["gc"]);
        if (gc < 8) throw new Error(JSON.stringify(rows));
      },
    },
    {
      name: "counts subs of Perl",
      requires: ["perl"],
      args: mine,
      work: program("calls.pl"),
      // BEGIN blocks ran before the program waits for tracing, and so did import() of modules.
      check: check(["method"], [123]),
    },
    {
      name: "counts new objects of Ruby",
      requires: ["ruby"],
      args: mine,
      work: program("objects.rb"),
      // Plus one: the String with the line that the program reads from stdin.
      check: check(["objnew"], [97 + 13 + 7 + 5 + 1]),
    },
    {
      name: "counts procedures of Tcl",
      requires: ["tcl"],
      args: mine,
      work: program("calls.tcl"),
      check: check(["method"], [115]),
    },
    {
      name: "counts collections of Node",
      requires: ["node"],
      args: mine,
      work: program("gc.js"),
      check(rows) {
        // V8 itself may collect more.
        const [gc = 0, ...others] = sums(rows, ["gc", "method", "objnew", "thread"]);
        if (gc < 7 + 5 || others.join() !== "0,0,0") throw new Error(JSON.stringify(rows));
      },
    },
    {
      name: "counts collections of Java, and not their pools of memory",
      requires: ["javac"],
      args: mine,
      work: javaProgram("Gc", "-Xms256m", "-Xmn128m"),
      check: check(["method", "gc", "objnew", "excp", "thread"], [0, 7, 0, 0, 0]),
    },
    ...["Parallel", "G1"].map((collector): Case => ({
      name: `counts collections of Java's collector ${collector}`,
      requires: ["javac", "full"],
      args: mine,
      work: javaProgram("Gc", `-XX:+Use${collector}GC`, "-Xms256m", "-Xmx256m"),
      check: check(["method", "gc", "objnew", "excp", "thread"], [0, 7, 0, 0, 0]),
    })),
    {
      name: "counts collections of Ruby, and not their stages",
      requires: ["ruby"],
      args: mine,
      work: program("gc.rb"),
      check: check(["gc"], [7]),
    },
    {
      name: "counts new threads of Java",
      requires: ["javac", "full"],
      args: mine,
      work: javaProgram("Threads"),
      check: check(["method", "gc", "objnew", "excp", "thread"], [0, 0, 0, 0, 7]),
    },
    {
      name: "-r 1 shows one row in each report",
      requires: ["tcl", "full"],
      args: ["-C", "-l", "tcl", "-r", "1", "1"],
      work: beside(program("calls.tcl")),
      lines: [
        /^PID {4}CMDLINE [^\n]*\n\d+ +/,
        // No report has two rows.
        /(?<![^])(?![^]*^PID [^\n]*\n\d+ [^\n]*\n\d)/,
      ],
    },
    {
      name: "shows all rows without -r",
      requires: ["tcl", "full"],
      args: ["-C", "-l", "tcl", "1"],
      work: beside(program("calls.tcl")),
      lines: [/^PID [^\n]*\n\d+ [^\n]*\n\d/],
    },
    {
      name: "-l shows nothing of other languages",
      requires: ["php"],
      args: [...mine, "-l", "perl"],
      work: program("calls.php"),
      rows: [],
    },
    {
      name: "-S takes the name of a column, and bcc's table is printed",
      requires: ["php"],
      args: [...mine, "-S", "method"],
      work: program("calls.php"),
      lines: [
        /^Tracing\.\.\. Output every 1 secs\. Hit Ctrl-C to end$/,
        /^[\d:]{8} loadavg: [\d. /]+$/,
        /^PID {4}CMDLINE {14}METHOD\/s {3}GC\/s {3}OBJNEW\/s {3}CLOAD\/s {2}EXC\/s {2}THR\/s$/,
        /^{pid} +\/usr\/bin\/php .{7} +\d+ +0 +0 +0 +0 +0 *$/,
      ],
    },
  ],
  unfiltered: "the process is an argument that each case has: nobody else is traced",
});
