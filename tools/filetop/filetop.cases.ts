import { type Case, defineCases } from "../../tests/support/cases.ts";

const work = {
  program: "file_io.c",
  args: [
    "open={dir}/traced:1",
    "write=11",
    "pwrite=7",
    "start",
    "read=11",
    "preadv=2",
    "open=/dev/null:1",
    "write=3",
  ],
};
/** One file with more reads than writes, and one with more writes than reads. */
const unequal = {
  program: "file_io.c",
  args: [
    ...["open={dir}/read:1", "write=1", "start", "read=1"],
    ...Array(12).fill(["start", "read=1"]).flat() as string[],
    ...["open={dir}/written:1", "write=7"],
  ],
};
const traced = {
  comm: "file_io",
  reads: 13,
  writes: 18,
  r_kb: 52,
  w_kb: 72,
  t: "R",
  file: "traced",
};
const sum = (rows: readonly Readonly<Record<string, unknown>>[]) =>
  rows.reduce((total, { reads, writes }) => total + Number(reads) + Number(writes), 0);

export default defineCases({
  usage: {
    wrong: [[["--read-only", "--write-only"], /use either --read-only or --write-only, not both/], [
      ["--directory", "/gone"],
      /cannot open directory "\/gone": ENOENT/,
    ], [["-s", "age"], /invalid value "age" for -s\/--sort: expected one of/]],
  },
  cases: [
    {
      name: "counts what a thread reads and writes in a file",
      // -r 1000: by default only 20 rows are shown, and a busy machine has 20 busier files.
      args: ["-r", "1000", "1000"],
      canary: true,
      work,
      rows: [traced],
    },
    {
      name: "-a counts other kinds of files as well",
      // -r 1000: pipes and terminals of all other processes are counted as well.
      args: ["-a", "-r", "1000", "1000"],
      work,
      of: ({ pid, file }, context) => pid === context.pid && file === "null",
      rows: [{ reads: 0, writes: 3, r_kb: 0, w_kb: 12, t: "O" }],
    },
    {
      name: "--read-only counts no writes",
      args: ["--read-only", "-r", "1000", "1000"],
      work,
      rows: [{ reads: 13, writes: 0, r_kb: 52, w_kb: 0 }],
    },
    {
      name: "--write-only counts no reads",
      args: ["--write-only", "-r", "1000", "1000"],
      work,
      rows: [{ reads: 0, writes: 18, r_kb: 0, w_kb: 72 }],
    },
    { name: "-d counts files in a directory", args: ["-d", "{dir}", "1000"], work, rows: [traced] },
    ...(["reads", "writes"] as const).map((column): Case => ({
      name: `-s ${column} -r 1 shows the file with most of them`,
      args: ["-s", column, "-r", "1", "-d", "{dir}", "1000"],
      work: unequal,
      rows: [
        column === "reads"
          ? { file: "read", reads: 13, writes: 1 }
          : { file: "written", reads: 0, writes: 7 },
      ],
    })),
    { name: "-d hides those elsewhere", args: ["-d", "/", "1000"], work, rows: [] },
    {
      name: "prints bcc's table",
      args: ["-C", "-p", "{pid}", "1000"],
      work,
      lines: [
        /^Tracing\.\.\. Output every 1000 secs\. Hit Ctrl-C to end$/,
        /^TID {5}COMM {13}READS {2}WRITES R_Kb {4}W_Kb {4}T FILE$/,
        /^{pid} +file_io {10}13 {5}18 {5}52 {6}72 {6}R traced$/,
      ],
    },
  ],
  filters: {
    work,
    args: ["-r", "100000", "1000"],
    of: ({ pid }, context) => pid === context.pid,
    total: sum,
    expect: 31,
  },
});
