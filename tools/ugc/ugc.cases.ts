import { defineCases, times } from "../../tests/support/cases.ts";
import { javaProgram, program } from "../../tests/support/languages.ts";

const OLDEST = "gen 2 GC collected 11 objects";
const MARK = "GC mark stage";

export default defineCases({
  usage: {
    names: "-l --language -v --verbose -m --milliseconds -M --minimum -F --filter -h --json",
    right: ["-l", "ruby", "181"],
    wrong: [[["-l", "ruby"], /^expected the pid/]],
  },
  cases: [
    {
      name: "shows collections of Python with their generation and what was collected",
      canary: true,
      requires: ["python"],
      args: ["{pid}"],
      work: program("gc.py"),
      of: ({ description }) => description === OLDEST || String(description).startsWith("gen 0"),
      rows: [
        ...times(7, { description: OLDEST }),
        { description: "gen 0 GC collected 0 objects" },
      ],
      check(rows) {
        if (!rows.every(({ time_us }) => Number(time_us) > 0)) {
          throw new Error(JSON.stringify(rows));
        }
      },
    },
    {
      name: "shows mark and sweep stages of Ruby, and -F those that it names",
      requires: ["ruby"],
      args: ["-F", "mark", "{pid}"],
      work: program("gc.rb"),
      rows: times(7, { description: MARK }),
    },
    {
      name: "shows collections of Node",
      requires: ["node"],
      args: ["-l", "node", "{pid}"],
      work: program("gc.js"),
      of: ({ description }) => description === "GC mark-sweep-compact",
      rows: times(7, { description: "GC mark-sweep-compact" }),
    },
    {
      name: "shows each pool that a collection of Java is about",
      requires: ["javac"],
      args: ["-l", "java", "{pid}"],
      work: javaProgram("Gc"),
      of: ({ description }) => /^MarkSweepCompact Tenured Gen|^no add/.test(String(description)),
      check(rows) {
        const texts = rows.map(({ description }) => String(description));
        const pools = texts.filter((text) =>
          /^MarkSweepCompact Tenured Gen used=\d+->\d+ max=\d+->\d+$/.test(text)
        );
        const whole = texts.filter((text) => text === "no additional info available");
        if (pools.length !== 7 || whole.length !== 7) throw new Error(texts.join("\n"));
      },
    },
    {
      name: "-M hides collections that are shorter",
      requires: ["ruby"],
      args: ["-M", "100000", "{pid}"],
      work: program("gc.rb"),
      rows: [],
    },
    {
      name: "-F hides what it does not name",
      requires: ["ruby"],
      args: ["-F", "compact", "{pid}"],
      work: program("gc.rb"),
      rows: [],
    },
    {
      name: "prints bcc's table",
      requires: ["python"],
      args: ["-m", "{pid}"],
      work: program("gc.py"),
      lines: [
        /^Tracing garbage collections in python process {pid}\.\.\. Ctrl-C to quit\.$/,
        /^START {4}TIME \(ms\) DESCRIPTION$/,
        /^\d+\.\d{3} +\d+\.\d\d +gen 2 GC collected 11 objects$/,
      ],
    },
  ],
  unfiltered: "the process is an argument that each case has: nobody else is traced",
});
