/**
 * dirtop: file reads and writes summed by directory.
 *
 * USAGE: dirtop -d DIRECTORIES [-C] [-r MAXROWS] [-s COLUMN] [-p PID] [--duration SECONDS] [--json]
 *               [interval] [count]
 *
 *     # dirtop -d /tmp/one,/tmp/two -C
 *     Tracing... Output every 1 secs. Hit Ctrl-C to end
 *
 *     09:06:28 loadavg: 10.92 9.45 9.44 12/269 8797
 *     READS  WRITES R_Kb     W_Kb     PATH
 *     42     0      2541     0        /tmp/one
 *     0      20     0        1270     /tmp/two
 *
 * A file counts for the nearest directory above it that was asked for, regular files only. What is
 * mounted below a directory does not belong to it. READS and WRITES are calls, R_Kb and W_Kb what they
 * really moved.
 *
 * Hooks: tracepoints syscalls/sys_{enter,exit}_{read,readv,pread64,preadv,preadv2} and those of the write
 * family. Not seen are io_uring, libaio, splice and sendfile, memory mappings, and 32 bit programs on a
 * 64 bit kernel.
 */

import { type Infer, struct, u32, u64 } from "../../mod.ts";
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
import { main } from "../../toolkit/run/main.ts";
import { longOnly, text, UsageError } from "../../toolkit/options/options.ts";
import {
  containerOptions,
  filterOptions,
  filterSettings,
  standardOptions,
} from "../../toolkit/options/standard_options.ts";
import { topArguments, topPlan } from "../../toolkit/output/top.ts";
import { defineTool } from "../../toolkit/run/tool.ts";
import { expandDirectories } from "./glob.ts";
import object from "./dirtop.bpf.o.ts";
import { rowShape } from "../../toolkit/records/record_shape.ts";

const MOST = 1024; // as in dirtop.bpf.c

const options = {
  directories: text({
    short: "d",
    long: "root-directories",
    meta: "DIRECTORIES",
    help: "select the directories to observe, separated by commas; they may have * and ?",
  }),
  ...sumsOptions,
  pid: filterOptions.pid,
  ...topArguments,
  ...containerOptions,
  ...standardOptions,
  duration: longOnly(standardOptions.duration),
} as const;

const Key = struct("key", { number: u32 });
const Directory = struct("directory", { inode: u64, device: u32, unused: u32 });

/** The directories, without duplicates. @throws {UsageError} */
function directoriesOf(
  patterns: string | undefined,
  machine: Machine,
): Map<string, Infer<typeof Directory>> {
  if (patterns === undefined) {
    throw new UsageError("say which directories: -d/--root-directories is needed");
  }
  const ids = new Map<string, Infer<typeof Directory>>();
  const seen = new Set<string>();
  const paths = patterns.split(",").flatMap((pattern) => expandDirectories(pattern, machine));
  for (const path of paths) {
    const { inode, device } = directoryId(path, machine);
    // A symbolic link or another path to a directory that is in the list already.
    if (seen.has(`${device} ${inode}`)) continue;
    seen.add(`${device} ${inode}`);
    ids.set(path, { inode, device, unused: 0 });
  }
  if (ids.size === 0) throw new UsageError(`there is no directory ${JSON.stringify(patterns)}`);
  if (ids.size > MOST) throw new UsageError(`${ids.size} directories are more than ${MOST}`);
  return ids;
}

const dirtop = defineTool({
  name: "dirtop",
  summary: "Show file reads and writes summed by directory, the busiest first, at intervals.",
  examples: [
    ["dirtop -d '/hdfs/uuid/*/yarn'", "directory I/O top, 1 second refresh"],
    ["dirtop -d '/hdfs/uuid/*/yarn' -C", "don't clear the screen"],
    ["dirtop -d '/hdfs/uuid/*/yarn' 5 10", "5 second summaries, 10 times only"],
    ["dirtop -d '/var/log,/srv/*'", "several directories"],
  ],
  object,
  options,
  sample: ["-d", "/", "1"],
  permissions: "all",
  plan(values, machine) {
    const directories = directoriesOf(values.directories, machine);
    const paths = [...directories.keys()];
    const pathOf = ({ number }: Infer<typeof Key>) => paths[number]!;
    return {
      ...topPlan(values),
      load: {
        ...filterSettings(values),
        programs: syscallPrograms([...READS, ...WRITES], machine),
      },
      prepare(bpf) {
        const roots = bpf.map("roots", Directory, u32);
        for (const [i, id] of [...directories.values()].entries()) roots.set(id, i);
      },
      records: [rowShape({ ...SUMS_MEMBERS, path: "text" })],
      report: sumsReporter({
        ...values,
        name: "dirtop",
        map: "directories",
        key: Key,
        columns: [
          ...sumsColumns<Infer<typeof Key> & Sums>(8),
          { head: "PATH", value: pathOf },
        ],
      }),
    };
  },
});

export default dirtop;

if (import.meta.main) await main(dirtop);
