import { type Case, defineCases, type Row } from "../../tests/support/cases.ts";
import { javaProgram, program } from "../../tests/support/languages.ts";

const EXTENDED = "-XX:+ExtendedDTraceProbes";

/** Expected rows for the programs of tests/support/languages. */
const calls = (names: Readonly<Record<string, number>>): NonNullable<Case["counts"]> =>
  Object.entries(names).map(([method, calls]) => [{ method, calls }, 1] as const);
const all = (row: Row) => row.record === undefined;
const nameEnds = (row: Row): Row => ({ ...row, method: String(row.method).replace(/^.*\//, "") });

/** Compares only rows of the program's own file: its path depends on where the project is. */
function ofFile(file: string, names: Readonly<Record<string, number>>): Pick<Case, "of" | "check"> {
  return {
    of: ({ method }) => String(method).includes(`/${file}.`) || String(method) in names,
    check(rows) {
      const found = Object.fromEntries(
        rows.map(nameEnds).map(({ method, calls }) => [method, calls]),
      );
      const same = JSON.stringify(Object.entries(found).sort()) ===
        JSON.stringify(Object.entries(names).sort());
      if (!same) throw new Error(`${JSON.stringify(found)} is not ${JSON.stringify(names)}`);
    },
  };
}

const PHP = { plain: 97, "Shop.buy": 13, deep: 5 };

export default defineCases({
  usage: {
    right: ["-l", "php", "181"],
    wrong: [
      [["-l", "php"], /^expected the pid/],
      [["-l", "none", "181"], /^nothing to do: use -S/],
      [["-l", "cobol", "181"], /expected one of java, perl, php, python, ruby, tcl, none/],
    ],
  },
  cases: [
    {
      name: "counts the subs of Perl, those written in C too",
      canary: true,
      requires: ["perl"],
      args: ["{pid}"],
      work: program("calls.pl"),
      ...ofFile("calls.pl", {
        "calls.pl.plain": 97,
        "calls.pl.buy": 13,
        "calls.pl.deep": 5,
        "calls.pl.new": 1,
        "ListUtil.c.sum": 7,
      }),
    },
    {
      name: "counts functions and methods of PHP",
      requires: ["php"],
      args: ["-l", "php", "{pid}"],
      work: program("calls.php"),
      of: all,
      counts: calls(PHP),
    },
    {
      name: "-L times them from entry to return",
      requires: ["php"],
      args: ["-L", "{pid}"],
      work: program("calls.php"),
      of: all,
      counts: calls(PHP),
      check(rows) {
        const times = rows.map(({ time_us }) => Number(time_us));
        if (!times.every((time, i) => time > 0 && time >= (times[i - 1] ?? 0))) {
          throw new Error(`not sorted by time: ${times}`);
        }
      },
    },
    {
      name: "-T prints the top rows only",
      requires: ["php"],
      args: ["-T", "2", "{pid}"],
      work: program("calls.php"),
      of: all,
      rows: [{ method: "Shop.buy", calls: 13 }, { method: "plain", calls: 97 }],
    },
    {
      name: "counts procedures of Tcl",
      requires: ["tcl"],
      args: ["{pid}"],
      work: program("calls.tcl"),
      of: all,
      counts: calls({ plain: 97, "Shop::buy": 13, deep: 5 }),
    },
    {
      name: "-L times procedures of Tcl, which return without a name",
      requires: ["tcl"],
      args: ["-L", "{pid}"],
      work: program("calls.tcl"),
      of: all,
      counts: calls({ plain: 97, "Shop::buy": 13, deep: 5 }),
      check(rows) {
        if (!rows.every(({ time_us }) => Number(time_us) > 0)) {
          throw new Error(JSON.stringify(rows));
        }
      },
    },
    {
      name: "counts functions of Python when they return",
      requires: ["python"],
      args: ["-l", "python", "{pid}"],
      work: program("calls.py"),
      ...ofFile("calls.py", {
        "calls.py.plain": 97,
        "calls.py.buy": 13,
        "calls.py.deep": 5,
        "calls.py.<module>": 1,
      }),
    },
    {
      name: "counts methods of Ruby that are written in C",
      requires: ["ruby"],
      args: ["{pid}"],
      work: program("calls.rb"),
      of: all,
      counts: calls({ "String.swapcase": 97, "String.tr": 13, "Integer.times": 2 }),
    },
    {
      name: "counts methods of Java",
      requires: ["javac"],
      args: ["-l", "java", "{pid}"],
      work: javaProgram("Calls", EXTENDED),
      of: ({ method }) => String(method).startsWith("Calls"),
      counts: calls({
        "Calls.plain": 97,
        "Calls$Shop.buy": 13,
        "Calls.deep": 5,
        "Calls$Shop.<init>": 1,
      }),
    },
    {
      name: "-S counts system calls without any language",
      args: ["-S", "{pid}"],
      work: { script: "for i in {1..97}; do kill -0 $$; done" },
      of: ({ method }) => method === "kill",
      rows: [{ method: "kill", calls: 97 }],
    },
    {
      name: "-S -L times system calls beside the language",
      requires: ["php"],
      args: ["-S", "-L", "{pid}"],
      work: program("calls.php"),
      of: ({ method }) => method === "plain" || method === "read" || method === "exit_group",
      check(rows) {
        const names = rows.map(({ method }) => method);
        if (!names.includes("plain")) throw new Error(JSON.stringify(rows));
      },
    },
    {
      name: "-L -m times them in milliseconds",
      requires: ["php"],
      args: ["-L", "-m", "{pid}"],
      work: program("calls.php"),
      of: all,
      counts: calls(PHP),
      check(rows) {
        if (!rows.every((row) => Number(row.time_ms) > 0 && !("time_us" in row))) {
          throw new Error(JSON.stringify(rows));
        }
      },
    },
    {
      name: "prints bcc's table",
      requires: ["php"],
      args: ["-L", "{pid}"],
      work: program("calls.php"),
      lines: [
        /^Tracing calls in process {pid} \(language: php\)\.\.\. Ctrl-C to quit\.$/,
        /^METHOD {46}# CALLS TIME \(us\)$/,
        /^Shop\.buy {49}13 \d+\.\d\d$/,
      ],
    },
  ],
  unfiltered: "the process is an argument that each case has: nobody else is traced",
});
