/**
 * zfsslower: trace ZFS reads, writes, opens and syncs that are slower than a threshold.
 *
 * USAGE: zfsslower [-j] [-p PID] [-t TID] [-u UID] [-n NAME] [-d SECONDS] [-b PAGES] [--json] [min_ms]
 *
 *     # zfsslower 1
 *     Tracing ZFS operations slower than 1 ms
 *     TIME     COMM           PID    T BYTES   OFF_KB   LAT(ms) FILENAME
 *
 * T is the operation: R(ead), W(rite), O(pen) or S(ync). BYTES below 0 are an error's number.
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

import { slowerTool } from "../../toolkit/fs/slower.ts";
import { main } from "../../toolkit/run/main.ts";
import type { AnyTool } from "../../toolkit/run/tool.ts";

const zfsslower: AnyTool = slowerTool("zfsslower", "zfs");

export default zfsslower;

if (import.meta.main) await main(zfsslower);
