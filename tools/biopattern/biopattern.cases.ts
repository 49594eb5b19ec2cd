import { defineCases } from "../../tests/support/cases.ts";
import { BLOCK_EVENTS } from "../../tests/support/hidden_events.ts";
import { blockWrites, diskScript } from "../../tests/support/jobs.ts";

const work = blockWrites(101);
const isDisk = (row: { disk?: unknown }, { names }: { names: Readonly<Record<string, unknown>> }) =>
  row.disk === names.disk;

export default defineCases({
  cases: [
    {
      name: "counts all but the first of 101 requests in order as sequential",
      canary: true,
      work,
      of: isDisk,
      rows: [{ random_percent: 0, sequential_percent: 100, count: 100, kbytes: 400 }],
    },
    {
      name: "counts requests that leave gaps as random",
      work: diskScript(
        `write() { dd if=/dev/zero of=$disk bs=4k oflag=direct conv=notrunc count=$1 seek=$2; }
        { write 41 0; for i in {19..1}; do write 1 $((i * 100)); done; } 2>/dev/null`,
      ),
      of: isDisk,
      // 40 requests each start where the one before ended; 19 do not.
      rows: [{ random_percent: 32, sequential_percent: 68, count: 59, kbytes: 236 }],
    },
    { name: "-d hides other disks", args: ["-d", "{other}"], work, of: isDisk, rows: [] },
    {
      name: "prints bcc's table",
      args: ["-d", "{disk}"],
      work,
      lines: [
        /^TIME {6}DISK {5}%RND {2}%SEQ {4}COUNT {5}KBYTES$/,
        /^\d\d:\d\d:\d\d {2}{disk} +0 {3}100 {6}100 {8}400$/,
      ],
    },
  ],
  anywhere: BLOCK_EVENTS,
});
