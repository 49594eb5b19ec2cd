import { defineCases, histogramTotal } from "../../tests/support/cases.ts";
import { fileIoOn, operationCounts } from "../../tests/support/jobs.ts";

const work = fileIoOn("ext4", (file) => [
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

export default defineCases({
  cases: [
    {
      name: "counts reads, writes, opens and syncs of a process",
      args: ["-p", "{pid}"],
      canary: true,
      work,
      check: operationCounts({ read: 44, write: 87, open: 13, fsync: 12 }),
    },
    {
      name: "prints a histogram for each operation",
      args: ["-p", "{pid}"],
      work,
      lines: [/^operation = read$/, /^operation = fsync$/, /^ +usecs +: count +distribution$/],
    },
  ],
  filters: {
    work,
    args: ["100"],
    of: ({ operation }) => operation === "fsync",
    total: histogramTotal,
    expect: { least: 12 },
  },
});
