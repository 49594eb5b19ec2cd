/**
 * nfsdist: summarize NFS operation latency as histograms.
 *
 * USAGE: nfsdist [-T] [-m] [-p PID] [-d SECONDS] [--json] [interval] [count]
 *
 *     # nfsdist -p 369
 *     Tracing NFS operation latency... Hit Ctrl-C to end.
 *     ^C
 *
 *     operation = read
 *          usecs               : count     distribution
 *              0 -> 1          : 0        |                                        |
 *              2 -> 3          : 0        |                                        |
 *              4 -> 7          : 0        |                                        |
 *              8 -> 15         : 34       |****************************************|
 *             16 -> 31         : 4        |****                                    |
 *             32 -> 63         : 0        |                                        |
 *             64 -> 127        : 3        |***                                     |
 *            128 -> 255        : 3        |***                                     |
 *
 * One histogram for each of read, write, open, fsync and getattr.
 *
 * Hooks: tracepoints of the system calls of the read, write and open families, fsync and fdatasync, filtered
 * by the type of the file's superblock; an open includes the search for the path. Requests for attributes
 * (getattr) by kprobes of nfs_getattr where the kernel has them. Not seen are io_uring, libaio, splice and
 * sendfile, memory mappings, the sync inside a write to a file opened with O_SYNC, 32 bit programs on a 64 bit
 * kernel, and files that are not regular.
 *
 * Both NFS 3 and 4. Commits are not shown by themselves: an fsync has them. Tested on Linux 6.1 and 6.12 with
 * NFS 4.2, from a server of the same kernel; NFS 3 was not tried.
 */

import { distTool } from "../../toolkit/fs/dist.ts";
import { main } from "../../toolkit/run/main.ts";
import type { AnyTool } from "../../toolkit/run/tool.ts";

const nfsdist: AnyTool = distTool("nfsdist", "nfs");

export default nfsdist;

if (import.meta.main) await main(nfsdist);
