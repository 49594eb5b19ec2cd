import { defineCases, times } from "../../tests/support/cases.ts";

const CALLS = ["write=11", "pwrite=7", "writev=5", "pwritev=3"];
const READ_CALLS = ["start", "read=13", "pread=11", "readv=3", "preadv=4"];
const work = {
  program: "file_io.c",
  args: ["open={dir}/traced:1", ...CALLS, ...READ_CALLS, "fsync=3"],
};

const onDevice = { program: "file_io.c", args: ["open=/dev/null:1", "write=13"] };

export default defineCases({
  cases: [
    {
      name: "0 shows 26 writes and 31 reads, in order",
      args: ["0"],
      canary: true,
      work,
      rows: [
        ...times(26, { comm: "file_io", d: "W", bytes: 4096, filename: "traced" }),
        ...times(31, { comm: "file_io", d: "R", bytes: 4096, filename: "traced" }),
      ],
    },
    { name: "hides what is faster than the threshold", args: ["60000"], work, rows: [] },
    { name: "hides files that are not regular", args: ["0"], work: onDevice, rows: [] },
    {
      name: "-a shows them",
      args: ["-a", "0"],
      work: onDevice,
      of: ({ pid, filename }, context) => pid === context.pid && filename === "null",
      rows: times(13, { d: "W", bytes: 4096, filename: "null" }),
    },
    {
      name: "prints bcc's table",
      args: ["-p", "{pid}", "0"],
      work,
      lines: [
        /^Tracing sync read\/writes$/,
        /^TIME\(s\) {2}COMM {11}TID {4}D BYTES {3}LAT\(ms\) FILENAME$/,
        /^\d+\.\d{3} +file_io {8}{pid} +W 4096 +\d+\.\d\d traced$/,
      ],
    },
  ],
  filters: { work, args: ["0"], expect: 57 },
});
