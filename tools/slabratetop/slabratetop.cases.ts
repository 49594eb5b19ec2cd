import assert from "node:assert/strict";
import { defineCases, sumOf } from "../../tests/support/cases.ts";

// 97 opens, each of which allocates a struct file from the slab cache "filp".
const work = { script: "for i in {1..97}; do : </dev/null; done" };
const isFiles = ({ cache }: { cache?: unknown }) => cache === "filp";

export default defineCases({
  usage: { wrong: [[["-s", "age"], /invalid value "age" for -s\/--sort: expected one of/]] },
  cases: [
    {
      name: "counts 97 open files",
      args: ["-p", "{pid}", "1000"],
      canary: true,
      work,
      of: isFiles,
      check(rows) {
        assert.equal(rows.length, 1);
        const { allocs, bytes } = rows[0] as { allocs: number; bytes: number };
        // A struct file takes about 200 bytes.
        assert.ok(allocs === 97 && bytes >= 97 * 150 && bytes % 97 === 0, JSON.stringify(rows));
      },
    },
    { name: "-p hides other processes", args: ["-p", "1", "1000"], work, of: isFiles, rows: [] },
    {
      name: "-s sorts, and -r limits",
      args: ["-p", "{pid}", "-s", "count", "-r", "1", "1000"],
      work,
      of: () => true,
      check: (rows) => assert.equal(rows.length, 1),
    },
    {
      name: "prints bcc's table",
      args: ["-p", "{pid}", "1000"],
      work,
      lines: [
        /^Tracing\.\.\. Output every 1000 secs\. Hit Ctrl-C to end$/,
        /^\d\d:\d\d:\d\d loadavg: [\d.]+ /,
        /^CACHE {28}ALLOCS {6}BYTES$/,
        /^filp {29} +97 +\d+$/,
      ],
    },
  ],
  filters: {
    work,
    args: ["-r", "1000", "1000"],
    of: isFiles,
    total: sumOf("allocs"),
    expect: { least: 97 },
    not: { pid: "cases have it: the process that misses is the test's own, which opens files too" },
  },
});
