import { defineCases, histogramTotal } from "../../tests/support/cases.ts";
import { fileIoOn, operationCounts } from "../../tests/support/jobs.ts";

const work = fileIoOn("tmpfs", (file) => [
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
      args: ["-t", "tmpfs", "-p", "{pid}"],
      canary: true,
      work,
      check: operationCounts({ read: 44, write: 87, open: 13, fsync: 12 }),
    },
    {
      name: "prints a histogram for each operation",
      args: ["-t", "tmpfs", "-p", "{pid}"],
      work,
      lines: [/^operation = read$/, /^operation = fsync$/, /^ +usecs +: count +distribution$/],
    },
    {
      name: "counts nothing of other file systems",
      args: ["-t", "btrfs", "-p", "{pid}"],
      work,
      check: operationCounts({}),
    },
  ],
  filters: {
    work,
    args: ["-t", "tmpfs", "100"],
    of: ({ operation }) => operation === "fsync",
    total: histogramTotal,
    expect: { least: 12 },
  },
});
