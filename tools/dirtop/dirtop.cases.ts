import { mkdirSync } from "node:fs";
import { defineCases, type Work } from "../../tests/support/cases.ts";
import { Script } from "../../tests/support/script.ts";

const script = `mkdir -p {dir}/one/deep/er {dir}/two
  dd if=/dev/zero of={dir}/one/deep/er/a bs=4096 count=13 2>/dev/null
  dd if={dir}/one/deep/er/a of={dir}/two/b bs=4096 2>/dev/null
  dd if={dir}/two/b of={dir}/elsewhere bs=4096 2>/dev/null`;
/** Two directories, made before tracing: the one with more reads has fewer writes. */
const unequal: Work = {
  start(dir) {
    for (const name of ["one", "two"]) mkdirSync(`${dir}/${name}`);
    return Script.start(`copy() { dd if=$1 of=$2 bs=4096 count=$3 2>/dev/null; }
      copy /dev/zero ${dir}/one/a 3; copy /dev/zero ${dir}/two/b 13
      for i in {1..9}; do copy ${dir}/one/a /dev/null 3; done`);
  },
};
const work = {
  program: "file_io.c",
  args: [
    "open={dir}/traced:1",
    "write=11",
    "pwrite=7",
    "start",
    "read=11",
    "preadv=2",
  ],
};
const isHere = (row: { path?: unknown }, { dir }: { dir: string }) =>
  String(row.path).startsWith(dir);
const sum = (rows: readonly Readonly<Record<string, unknown>>[]) =>
  rows.reduce((total, { reads, writes }) => total + Number(reads) + Number(writes), 0);

export default defineCases({
  usage: {
    wrong: [[[], /say which directories: -d\/--root-directories is needed/], [
      ["-d", "/gone"],
      /there is no directory "\/gone"/,
    ]],
    right: ["-d", "/srv"],
  },
  cases: [
    {
      name: "sums what is read and written in a directory",
      args: ["-d", "{dir}", "1000"],
      canary: true,
      work,
      of: isHere,
      rows: [{ path: "{dir}", reads: 13, writes: 18, r_kb: 52, w_kb: 72 }],
    },
    {
      name: "counts a file for the nearest directory above it, at any depth",
      args: ["-d", "{dir}/..,{dir}", "1000"],
      work: { script },
      of: ({ path }, { dir }) => path === dir,
      rows: [{ reads: 28, writes: 39, r_kb: 104, w_kb: 156 }],
    },
    {
      name: "-s reads -r 1 shows the directory that is read most",
      args: ["-d", "{dir}/one,{dir}/two", "-s", "reads", "-r", "1", "1000"],
      work: unequal,
      of: isHere,
      rows: [{ path: "{dir}/one", reads: 27, writes: 3 }],
    },
    {
      name: "-s writes -r 1 shows the directory that is written most",
      args: ["-d", "{dir}/one,{dir}/two", "-s", "writes", "-r", "1", "1000"],
      work: unequal,
      of: isHere,
      rows: [{ path: "{dir}/two", reads: 0, writes: 13 }],
    },
    {
      name: "hides directories that nothing happened in",
      args: ["-d", "/srv", "1000"],
      work,
      of: () => true,
      rows: [],
    },
    {
      name: "prints bcc's table",
      args: ["-C", "-d", "{dir}", "1000"],
      work,
      lines: [/^READS {2}WRITES R_Kb {5}W_Kb {5}PATH$/, /^13 {5}18 {5}52 {7}72 {7}{dir}$/],
    },
  ],
  filters: { work, args: ["-d", "{dir}", "1000"], of: isHere, total: sum, expect: 31 },
});
