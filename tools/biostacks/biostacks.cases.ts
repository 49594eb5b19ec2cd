import assert from "node:assert/strict";
import { defineCases, histogramTotal, type Row } from "../../tests/support/cases.ts";
import { BLOCK_EVENTS } from "../../tests/support/hidden_events.ts";
import { blockWrites } from "../../tests/support/jobs.ts";

const work = blockWrites(101);
const isWriter = (row: Row, { pid }: { pid: number }) => row.pid === pid;

export default defineCases({
  usage: { names: "-h --help -d --disk -m --milliseconds -v --verbose duration" },
  cases: [
    {
      name: "counts 101 direct writes on the stack that makes them",
      canary: true,
      work,
      of: isWriter,
      check(rows, { names }) {
        assert.equal(histogramTotal(rows), 101);
        for (const { comm, disk, kernel } of rows) {
          assert.deepEqual([comm, disk], ["dd", names.disk]);
          const frames = kernel as string[];
          const [submit, write] = [/submit_bio|flush_plug/, /vfs_write/].map((name) =>
            frames.findIndex((frame) => name.test(frame))
          );
          assert.ok(submit! >= 0 && submit! < write!, frames.join());
        }
      },
    },
    { name: "-d hides other disks", args: ["-d", "{other}"], work, of: isWriter, rows: [] },
    {
      name: "prints libbpf-tools' lines",
      args: ["-d", "{disk}", "-m"],
      work,
      lines: [
        /^Tracing block I\/O with init stacks\. Hit Ctrl-C to end\.$/,
        /^dd {13}{pid} +{disk}$/,
        /^vfs_write$/,
        /^ {5}msecs {15}: count {5}distribution$/,
      ],
    },
  ],
  filters: { work, of: isWriter, total: histogramTotal, expect: 101 },
  anywhere: BLOCK_EVENTS,
});
