/**
 * fsslower: trace operations of a type of file system that are slower than a threshold.
 *
 * USAGE: fsslower -t FILESYSTEM [-c] [-v] [-m MIN] [-p PID] [-u UID] [-n NAME] [-d SECONDS] [-b PAGES] [--json]
 *
 *     # fsslower -t xfs -m 0
 *     Tracing XFS operations
 *     TIME     COMM           PID    T BYTES   OFF_KB   LAT(ms) FILENAME
 *     09:06:50 dd             11156  O 0       0           0.51 image
 *     09:06:50 dd             11156  W 65536   0           0.03 image
 *     09:06:50 dd             11156  W 65536   64          0.01 image
 *     09:06:50 dd             11156  W 65536   128         0.01 image
 *
 * FILESYSTEM is a type that /proc/filesystems lists: ext4, btrfs, xfs, nfs, tmpfs, overlay, 9p … T is the
 * operation: R(ead), W(rite), O(pen), S(ync) or G(etattr). BYTES below 0 are an error's number.
 *
 * Hooks: tracepoints of the system calls of the read, write and open families, fsync and fdatasync, filtered
 * by the type of the file's superblock; an open includes the search for the path. Requests for attributes
 * (getattr) of ext4, f2fs and NFS by kprobes of their functions where the kernel has them. Not seen are
 * io_uring, libaio, splice and sendfile, memory mappings, the sync inside a write to a file opened with
 * O_SYNC, 32 bit programs on a 64 bit kernel, and files that are not regular.
 */

import { fileSystemOf, typeOption } from "../../toolkit/fs/file_systems.ts";
import { csvOption, minimum, slowerObject, slowerPlan } from "../../toolkit/fs/slower.ts";
import { longOnly } from "../../toolkit/options/options.ts";
import { eventOptions, filterOptions } from "../../toolkit/options/standard_options.ts";
import { programsFlag, showPrograms } from "../../toolkit/output/show_programs.ts";
import { main } from "../../toolkit/run/main.ts";
import { defineTool } from "../../toolkit/run/tool.ts";

const options = {
  csv: csvOption("c"),
  minMs: minimum,
  type: typeOption,
  ...filterOptions,
  tid: longOnly(filterOptions.tid),
  verbose: programsFlag({ short: "v", long: "verbose" }),
  ...eventOptions,
} as const;

const fsslower = defineTool({
  name: "fsslower",
  summary: "Trace operations of a type of file system that are slower than a threshold.",
  examples: [
    ["fsslower -t ext4", "trace ext4 operations slower than 10 ms"],
    ["fsslower -t nfs -p 1216", "trace NFS operations of process 1216 only"],
    ["fsslower -t xfs -c -d 1", "trace XFS operations for 1 second as comma-separated values"],
    ["fsslower -t tmpfs -m 0", "trace all operations on tmpfs"],
  ],
  object: slowerObject,
  options,
  sample: ["-t", "tmpfs"],
  plan: ({ type, verbose, ...values }, machine) => ({
    ...slowerPlan(fileSystemOf(type), values, machine),
    ...verbose && { prepare: showPrograms },
  }),
});

export default fsslower;

if (import.meta.main) await main(fsslower);
