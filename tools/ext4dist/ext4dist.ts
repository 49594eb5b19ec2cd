/**
 * ext4dist: summarize ext4 operation latency as histograms.
 *
 * USAGE: ext4dist [-T] [-m] [-p PID] [-d SECONDS] [--json] [interval] [count]
 *
 *     # ext4dist
 *     Tracing ext4 operation latency... Hit Ctrl-C to end.
 *     ^C
 *
 *     operation = read
 *          usecs               : count     distribution
 *              0 -> 1          : 9378     |****************************************|
 *              2 -> 3          : 1592     |******                                  |
 *              4 -> 7          : 300      |*                                       |
 *              8 -> 15         : 59       |                                        |
 *
 * One histogram for each of read, write, open, fsync and, where the kernel has kprobes, getattr.
 *
 * Hooks: tracepoints of the system calls of the read, write and open families, fsync and fdatasync, filtered
 * by the type of the file's superblock; an open includes the search for the path. Requests for attributes
 * (getattr) by kprobes of ext4_file_getattr where the kernel has them. Not seen are io_uring, libaio, splice and
 * sendfile, memory mappings, the sync inside a write to a file opened with O_SYNC, 32 bit programs on a 64 bit
 * kernel, and files that are not regular.
 */

import { distTool } from "../../toolkit/fs/dist.ts";
import { main } from "../../toolkit/run/main.ts";
import type { AnyTool } from "../../toolkit/run/tool.ts";

const ext4dist: AnyTool = distTool("ext4dist", "ext4");

export default ext4dist;

if (import.meta.main) await main(ext4dist);
