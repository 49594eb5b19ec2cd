import assert from "node:assert/strict";
import { defineCases, histogramTotal, type Row } from "../../tests/support/cases.ts";
import { BLOCK_EVENTS } from "../../tests/support/hidden_events.ts";
import { blockWrites } from "../../tests/support/jobs.ts";

const work = blockWrites(101);
// A dd writes to each of two disks: only `-d` tells their requests apart.
const onDisk = ["-d", "{disk}"];
const isHistogram = ({ record }: Row) => record === "histogram";
const isWriter = (row: { comm?: unknown }) => row.comm === "dd";

export default defineCases({
  cases: [
    {
      name: "counts 101 requests of 4 KiB",
      args: onDisk,
      canary: true,
      work,
      of: isHistogram,
      check(rows) {
        // Sums over all names: with an I/O scheduler a kernel thread may issue the requests.
        const buckets = rows.flatMap(({ buckets }) => buckets as { low: number; count: number }[]);
        const sizes = buckets.filter(({ count }) => count > 0).map(({ low }) => low);
        assert.deepEqual([...new Set(sizes)], [4]);
        assert.equal(histogramTotal(rows), 101);
      },
    },
    { name: "shows the writer's name", args: onDisk, work, of: isWriter, check: all },
    {
      name: "-d hides other disks",
      args: ["-d", "{other}"],
      work,
      of: isWriter,
      check: (rows) => assert.equal(histogramTotal(rows), 13),
    },
    { name: "-c shows one name", args: [...onDisk, "-c", "dd"], work, of: isWriter, check: all },
    { name: "-c hides other names", args: [...onDisk, "-c", "d"], work, of: isWriter, rows: [] },
    {
      name: "prints bcc's table",
      args: [...onDisk, "-T"],
      work,
      lines: [
        /^Tracing block I\/O\.\.\. Hit Ctrl-C to end\.$/,
        /^\d\d:\d\d:\d\d$/,
        /^Process Name = dd$/,
        /^ {5}Kbytes {14}: count {5}distribution$/,
        /^ +4 -> 7 +: 101 +\|\*{40}\|$/,
      ],
    },
  ],
  filters: { work, args: onDisk, of: isWriter, total: histogramTotal, expect: 101 },
  anywhere: BLOCK_EVENTS,
});

function all(rows: Parameters<typeof histogramTotal>[0]): void {
  assert.equal(histogramTotal(rows), 101);
}
