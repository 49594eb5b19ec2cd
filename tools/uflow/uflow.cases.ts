import { defineCases, type Row, times } from "../../tests/support/cases.ts";
import { javaProgram, program } from "../../tests/support/languages.ts";

const row = (method: string, depth: number, flow: string): Row => ({ method, depth, flow });
/** A call of deep(5): five entries, then five returns. */
const deep = [
  ...[1, 2, 3, 4, 5].map((depth) => row("deep", depth, "entry")),
  ...[5, 4, 3, 2, 1].map((depth) => row("deep", depth, "return")),
];
const flat = (method: string, count: number) =>
  Array.from({ length: count }, () => [row(method, 1, "entry"), row(method, 1, "return")]).flat();

export default defineCases({
  usage: {
    names: "-l --language -M --method -C --class -v --verbose -h --json",
    right: ["-l", "php", "181"],
    wrong: [
      [["-l", "php"], /^expected the pid/],
      [["-l", "php", "-M", "x".repeat(80), "181"], /^no name begins with/],
    ],
  },
  cases: [
    {
      name: "shows calls of PHP as they come and go, in order",
      canary: true,
      requires: ["php"],
      args: ["{pid}"],
      work: program("calls.php"),
      rows: [...flat("plain", 97), ...flat("Shop.buy", 13), ...deep],
    },
    {
      name: "shows procedures of Tcl, whose returns tell no name",
      requires: ["tcl"],
      args: ["-l", "tcl", "{pid}"],
      work: program("calls.tcl"),
      rows: [...flat("plain", 97), ...flat("Shop::buy", 13), ...deep],
    },
    {
      name: "-M and the depth of Perl's subs, with one written in C among them",
      requires: ["perl"],
      args: ["-M", "deep", "{pid}"],
      work: program("calls.pl"),
      of: ({ method }) => /\.deep$/.test(String(method)),
      rows: deep.map(({ depth, flow }) => ({ depth, flow })),
    },
    {
      name: "shows calls of Java by classes that -C names the begin of",
      requires: ["javac"],
      args: ["-C", "Calls", "{pid}"],
      work: javaProgram("Calls", "-XX:+ExtendedDTraceProbes"),
      of: ({ method }) => method !== "Calls.main", // its entry was before tracing
      rows: [
        ...flat("Calls.plain", 97),
        ...flat("Calls$Shop.<init>", 1),
        ...flat("Calls$Shop.buy", 13),
        ...deep.map((row) => ({ ...row, method: "Calls.deep" })),
      ],
    },
    {
      name: "shows returns of Python's functions",
      requires: ["python"],
      args: ["-M", "deep", "{pid}"],
      work: program("calls.py"),
      of: ({ method }) => String(method).includes("/calls.py."),
      rows: times(5, { flow: "return" }),
    },
    {
      name: "-C shows methods of one class",
      requires: ["php"],
      args: ["-C", "Sho", "{pid}"],
      work: program("calls.php"),
      rows: flat("Shop.buy", 13),
    },
    {
      name: "-M shows nothing of other methods",
      requires: ["php"],
      args: ["-M", "deepest", "{pid}"],
      work: program("calls.php"),
      rows: [],
    },
    {
      name: "shows methods of Ruby that are written in C",
      requires: ["ruby"],
      args: ["-C", "String", "{pid}"],
      work: program("calls.rb"),
      rows: [...flat("String.swapcase", 97), ...flat("String.tr", 13)],
    },
    {
      name: "prints bcc's table",
      requires: ["php"],
      args: ["{pid}"],
      work: program("calls.php"),
      lines: [
        /^Tracing method calls in php process {pid}\.\.\. Ctrl-C to quit\.$/,
        /^CPU PID {4}TID {4}TIME\(us\) METHOD$/,
        /^\d+ +{pid} +{pid} +\d+ +-> Shop\.buy$/,
        /^\d+ +{pid} +{pid} +\d+ {4,} {8}-> deep$/,
      ],
    },
  ],
  unfiltered: "the process is an argument that each case has: nobody else is traced",
});
