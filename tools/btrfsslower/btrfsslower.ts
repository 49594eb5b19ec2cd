/**
 * btrfsslower: trace btrfs reads, writes, opens and syncs that are slower than a threshold.
 *
 * USAGE: btrfsslower [-j] [-p PID] [-t TID] [-u UID] [-n NAME] [-d SECONDS] [-b PAGES] [--json] [min_ms]
 *
 *     # btrfsslower 0
 *     Tracing btrfs operations
 *     TIME     COMM           PID    T BYTES   OFF_KB   LAT(ms) FILENAME
 *     09:06:58 dd             11690  O 0       0           0.38 image
 *     09:06:58 dd             11690  W 65536   0           0.05 image
 *     09:06:58 dd             11690  W 65536   64          0.03 image
 *     09:06:58 dd             11690  W 65536   128         0.03 image
 *
 * T is the operation: R(ead), W(rite), O(pen) or S(ync). BYTES below 0 are an error's number.
 *
 * Hooks: tracepoints of the system calls of the read, write and open families, fsync and fdatasync, filtered
 * by the type of the file's superblock; an open includes the search for the path. Not seen are io_uring,
 * libaio, splice and sendfile, memory mappings, the sync inside a write to a file opened with O_SYNC, 32 bit
 * programs on a 64 bit kernel, and files that are not regular.
 */

import { slowerTool } from "../../toolkit/fs/slower.ts";
import { main } from "../../toolkit/run/main.ts";
import type { AnyTool } from "../../toolkit/run/tool.ts";

const btrfsslower: AnyTool = slowerTool("btrfsslower", "btrfs");

export default btrfsslower;

if (import.meta.main) await main(btrfsslower);
