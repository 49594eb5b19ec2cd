/**
 * fsdist: summarize operation latency of any file system as histograms.
 *
 * USAGE: fsdist -t FILESYSTEM [-T] [-m] [-v] [-p PID] [-d SECONDS] [--json] [interval] [count]
 *
 *     # fsdist -t tmpfs
 *     Tracing tmpfs operation latency... Hit Ctrl-C to end.
 *     ^C
 *
 *     operation = read
 *          usecs               : count     distribution
 *              0 -> 1          : 286      |****************************************|
 *              2 -> 3          : 5        |                                        |
 *              4 -> 7          : 10       |*                                       |
 *
 *     operation = write
 *
 * FILESYSTEM is a type that /proc/filesystems lists: ext4, btrfs, xfs, nfs, tmpfs, overlay, 9p … One
 * histogram for each of read, write, open, fsync and getattr.
 *
 * Hooks: tracepoints of the system calls of the read, write and open families, fsync and fdatasync, filtered
 * by the type of the file's superblock; an open includes the search for the path. Requests for attributes
 * (getattr) of ext4, f2fs and NFS by kprobes of their functions where the kernel has them. Not seen are
 * io_uring, libaio, splice and sendfile, memory mappings, the sync inside a write to a file opened with
 * O_SYNC, 32 bit programs on a 64 bit kernel, and files that are not regular.
 */

import { distObject, distOptions, distPlan } from "../../toolkit/fs/dist.ts";
import { fileSystemOf, typeOption } from "../../toolkit/fs/file_systems.ts";
import { distributionOptions } from "../../toolkit/histogram/latency_histogram.ts";
import { programsFlag, showPrograms } from "../../toolkit/output/show_programs.ts";
import { main } from "../../toolkit/run/main.ts";
import { defineTool } from "../../toolkit/run/tool.ts";

const options = {
  type: typeOption,
  timestamp: distributionOptions.timestamp,
  verbose: programsFlag({ short: "v", long: "verbose" }),
  ...distOptions,
} as const;

const fsdist = defineTool({
  name: "fsdist",
  summary: "Summarize operation latency of any file system as histograms.",
  examples: [
    ["fsdist -t ext4", "show ext4 operation latency as histograms"],
    ["fsdist -t nfs -p 1216", "trace NFS operations of process 1216 only"],
    ["fsdist -t xfs 1 10", "trace XFS, 1s summaries, 10 times"],
    ["fsdist -t btrfs -m 5", "trace btrfs, 5s summaries, in milliseconds"],
  ],
  object: distObject,
  options,
  sample: ["-t", "tmpfs"],
  plan: ({ type, verbose, ...values }, machine) => ({
    ...distPlan("fsdist", fileSystemOf(type), values, machine),
    ...verbose && { prepare: showPrograms },
  }),
});

export default fsdist;

if (import.meta.main) await main(fsdist);
