import { type Case, defineCases, type IsOf } from "../../tests/support/cases.ts";
import { ext4Io } from "../../tests/support/jobs.ts";

// `forget` turns read-ahead off (file_io.c): only `willneed` reads ahead.
const work = ext4Io((file) => [
  ...[
    `open=${file}:1`,
    "write=97",
    "forget",
    "willneed=61",
    "start",
    "read=13",
    "start",
    "read=13",
  ],
]);
const of: IsOf = ({ record }) => record === "pages";

const pages: Case = {
  name: "counts the pages that a process has read ahead and those that it uses",
  args: ["-p", "{pid}"],
  canary: true,
  work,
  of,
  rows: [{ read_ahead: 61, used: 13, unused: 48 }],
};

export default defineCases({
  usage: { names: "-h --help -d --duration --json -p" },
  cases: [
    pages,
    {
      name: "counts a page for unused that leaves the cache before",
      args: ["-p", "{pid}"],
      work: ext4Io((file) => [
        ...[`open=${file}:1`, "write=97", "forget", "willneed=61", "forget", "start", "read=13"],
      ]),
      of,
      // The second `forget` drops 61 unused pages; reading 13 of them again counts as read-ahead.
      rows: [{ read_ahead: 74, used: 13, unused: 61 }],
    },
    {
      name: "prints bcc's report",
      args: ["-p", "{pid}"],
      work,
      lines: [
        /^Tracing\.\.\. Hit Ctrl-C to end\.$/,
        /^Read-ahead unused pages: 48$/,
        /^Histogram of read-ahead used page age \(ms\):$/,
        /^ +age \(ms\) +: count +distribution$/,
      ],
    },
  ],
  filters: { work, of, total: ([row]) => Number(row?.read_ahead), expect: { least: 61 } },
});
