import { type Case, defineCases, type IsOf, times } from "../../tests/support/cases.ts";
import { onTmpfs } from "../../tests/support/jobs.ts";

// tmpfs caches no negative entries: every look-up of a missing name misses the cache.
const work = onTmpfs("file_calls.c", (mount) => [
  `mkdir=${mount}/folder:1`,
  `stat=${mount}/none:37`,
  `stat=${mount}/folder0:11`,
  `make=${mount}/file:5`,
  `unlink=${mount}/other:3`,
  `unlink=${mount}/file:2`,
]);
const of: IsOf = ({ pid, file }, context) =>
  pid === context.pid && /^(none|folder0|file\d|other\d)$/.test(String(file));
const requires = ["kprobe", "fentry"] as const;

const misses: Case = {
  name: "shows names that the cache does not have, each once",
  canary: true,
  requires,
  work,
  of,
  rows: [
    { t: "M", file: "folder0" },
    ...times(37, { t: "M", file: "none" }),
    ...["file0", "file1", "file2", "file3", "file4"].map((file) => ({ t: "M", file })),
    ...["other0", "other1", "other2"].map((file) => ({ t: "M", file })),
  ],
};

export default defineCases({
  usage: { names: "-h --help -a --all --json --duration" },
  cases: [
    misses,
    {
      name: "-a shows names of path walks as well",
      args: ["-a", "-p", "{pid}"],
      canary: true,
      requires,
      work,
      of: ({ file, t }) => file === "none" || file === "folder0" && t === "R",
      counts: [[{ t: "M", file: "none" }, 37], [{ t: "R", file: "none" }, 37], [
        { t: "R", file: "folder0" },
        11,
      ]],
    },
    {
      name: "prints bcc's table",
      args: ["-p", "{pid}"],
      canary: true,
      requires: [...requires, "full"],
      work,
      lines: [/^TIME\(s\) {5}PID {5}COMM {13}T FILE$/, /^\d\.\d{6} +{pid} +file_calls {7}M none$/],
    },
  ],
  filters: { requires: [...requires, "full"], work, of, expect: 46 },
});
