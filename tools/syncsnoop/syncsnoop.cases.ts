import { defineCases, times } from "../../tests/support/cases.ts";

const work = {
  program: "file_calls.c",
  args: [
    "make={dir}/file:1",
    "fsync={dir}/file0:13",
    "fdatasync={dir}/file0:11",
    "sync_file_range={dir}/file0:7",
    "syncfs={dir}/file0:3",
    "msync=5",
    "sync=2",
  ],
};
const ofFile = (call: string) => ({ comm: "file_calls", call, file: "file0" });

export default defineCases({
  cases: [
    {
      name: "shows each of the six calls, in order, with its file",
      canary: true,
      work,
      rows: [
        ...times(13, ofFile("fsync")),
        ...times(11, ofFile("fdatasync")),
        ...times(7, ofFile("sync_file_range")),
        ...times(3, ofFile("syncfs")),
        ...times(5, { comm: "file_calls", call: "msync", file: null }),
        ...times(2, { comm: "file_calls", call: "sync", file: null }),
      ],
    },
    {
      name: "prints bcc's table",
      args: ["-p", "{pid}"],
      work,
      lines: [/^TIME\(s\) {12}COMM {13}CALL$/, /^\d+\.\d{9} +file_calls {7}sync_file_range $/],
    },
    {
      name: "-e shows process and file",
      args: ["-e", "-p", "{pid}"],
      work,
      lines: [
        /CALL {13}PID {5}FD {3}FILE$/,
        / syncfs {11}{pid} +\d+ +file0$/,
        / sync +{pid} +- +-$/,
      ],
    },
  ],
  filters: { work, expect: 41 },
});
