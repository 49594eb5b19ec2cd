/**
 * nfsslower: trace NFS reads, writes, opens and syncs that are slower than a threshold.
 *
 * USAGE: nfsslower [-j] [-p PID] [-t TID] [-u UID] [-n NAME] [-d SECONDS] [-b PAGES] [--json] [min_ms]
 *
 *     # nfsslower 0 -p 295
 *     Tracing NFS operations
 *     TIME     COMM           PID    T BYTES   OFF_KB   LAT(ms) FILENAME
 *     02:44:22 file_io        295    O 0       0         703.94 traced
 *     02:44:26 file_io        295    O 0       0         139.21 traced
 *     02:44:26 file_io        295    O 0       0           0.67 traced
 *     …
 *     02:44:26 file_io        295    W 4096    0         202.58 traced
 *     02:44:26 file_io        295    W 4096    4          52.09 traced
 *     02:44:26 file_io        295    W 4096    8           0.46 traced
 *
 * T is the operation: R(ead), W(rite), O(pen), S(ync) or G(etattr). BYTES below 0 are an error's number.
 *
 * Hooks: tracepoints of the system calls of the read, write and open families, fsync and fdatasync, filtered
 * by the type of the file's superblock; an open includes the search for the path. G(etattr), requests for
 * attributes, by kprobes of nfs_getattr where the kernel has them. Not seen are io_uring, libaio, splice and
 * sendfile, memory mappings, the sync inside a write to a file opened with O_SYNC, 32 bit programs on a 64 bit
 * kernel, and files that are not regular.
 *
 * Both NFS 3 and 4. Commits are not shown by themselves: an fsync has them. Tested on Linux 6.1 and 6.12 with
 * NFS 4.2, from a server of the same kernel; NFS 3 was not tried.
 */

import { slowerTool } from "../../toolkit/fs/slower.ts";
import { main } from "../../toolkit/run/main.ts";
import type { AnyTool } from "../../toolkit/run/tool.ts";

const nfsslower: AnyTool = slowerTool("nfsslower", "nfs");

export default nfsslower;

if (import.meta.main) await main(nfsslower);
