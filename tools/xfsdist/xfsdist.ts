/**
 * xfsdist: summarize XFS operation latency as histograms.
 *
 * USAGE: xfsdist [-T] [-m] [-p PID] [-d SECONDS] [--json] [interval] [count]
 *
 *     # xfsdist
 *     Tracing XFS operation latency... Hit Ctrl-C to end.
 *     ^C
 *
 *     operation = read
 *          usecs               : count     distribution
 *              0 -> 1          : 297      |****************************************|
 *              2 -> 3          : 1        |                                        |
 *              4 -> 7          : 2        |                                        |
 *              8 -> 15         : 0        |                                        |
 *             16 -> 31         : 1        |                                        |
 *
 * One histogram for each of read, write, open and fsync.
 *
 * Hooks: tracepoints of the system calls of the read, write and open families, fsync and fdatasync, filtered
 * by the type of the file's superblock; an open includes the search for the path. Not seen are io_uring,
 * libaio, splice and sendfile, memory mappings, the sync inside a write to a file opened with O_SYNC, 32 bit
 * programs on a 64 bit kernel, and files that are not regular.
 */

import { distTool } from "../../toolkit/fs/dist.ts";
import { main } from "../../toolkit/run/main.ts";
import type { AnyTool } from "../../toolkit/run/tool.ts";

const xfsdist: AnyTool = distTool("xfsdist", "xfs");

export default xfsdist;

if (import.meta.main) await main(xfsdist);
