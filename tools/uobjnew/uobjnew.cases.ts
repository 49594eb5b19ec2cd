import { defineCases, type Row } from "../../tests/support/cases.ts";
import { javaProgram, program } from "../../tests/support/languages.ts";

const ruby = { Shop: 97, hash: 5, array: 7 };
const isMade = ({ type }: Row) => String(type) in ruby;

export default defineCases({
  usage: {
    names: "-l --language -C --top-count -S --top-size -v --verbose -h --json",
    right: ["-l", "c", "181"],
    wrong: [
      [["-l", "c"], /^expected the pid/],
      [["-l", "c", "-C", "1", "-S", "1", "181"], /^use either -C\/--top-count or -S/],
    ],
  },
  cases: [
    {
      name: "counts objects of Ruby by class, and hashes and arrays",
      canary: true,
      requires: ["ruby"],
      args: ["{pid}"],
      work: program("objects.rb"),
      of: isMade,
      counts: [
        [{ type: "Shop", allocs: 97, bytes: 0 }, 1],
        [{ type: "hash", allocs: 5, bytes: 10 }, 1],
        [{ type: "array", allocs: 7, bytes: 21 }, 1],
      ],
    },
    {
      name: "-C prints the most frequent ones only",
      requires: ["ruby"],
      args: ["-C", "1", "{pid}"],
      work: program("objects.rb"),
      of: ({ record }) => record === undefined,
      rows: [{ type: "Shop", allocs: 97 }],
    },
    {
      name: "-S prints those with most bytes only",
      args: ["-l", "c", "-S", "1", "{pid}"],
      work: { program: "blocks.c", args: ["4099=97", "65551=13"] },
      of: ({ record }) => record === undefined,
      rows: [{ type: "block size 65551", allocs: 13, bytes: 13 * 65551 }],
    },
    {
      name: "counts lists of Tcl",
      requires: ["tcl"],
      args: ["-l", "tcl", "{pid}"],
      work: program("objects.tcl"),
      of: ({ type }) => type === "Tcl_NewListObj",
      rows: [{ type: "Tcl_NewListObj", allocs: 97 }],
    },
    {
      name: "counts objects of Java by class, with the bytes of arrays",
      requires: ["javac"],
      args: ["-l", "java", "{pid}"],
      work: javaProgram("Objects", "-XX:+ExtendedDTraceProbes"),
      of: ({ type }) => String(type).includes("Objects$Shop"),
      counts: [[{ type: "Objects$Shop", allocs: 97 }, 1], [
        { type: "[LObjects$Shop;", allocs: 26 },
        1,
      ]],
      check(rows) {
        // An array of eight: a header of 16 bytes, and references of 4 bytes (compressed).
        const bytes = rows.find(({ type }) => type === "[LObjects$Shop;")?.bytes;
        if (bytes !== 26 * 48) throw new Error(JSON.stringify(rows));
      },
    },
    {
      name: "-l c counts blocks of malloc() by size",
      args: ["-l", "c", "{pid}"],
      work: { program: "blocks.c", args: ["4099=97", "8209=13"] },
      of: ({ type }) => /^block size (4099|8209)$/.test(String(type)),
      counts: [
        [{ type: "block size 4099", allocs: 97, bytes: 97 * 4099 }, 1],
        [{ type: "block size 8209", allocs: 13, bytes: 13 * 8209 }, 1],
      ],
    },
    {
      name: "prints bcc's table",
      requires: ["ruby"],
      args: ["{pid}"],
      work: program("objects.rb"),
      lines: [
        /^Tracing allocations in process {pid} \(language: ruby\)\.\.\. Ctrl-C to quit\.$/,
        /^NAME\/TYPE {22}# ALLOCS {6}# BYTES$/,
        /^array {33}7 {11}21$/,
      ],
    },
  ],
  unfiltered: "the process is an argument that each case has: nobody else is traced",
});
