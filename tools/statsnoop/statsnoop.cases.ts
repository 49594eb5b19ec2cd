import { defineCases, times } from "../../tests/support/cases.ts";

const work = {
  program: "file_calls.c",
  args: [
    "make={dir}/file:1",
    "stat={dir}/file0:11",
    "lstat={dir}/file0:7",
    "fstatat={dir}/file0:5",
    "statx={dir}/file0:3",
    "statfs={dir}:2",
    "fstat={dir}/file0:17",
    "statx={dir}/gone:13",
  ],
};
/** arm64 has no stat(2) and no lstat(2). */
const [stat, lstat] = process.arch === "arm64" ? ["newfstatat", "newfstatat"] : ["stat", "lstat"];
const isHere = (row: { path?: unknown }, { dir }: { dir: string }) =>
  String(row.path).startsWith(dir);

export default defineCases({
  cases: [
    {
      name: "shows each call by its path, those that fail with their error, and none by descriptor",
      canary: true,
      work,
      rows: [
        ...times(11, { comm: "file_calls", fd: 0, err: 0, syscall: stat, path: "{dir}/file0" }),
        ...times(7, { comm: "file_calls", fd: 0, err: 0, syscall: lstat, path: "{dir}/file0" }),
        ...times(5, {
          comm: "file_calls",
          fd: 0,
          err: 0,
          syscall: "newfstatat",
          path: "{dir}/file0",
        }),
        ...times(3, { comm: "file_calls", fd: 0, err: 0, syscall: "statx", path: "{dir}/file0" }),
        ...times(2, { comm: "file_calls", fd: 0, err: 0, syscall: "statfs", path: "{dir}" }),
        ...times(13, { comm: "file_calls", fd: -1, err: 2, syscall: "statx", path: "{dir}/gone" }),
      ],
    },
    {
      name: "-x shows failures only",
      args: ["-x"],
      work,
      of: isHere,
      rows: times(13, { pid: "{pid}", err: 2, fd: -1 }),
    },
    {
      name: "-x shows nothing where nothing fails",
      args: ["-x"],
      work: { program: "file_calls.c", args: ["stat={dir}:19"] },
      of: isHere,
      rows: [],
    },
    {
      name: "marks a path that is too long",
      args: ["-x"],
      work: { script: "stat $(printf %05000d 0) 2>/dev/null" },
      of: ({ path }) => String(path).startsWith("0".repeat(4000)),
      rows: [{ err: 36, path: `${"0".repeat(4096)}...` }],
    },
    {
      name: "prints bcc's table",
      args: ["-p", "{pid}"],
      work,
      lines: [/^PID {5}COMM {15}FD ERR PATH$/, /^{pid} +file_calls +-1 +2 {dir}\/gone$/],
    },
    {
      name: "-s and -t print its further columns",
      args: ["-st", "-p", "{pid}"],
      work,
      lines: [
        /^TIME\(s\) {7}PID {5}COMM {15}FD ERR SYSCALL {6}PATH$/,
        /^\d+\.\d{9} +{pid} +file_calls +0 {3}0 statfs {7}{dir}$/,
      ],
    },
  ],
  filters: { work, of: isHere, expect: 41 },
});
