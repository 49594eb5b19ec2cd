import { defineCases } from "../../tests/support/cases.ts";

const script = `mkdir -p {dir}/one/deep/er {dir}/two
  dd if=/dev/zero of={dir}/one/deep/er/a bs=4096 count=13 2>/dev/null
  dd if={dir}/one/deep/er/a of={dir}/two/b bs=4096 2>/dev/null
  dd if={dir}/two/b of={dir}/elsewhere bs=4096 2>/dev/null`;
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
