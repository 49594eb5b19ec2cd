/**
 * Reports of bytes read and written (file_sums.h).
 *
 * @module
 */

import { type Bpf, type Codec, type Infer, struct, u64 } from "../../mod.ts";
import type { Column } from "../output/columns.ts";
import { TOP_ROWS, topLine, topOptions, topSpace } from "../output/top.ts";
import { CounterDeltas, deltasOf } from "../output/counter_deltas.ts";
import { reportDropped } from "../run/losses.ts";
import { type Option, UsageError } from "../options/options.ts";
import type { Report } from "../output/report.ts";
import type { Members } from "../records/record_shape.ts";

/** struct sums of file_sums.h. */
export const Sums = struct("sums", {
  reads: u64.asNumber,
  writes: u64.asNumber,
  read_bytes: u64.asNumber,
  written_bytes: u64.asNumber,
});
/** What was read and written. */
export type Sums = Infer<typeof Sums>;

/** The system calls of file_io.h, by the names of their tracepoints. */
export const READS: readonly string[] = ["read", "readv", "pread64", "preadv", "preadv2"];
/** The same for writing. */
export const WRITES: readonly string[] = ["write", "writev", "pwrite64", "pwritev", "pwritev2"];

const SORTS: Readonly<Record<string, (sums: Sums) => number>> = {
  all: (sums) => sums.read_bytes + sums.written_bytes + sums.reads + sums.writes,
  reads: ({ reads }) => reads,
  writes: ({ writes }) => writes,
  rbytes: (sums) => sums.read_bytes,
  wbytes: (sums) => sums.written_bytes,
};

/** Options of tools with such reports. */
export const sumsOptions = {
  ...topOptions,
  sort: {
    short: "s",
    long: "sort",
    meta: "COLUMN",
    help: `sort column: ${Object.keys(SORTS).join(", ")} (default all)`,
    initial: "all",
    parse(value: string) {
      if (value in SORTS) return value;
      throw new UsageError(`expected one of ${Object.keys(SORTS).join(", ")}`);
    },
  } satisfies Option<string> as Option<string>,
} as const;

/** What those columns are in records. */
export const SUMS_MEMBERS: Members = {
  reads: "count",
  writes: "count",
  r_kb: "count",
  w_kb: "count",
};

/** The columns of sums; `kbWidth` is that of R_Kb and W_Kb. */
export function sumsColumns<R extends Sums>(kbWidth: number): Column<R>[] {
  const kilobytes = (head: string, bytes: (row: R) => number): Column<R> => ({
    head,
    width: kbWidth,
    value: (row) => bytes(row) / 1024,
    text: (row) => String(Math.floor(bytes(row) / 1024)),
  });
  return [
    { head: "READS", width: 6, value: ({ reads }) => reads },
    { head: "WRITES", width: 6, value: ({ writes }) => writes },
    kilobytes("R_Kb", (row) => row.read_bytes),
    kilobytes("W_Kb", (row) => row.written_bytes),
  ];
}

/** Options of {@linkcode sumsReporter}. */
export interface SumsReport<K> {
  /** The tool's name. */
  readonly name: string;
  /** The map of sums. */
  readonly map: string;
  readonly key: Codec<K>;
  readonly columns: readonly Column<K & Sums>[];
  readonly noClear: boolean;
  readonly maxRows: number | undefined;
  readonly sort: string;
}

/** Makes the function that prints the sums which grew since its last call, the largest first. */
export function sumsReporter<K extends object>(
  { name, map, key, columns, noClear, maxRows = TOP_ROWS, sort }: SumsReport<K>,
): (bpf: Bpf, report: Report) => void {
  const deltas = new CounterDeltas();
  const rank = SORTS[sort]!;
  return (bpf, report) => {
    const rows = [...deltasOf(bpf.map(map, key, Sums), deltas, (sums) => sums)]
      .map(([key, sums]) => ({ ...key, ...sums }))
      .sort((a, b) => rank(b) - rank(a));
    topSpace(report, noClear);
    topLine(report);
    report.table(columns, rows.slice(0, maxRows));
    reportDropped(bpf, report, name, "reads and writes");
  };
}
