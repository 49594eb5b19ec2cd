/**
 * ext4slower: trace ext4 reads, writes, opens and syncs that are slower than a threshold.
 *
 * USAGE: ext4slower [-j] [-p PID] [-t TID] [-u UID] [-n NAME] [-d SECONDS] [-b PAGES] [--json]
 *                   [min_ms]
 *
 *     # ext4slower 0
 *     Tracing ext4 operations
 *     TIME     COMM           PID    T BYTES   OFF_KB   LAT(ms) FILENAME
 *     20:19:53 dd             4759   O 0       0           0.05 xx
 *     20:19:53 dd             4759   W 4096    0           0.02 xx
 *     20:19:53 dd             4759   W 4096    4           0.00 xx
 *     20:19:53 dd             4759   S 0       0           0.93 xx
 *
 * T is the operation: R(ead), W(rite), O(pen) or S(ync). BYTES below 0 are an error's number.
 *
 * Hooks: fentry and fexit of ext4_file_read_iter, ext4_file_write_iter and ext4_file_open where the
 * kernel has them, otherwise tracepoints of the system calls of the read, write and open families,
 * filtered by the file's superblock: these leave out libaio (io_submit), io_uring, sendfile, splice,
 * copy_file_range, 32 bit programs on a 64 bit kernel and programs that exec() opens, and an open
 * includes the search for the path. Raw tracepoints ext4_sync_file_enter and ext4_sync_file_exit.
 *
 * OFF_KB of an append is where it was written; without fentry that is told by the file's size at its
 * end, which others that append at the same time may have moved on. What is not seen either way: pages
 * that a memory mapping reads or writes, which msync() makes a sync.
 *
 * With fentry direct I/O of libaio and io_uring is shown when it completes, with its bytes and all the time
 * it took: raw tracepoint iomap_dio_complete, before Linux 6.6 fentry of aio_complete_rw, io_complete_rw and
 * io_complete_rw_iopoll. What io_uring has to try twice is two rows, the first with BYTES -11 (EAGAIN).
 * sendfile, splice and copy_file_range are reads and writes of what they move at once, 64 KiB as a rule.
 *
 * Overhead: without fentry every read, write, open and sync of any file system passes the
 * programs, 0.5 to 1 µs each; with it only those of ext4.
 */

import { UnsupportedError } from "../../mod.ts";
import type { Machine } from "../../toolkit/machine/machine.ts";
import { chooseHooks } from "../../toolkit/run/choose_hooks.ts";
import { main } from "../../toolkit/run/main.ts";
import { argument } from "../../toolkit/options/options.ts";
import {
  eventOptions,
  filterOptions,
  filterSettings,
} from "../../toolkit/options/standard_options.ts";
import { defineTool } from "../../toolkit/run/tool.ts";
import { fileSystem } from "../../toolkit/fs/file_systems.ts";
import { csvOption, minimum, minimumUs, slowerRows } from "../../toolkit/fs/slower.ts";
import object from "./ext4slower.bpf.o.ts";

const MIN_MS = 10;

const options = {
  csv: csvOption("j"),
  ...filterOptions,
  minMs: argument({ ...minimum, long: "min_ms", meta: "min_ms" }),
  ...eventOptions,
} as const;

const FUNCTIONS = ["read_iter", "write_iter", "file_open"];
/** Functions that end direct I/O, traced before Linux 6.6, which has a tracepoint for it. */
const COMPLETIONS = ["aio_complete_rw", "io_complete_rw", "io_complete_rw_iopoll"];
const READS = ["read", "readv", "pread64", "preadv", "preadv2"];
const WRITES = ["write", "writev", "pwrite64", "pwritev", "pwritev2"];
const OPENS = ["open", "creat", "openat", "openat2"];
const CALLS = [...READS, ...WRITES, ...OPENS];
const both = (names: readonly string[]) =>
  names.flatMap((name) => [`enter_${name}`, `exit_${name}`]);

function programs(machine: Machine): Record<string, boolean> {
  if (!machine.hasFileSystem("ext4")) {
    throw new UnsupportedError(
      "trace ext4 operations",
      "ext4",
      "the kernel has no ext4 at present: mount one first, or run modprobe ext4",
    );
  }
  const has = (hook: string) => machine.hasHook(hook).answer !== "no";
  const sync = "tracepoint:ext4:ext4_sync_file_enter";
  const chosen = chooseHooks("ext4 operations", [
    {
      hook: "fentry:ext4_file_read_iter",
      also: ["fentry:ext4_file_write_iter", "fentry:ext4_file_open", sync],
      programs: [...both(FUNCTIONS), ...both(["sync"])],
    },
    {
      hook: "tracepoint:syscalls:sys_enter_read",
      also: ["tracepoint:syscalls:sys_enter_openat", sync],
      programs: [...both(CALLS), ...both(["sync"])],
    },
  ], machine);
  // Newer architectures have no open(2) and creat(2), older kernels (before 5.6) no openat2(2).
  const missing = CALLS.filter((call) => !has(`tracepoint:syscalls:sys_enter_${call}`));
  for (const program of both(missing)) chosen[program] = false;
  const isByFunction = chosen.enter_read_iter === true;
  const splices = isByFunction && has("fentry:ext4_file_splice_read");
  for (const program of both(["splice_read"])) chosen[program] = splices;
  const tracepoint = has("tracepoint:iomap:iomap_dio_complete");
  chosen.on_dio_complete = isByFunction && tracepoint;
  for (const name of COMPLETIONS) {
    chosen[`on_${name}`] = isByFunction && !tracepoint && has(`fentry:${name}`);
  }
  return chosen;
}

const ext4slower = defineTool({
  name: "ext4slower",
  summary: "Trace ext4 reads, writes, opens and syncs that are slower than a threshold.",
  examples: [
    ["ext4slower", `trace operations slower than ${MIN_MS} ms (default)`],
    ["ext4slower 1", "trace operations slower than 1 ms"],
    ["ext4slower -j 1", "the same as comma-separated values"],
    ["ext4slower 0", "trace all operations (warning: verbose)"],
    ["ext4slower -p 185", "trace process 185 only"],
  ],
  object,
  options,
  plan(values, machine) {
    return {
      load: {
        ...filterSettings(values, { min_us: minimumUs(values.minMs) }),
        programs: programs(machine),
      },
      ...slowerRows(fileSystem("ext4"), values.csv, values.minMs),
    };
  },
});

export default ext4slower;

if (import.meta.main) await main(ext4slower);
