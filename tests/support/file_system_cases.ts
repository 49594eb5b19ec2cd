/**
 * The cases of tools that trace one type of file system: the same workload for each type.
 *
 * @module
 */

import assert from "node:assert/strict";
import { type Case, type Cases, histogramTotal, type Row, times } from "./cases.ts";
import { fileIoOn, operationCounts } from "./jobs.ts";
import type { Feature } from "./requires.ts";

/** A file system type that the tests can mount. */
type FileSystem = Parameters<typeof fileIoOn>[0];

/** Writes blocks of 4 KiB, some of them twice, syncs and reads them, on a new mount of that type. */
export const fileSystemWork = (type: FileSystem) =>
  fileIoOn(type, (file) => [
    `open=${file}:13`,
    "write=53",
    "pwrite=23",
    "writev=11",
    "fsync=7",
    "fdatasync=5",
    "start",
    "read=41",
    "preadv=3",
    "fstat=19",
  ]);

/**
 * Whether tools see getattr: it takes a kprobe, which guests have, and a getattr function of the file system's
 * own (toolkit/fs/file_systems.ts).
 */
const showsAttributes = (type: FileSystem): boolean =>
  process.env.TSBCC_GUEST_KERNEL !== undefined && ["ext4", "f2fs", "nfs"].includes(type);

const io = (t: string, count: number, first = 0): Row[] =>
  Array.from({ length: count }, (_, i) => ({
    t,
    bytes: 4096,
    off_kb: 4 * (first + i),
    filename: "traced",
  }));

/** The rows that a *slower tool shows of this workload, in order. */
const ROWS: readonly Row[] = [
  ...times(13, { t: "O", bytes: 0, off_kb: 0, filename: "traced" }),
  ...io("W", 53),
  ...io("W", 23),
  ...io("W", 11, 53),
  ...times(12, { t: "S", bytes: 0, off_kb: 0, filename: "traced" }),
  ...io("R", 41),
  ...io("R", 3),
];

/** `ROWS`, with the getattr rows where tools see them. */
const rowsOn = (type: FileSystem): readonly Row[] =>
  showsAttributes(type)
    ? [...ROWS, ...times(19, { t: "G", bytes: 0, off_kb: 0, filename: "traced" })]
    : ROWS;

/**
 * Only `--full` tests filters in guests: it is slow there, and other tools test the same code on the machine.
 */
const filtersNeed = (requires: readonly Feature[] = []) =>
  requires.length > 0 ? { requires: [...requires, "full" as const] } : {};

interface FamilyOptions {
  /** The arguments that choose the type of file system, where the tool's name does not. */
  readonly args?: readonly string[];
  /** The words that give the threshold in milliseconds. Default: one positional argument. */
  threshold?(ms: string): readonly string[];
  readonly requires?: readonly Feature[];
  /** Further cases, of this tool only. */
  readonly more?: readonly Case[];
}

/** Cases of a *slower tool, which shows slow operations. */
export function slowerCases(type: FileSystem, options: FamilyOptions = {}): Cases {
  const { args = [], threshold = (ms) => [ms], requires, more = [] } = options;
  const work = fileSystemWork(type);
  const all = [...args, ...threshold("0")];
  const needs = requires ? { requires } : {};
  return {
    cases: [
      {
        name: "shows opens, writes, syncs and reads with their offsets, in order",
        args: all,
        canary: true,
        ...needs,
        work,
        rows: rowsOn(type),
      },
      {
        name: "hides what is faster than the threshold",
        args: [...args, ...threshold("60000")],
        ...needs,
        work,
        rows: [],
      },
      ...more,
    ],
    filters: { ...filtersNeed(requires), work, args: all, expect: rowsOn(type).length },
  };
}

/** A case for *slower tools with the option -j. */
export const csvCase = (type: FileSystem): Case => ({
  name: "-j prints comma-separated values",
  args: ["-j", "-p", "{pid}", "0"],
  work: fileSystemWork(type),
  lines: [
    /^ENDTIME_us,TASK,PID,TYPE,BYTES,OFFSET_b,LATENCY_us,FILE$/,
    /^\d+,file_io,{pid},R,4096,163840,\d+,traced$/,
  ],
});

/** Cases of a *dist tool, which shows latencies of operations as histograms. */
export function distCases(
  type: FileSystem,
  { args = [], more = [], requires }: FamilyOptions = {},
): Cases {
  const needs = requires ? { requires } : {};
  const work = fileSystemWork(type);
  // All types share the code of the options, so only ./test.sh --full tests them for each type.
  const rarely = [
    ...requires ?? [],
    ...["ext4", "tmpfs"].includes(type) ? [] : ["full" as const],
  ];
  const counts = {
    ...{ read: 44, write: 87, open: 13, fsync: 12 },
    ...showsAttributes(type) && { getattr: 19 },
  };
  return {
    cases: [
      {
        name: "counts reads, writes, opens and syncs of a process",
        args: [...args, "-p", "{pid}"],
        canary: true,
        ...needs,
        work,
        check: operationCounts(counts),
      },
      {
        name: "prints a histogram for each operation",
        args: [...args, "-p", "{pid}"],
        ...needs,
        work,
        lines: [/^operation = read$/, /^operation = fsync$/, /^ +usecs +: count +distribution$/],
      },
      {
        name: "-m counts as many in milliseconds",
        args: [...args, "-m", "-p", "{pid}"],
        requires: rarely,
        work,
        check(rows) {
          operationCounts(counts)(rows);
          assert.deepEqual([...new Set(rows.map(({ value }) => value))], ["msecs"]);
        },
      },
      {
        name: `${args.length > 0 ? "-T tells" : "tells"} when a report was made`,
        args: [...args, ...args.length > 0 ? ["-T"] : [], "-p", "{pid}", "1000"],
        requires: rarely,
        work,
        lines: [/^\d\d:\d\d:\d\d:?$/, /^operation = fsync$/],
      },
      {
        name: args.length > 0 ? "tells no time without -T" : "-T tells no time",
        args: [...args, ...args.length > 0 ? [] : ["-T"], "-p", "{pid}", "1000"],
        requires: rarely,
        work,
        // The pattern covers the whole text: no line may begin with a time.
        lines: [/(?<![^])(?![^]*^\d\d:\d\d:\d\d)[^]*^operation = fsync$/],
      },
      ...more,
    ],
    filters: {
      ...filtersNeed(requires),
      work,
      args: [...args, "100"],
      of: ({ operation }) => operation === "fsync",
      total: histogramTotal,
      expect: { least: 12 },
    },
  };
}
