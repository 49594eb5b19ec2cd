/**
 * zfsdist: summarize ZFS operation latency as histograms.
 *
 * USAGE: zfsdist [-T] [-m] [-p PID] [-d SECONDS] [--json] [interval] [count]
 *
 *     # zfsdist
 *     Tracing ZFS operation latency... Hit Ctrl-C to end.
 *
 * One histogram for each of read, write, open and fsync.
 *
 * Hooks: tracepoints of the system calls of the read, write and open families, fsync and fdatasync, filtered
 * by the type of the file's superblock; an open includes the search for the path. Not seen are io_uring,
 * libaio, splice and sendfile, memory mappings, the sync inside a write to a file opened with O_SYNC, 32 bit
 * programs on a 64 bit kernel, and files that are not regular.
 *
 * ZFS is no part of the kernel, and this tool was never run with its module: what it has of its own is the
 * type "zfs" to compare with. Tested on Linux 6.1 and 6.12 with a stand-in, the kernel's module of Minix's file
 * system under the name zfs.
 */

import { distTool } from "../../toolkit/fs/dist.ts";
import { main } from "../../toolkit/run/main.ts";
import type { AnyTool } from "../../toolkit/run/tool.ts";

const zfsdist: AnyTool = distTool("zfsdist", "zfs");

export default zfsdist;

if (import.meta.main) await main(zfsdist);
