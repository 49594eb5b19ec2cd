/**
 * filetop: file reads and writes by file and thread, the busiest first.
 *
 * USAGE: filetop [-a] [-C] [-r MAXROWS] [-s COLUMN] [-p PID] [--read-only | --write-only]
 *                [-d DIRECTORY] [--duration SECONDS] [--json] [interval] [count]
 *
 *     # filetop -C
 *     Tracing... Output every 1 secs. Hit Ctrl-C to end
 *
 *     09:06:26 loadavg: 10.57 9.36 9.41 13/275 8325
 *     TID     COMM             READS  WRITES R_Kb    W_Kb    T FILE
 *     8145    deno             0      1375   0       2764    R dep_analysis_cache_v2-wal
 *     7708    gzip             40     0      1270    0       R program
 *     7710    cksum            21     0      1270    0       R program
 *     7708    gzip             0      2      0       490     R program.gz
 *
 * T is the kind of file: R(egular), S(ocket), O(ther), the latter two with -a only. READS and WRITES are
 * calls, R_Kb and W_Kb what they really moved, where bcc's tool adds up what they asked for.
 *
 * Hooks: tracepoints syscalls/sys_{enter,exit}_{read,readv,pread64,preadv,preadv2} and those of the write
 * family. Not seen are io_uring, libaio, splice and sendfile, memory mappings, what the kernel reads by
 * itself, 32 bit programs on a 64 bit kernel, and a call that began before the tool.
 */

import { chars, struct, u32, u64 } from "../../mod.ts";
import type { Machine } from "../../toolkit/machine/machine.ts";
import { directoryId } from "../../toolkit/fs/directory_id.ts";
import {
  READS,
  type Sums,
  SUMS_MEMBERS,
  sumsColumns,
  sumsOptions,
  sumsReporter,
  WRITES,
} from "../../toolkit/fs/file_sums.ts";
import { syscallPrograms } from "../../toolkit/run/choose_hooks.ts";
import type { Column } from "../../toolkit/output/columns.ts";
import { main } from "../../toolkit/run/main.ts";
import { flag, longOnly, text, UsageError, type Values } from "../../toolkit/options/options.ts";
import {
  containerOptions,
  filterOptions,
  filterSettings,
  standardOptions,
} from "../../toolkit/options/standard_options.ts";
import { topArguments, topPlan } from "../../toolkit/output/top.ts";
import { defineTool } from "../../toolkit/run/tool.ts";
import object from "./filetop.bpf.o.ts";
import { rowShape } from "../../toolkit/records/record_shape.ts";

const options = {
  allFiles: flag({
    short: "a",
    long: "all-files",
    help: "include non-regular file types (sockets, FIFOs, etc)",
  }),
  ...sumsOptions,
  pid: filterOptions.pid,
  readOnly: flag({ long: "read-only", help: "trace only reads" }),
  writeOnly: flag({ long: "write-only", help: "trace only writes" }),
  directory: text({
    short: "d",
    long: "directory",
    meta: "DIRECTORY",
    help: "trace files that lie in this directory only",
  }),
  ...topArguments,
  ...containerOptions,
  ...standardOptions,
  duration: longOnly(standardOptions.duration),
} as const;

const Key = struct("key", {
  inode: u64,
  device: u32,
  mode: u32,
  pid: u32,
  tid: u32,
  comm: chars(16),
  name: chars(256),
});
type Row = ReturnType<typeof Key.read> & Sums;

const KINDS: Readonly<Record<number, string>> = { 0o100000: "R", 0o140000: "S" };
const S_IFMT = 0o170000;

const columns = (json: boolean): Column<Row>[] => [
  ...json ? [{ head: "PID", value: ({ pid }: Row) => pid }] : [],
  { head: "TID", width: 7, value: ({ tid }) => tid },
  { head: "COMM", width: 16, value: ({ comm }) => comm },
  ...sumsColumns<Row>(7),
  { head: "T", width: 1, value: ({ mode }) => KINDS[mode & S_IFMT] ?? "O" },
  { head: "FILE", value: ({ name }) => name },
];

function programs(
  { readOnly, writeOnly }: Values<typeof options>,
  machine: Machine,
): Record<string, boolean> {
  if (readOnly && writeOnly) {
    throw new UsageError("use either --read-only or --write-only, not both");
  }
  const off = readOnly ? WRITES : writeOnly ? READS : [];
  return {
    ...syscallPrograms([...READS, ...WRITES], machine),
    ...Object.fromEntries(
      off.flatMap((call) => [[`enter_${call}`, false], [`exit_${call}`, false]]),
    ),
  };
}

const filetop = defineTool({
  name: "filetop",
  summary: "Show file reads and writes by file and thread, the busiest first, at intervals.",
  examples: [
    ["filetop", "file I/O top, 1 second refresh"],
    ["filetop -C", "don't clear the screen"],
    ["filetop -p 181", "PID 181 only"],
    ["filetop -d /var/log", "files in /var/log only"],
    ["filetop 5", "5 second summaries"],
    ["filetop 5 10", "5 second summaries, 10 times only"],
  ],
  object,
  options,
  sample: ["1"],
  permissions: "all",
  plan(values, machine) {
    const { directory } = values;
    const wanted = directory === undefined ? undefined : directoryId(directory, machine);
    const globals = {
      all_files: values.allFiles,
      directory_inode: wanted?.inode ?? 0n,
      directory_device: wanted?.device ?? 0,
    };
    return {
      ...topPlan(values),
      load: { ...filterSettings(values, globals), programs: programs(values, machine) },
      records: [
        rowShape({
          pid: "id",
          tid: "id",
          comm: "text",
          ...SUMS_MEMBERS,
          t: "text",
          file: "text",
        }),
      ],
      report: sumsReporter({
        ...values,
        name: "filetop",
        map: "files",
        key: Key,
        columns: columns(values.json),
      }),
    };
  },
});

export default filetop;

if (import.meta.main) await main(filetop);
