/**
 * f2fsslower: trace f2fs reads, writes, opens and syncs that are slower than a threshold.
 *
 * USAGE: f2fsslower [-s] [-p PID] [-t TID] [-u UID] [-n NAME] [-d SECONDS] [-b PAGES] [--json] [min_ms]
 *
 *     # f2fsslower 0 -p 628
 *     Tracing f2fs operations
 *     TIME     COMM           PID    T BYTES   OFF_KB   LAT(ms) FILENAME
 *     02:10:38 file_io        628    O 0       0          70.12 traced
 *     02:10:42 file_io        628    O 0       0           0.30 traced
 *     …
 *     02:10:42 file_io        628    W 4096    0          13.73 traced
 *     02:10:42 file_io        628    W 4096    4           0.84 traced
 *     02:10:42 file_io        628    W 4096    8           0.15 traced
 *
 * T is the operation: R(ead), W(rite), O(pen), S(ync) or G(etattr). BYTES below 0 are an error's number.
 *
 * Hooks: tracepoints of the system calls of the read, write and open families, fsync and fdatasync, filtered
 * by the type of the file's superblock; an open includes the search for the path. G(etattr), requests for
 * attributes, by kprobes of f2fs_getattr where the kernel has them. Not seen are io_uring, libaio, splice and
 * sendfile, memory mappings, the sync inside a write to a file opened with O_SYNC, 32 bit programs on a 64 bit
 * kernel, and files that are not regular.
 */

import { slowerTool } from "../../toolkit/fs/slower.ts";
import { main } from "../../toolkit/run/main.ts";
import type { AnyTool } from "../../toolkit/run/tool.ts";

const f2fsslower: AnyTool = slowerTool("f2fsslower", "f2fs", "s");

export default f2fsslower;

if (import.meta.main) await main(f2fsslower);
