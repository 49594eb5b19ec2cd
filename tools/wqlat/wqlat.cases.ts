import assert from "node:assert/strict";
import { defineCases, histogramTotal, type Row } from "../../tests/support/cases.ts";
import { blockWrites } from "../../tests/support/jobs.ts";

// A loop device has a work queue of its own, called as the device, and makes work of its requests.
const work = blockWrites(101);
const isQueue = (row: Row, { names }: { names: Readonly<Record<string, unknown>> }) =>
  row.wqname === names.disk;
/** Requests that come while work is queued already, and not begun, are done with it. */
const upTo = (most: number) => (rows: readonly Row[]): void => {
  const total = histogramTotal(rows);
  assert.ok(total > 0 && total <= most, `${total} of at most ${most}`);
};

export default defineCases({
  cases: [
    {
      name: "-W counts the work that 101 requests of a loop device make",
      args: ["-W"],
      canary: true,
      work,
      of: isQueue,
      check: upTo(101),
    },
    {
      name: "-w counts one queue",
      args: ["-w", "{other}"],
      work,
      of: ({ record }) => record === "histogram",
      check: upTo(13),
    },
    { name: "-w hides other queues", args: ["-W", "-w", "{other}"], work, of: isQueue, rows: [] },
    {
      name: "prints bcc's histogram",
      args: ["-T", "-N", "-W"],
      work,
      lines: [
        /^Tracing work queue request latency time\.\.\. Hit Ctrl-C to end\.$/,
        /^\d\d:\d\d:\d\d$/,
        /^wqname = {disk}$/,
        /^ {5}nsecs {15}: count {5}distribution$/,
      ],
    },
  ],
});
