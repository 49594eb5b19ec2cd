import { release } from "node:os";
import { type Cases, defineCases, type IsOf } from "../../tests/support/cases.ts";
import { onTmpfs } from "../../tests/support/jobs.ts";

const work = onTmpfs("file_calls.c", (mount) => [
  `make=${mount}/file:37`,
  `mkdir=${mount}/folder:5`,
  `fsync=${mount}/file0:11`,
  `unlink=${mount}/file:29`,
]);
const of: IsOf = ({ func }) => /^vfs_(mkdir|fsync_range|unlink|open|rmdir)$/.test(String(func));
// Without kprobe_multi, detaching the kprobes one by one takes minutes on a busy machine.
const requires = ["kprobeMulti"] as const;

const counts: Cases["cases"][number] = {
  name: "counts calls of each function by a process",
  args: ["-p", "{pid}"],
  canary: true,
  requires,
  work,
  of,
  rows: [
    { func: "vfs_mkdir", count: 5 },
    // Debian's kernel 7.2 has vfs_fsync_range() inlined into fsync(2).
    ...release().startsWith("7.2.") ? [] : [{ func: "vfs_fsync_range", count: 11 }],
    { func: "vfs_unlink", count: 29 },
    { func: "vfs_open", count: 38 },
  ],
};

export default defineCases({
  usage: { names: "-h time -p --pid --json", wrong: [[["0"], /invalid value "0" for time/]] },
  cases: [
    counts,
    {
      name: "prints bcc's table",
      args: ["-p", "{pid}", "1000"],
      canary: true,
      requires: ["kprobe", "full"],
      work,
      lines: [
        /^Tracing\.\.\. Ctrl-C to end\.$/,
        /^ADDR {13}FUNC {26}COUNT$/,
        /^ffffffff[0-9a-f]{8} vfs_mkdir {25}5$/,
      ],
    },
  ],
  filters: {
    requires: ["kprobe", "full"],
    work,
    of,
    total: (rows) => rows.filter(({ func }) => func === "vfs_mkdir").length,
    expect: 1,
  },
});
