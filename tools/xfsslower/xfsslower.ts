/**
 * xfsslower: trace XFS reads, writes, opens and syncs that are slower than a threshold.
 *
 * USAGE: xfsslower [-j] [-p PID] [-t TID] [-u UID] [-n NAME] [-d SECONDS] [-b PAGES] [--json] [min_ms]
 *
 *     # xfsslower 1
 *     Tracing XFS operations slower than 1 ms
 *     TIME     COMM           PID    T BYTES   OFF_KB   LAT(ms) FILENAME
 *     20:17:34 bash           15007  O 0       0           3.10 configure
 *     20:17:34 tar            15018  W 10240   0           1.77 backup.tar
 *     20:17:36 postgres       15021  S 0       0          18.63 000000010000000000000007
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

const xfsslower: AnyTool = slowerTool("xfsslower", "xfs");

export default xfsslower;

if (import.meta.main) await main(xfsslower);
