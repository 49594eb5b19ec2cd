import { defineCases, times } from "../../tests/support/cases.ts";
import { fileIoOn } from "../../tests/support/jobs.ts";

const work = fileIoOn("f2fs", (file) => [
  `open=${file}:13`,
  "write=53",
  "pwrite=23",
  "writev=11",
  "fsync=7",
  "fdatasync=5",
  "start",
  "read=41",
  "preadv=3",
]);
const row = (t: string, block: number) => ({
  t,
  bytes: 4096,
  off_kb: 4 * block,
  filename: "traced",
});
const isNoSearch = (row: { pid?: unknown; t?: unknown }, { pid }: { pid: number }) =>
  row.pid === pid && row.t !== "G";

export default defineCases({
  cases: [
    {
      name: "shows opens, writes, syncs and reads with their offsets, in order",
      args: ["0"],
      canary: true,
      requires: ["modules"],
      work,
      of: isNoSearch,
      rows: [
        ...times(13, { t: "O", bytes: 0, off_kb: 0, filename: "traced" }),
        ...Array.from({ length: 53 }, (_, i) => row("W", i)),
        ...Array.from({ length: 23 }, (_, i) => row("W", i)),
        ...Array.from({ length: 11 }, (_, i) => row("W", 53 + i)),
        ...times(12, { t: "S", bytes: 0, off_kb: 0, filename: "traced" }),
        ...Array.from({ length: 41 }, (_, i) => row("R", i)),
        ...Array.from({ length: 3 }, (_, i) => row("R", i)),
      ],
    },
    {
      name: "hides what is faster than the threshold",
      args: ["60000"],
      requires: ["modules"],
      work,
      rows: [],
    },
  ],
});
