/**
 * vfsstat: count calls of the virtual file system.
 *
 * USAGE: vfsstat [-p PID] [-t TID] [-u UID] [-n NAME] [-d SECONDS] [--json] [interval] [count]
 *
 *     # vfsstat 1
 *     TIME         READ/s  WRITE/s  FSYNC/s   OPEN/s CREATE/s UNLINK/s  MKDIR/s  RMDIR/s
 *     11:16:35:      7026      913        0     3161        0        6        2        2
 *     11:16:36:      3142      794        0     2192        0        6        2        5
 *
 * CREATE counts what mknod(2) makes and what the kernel makes for others: a file that open(2) makes
 * counts for OPEN alone, because the kernel does not call vfs_create for it. JSON has the counts of the
 * interval, not by second.
 *
 * Hooks: fentry of vfs_read, vfs_write, vfs_fsync_range, vfs_open, vfs_create, vfs_unlink, vfs_mkdir and
 * vfs_rmdir, or kprobes where the kernel has no fentry. readv, writev, io_uring and libaio do not pass
 * vfs_read and vfs_write; a file system on top of another one (overlay) passes most functions twice; what the
 * compiler has put into its callers is not seen there (fdatasync(2) in Debian's 6.1, fsync(2) in its 7.2,
 * rmdir(2) in its 5.10). Where the kernel has neither, the system calls that succeed are counted in their
 * place, tracepoints
 * syscalls/sys_exit_{read,pread64,write,pwrite64,fsync,fdatasync,open,openat,openat2,creat,mknod,mknodat,
 * unlink,unlinkat,mkdir,mkdirat,rmdir}: what the kernel does by itself is not seen then, nor what fails late,
 * execve(2), msync(2), io_uring, libaio and 32 bit programs.
 */

import type { Machine } from "../../toolkit/machine/machine.ts";
import type { Column } from "../../toolkit/output/columns.ts";
import { clockColumns, counterRows, rateColumn } from "../../toolkit/output/counter_rows.ts";
import { chooseHooks, syscallPrograms } from "../../toolkit/run/choose_hooks.ts";
import { main } from "../../toolkit/run/main.ts";
import type { Report } from "../../toolkit/output/report.ts";
import {
  filterOptions,
  filterSettings,
  intervalArgumentsEvery,
  standardOptions,
} from "../../toolkit/options/standard_options.ts";
import { defineTool } from "../../toolkit/run/tool.ts";
import object from "./vfsstat.bpf.o.ts";
import { rowShape } from "../../toolkit/records/record_shape.ts";

const INTERVAL_SECONDS = 1;

const options = {
  ...filterOptions,
  ...intervalArgumentsEvery(INTERVAL_SECONDS),
  ...standardOptions,
} as const;

/** Indexed by the numbers of vfsstat.bpf.c: a column's heading, and the function that it counts. */
const COUNTERS = [
  ["READ", "vfs_read"],
  ["WRITE", "vfs_write"],
  ["FSYNC", "vfs_fsync_range"],
  ["OPEN", "vfs_open"],
  ["CREATE", "vfs_create"],
  ["UNLINK", "vfs_unlink"],
  ["MKDIR", "vfs_mkdir"],
  ["RMDIR", "vfs_rmdir"],
] as const;

interface Row {
  readonly clock: string;
  readonly counts: readonly number[];
}

const columns = (report: Report): Column<Row>[] => [
  ...clockColumns<Row>(report),
  ...COUNTERS.map(([name], i) => rateColumn<Row>(name, report.seconds, ({ counts }) => counts[i]!)),
];

const functions = (kind: string) => COUNTERS.map(([, name]) => `${kind}_${name}`);

/**
 * The system calls that vfsstat.bpf.c counts where functions cannot be probed: CALLS at their exit,
 * FOLLOWED from entry to exit.
 */
const CALLS = [
  ...["read", "pread64", "write", "pwrite64", "fsync", "fdatasync", "open", "openat", "openat2"],
  ...["creat", "unlink", "mkdir", "mkdirat", "rmdir"],
];
const FOLLOWED = ["mknod", "mknodat", "unlinkat"];

function programs(machine: Machine): Record<string, boolean> {
  const calls = {
    ...syscallPrograms(CALLS, machine, ["exit"]),
    ...syscallPrograms(FOLLOWED, machine),
  };
  const chosen = chooseHooks("calls of the virtual file system", [
    { hook: "fentry:vfs_read", programs: functions("fentry") },
    { hook: "kprobe:vfs_read", programs: functions("kprobe") },
    { hook: "tracepoint:syscalls:sys_exit_read", programs: Object.keys(calls) },
  ], machine);
  // Some system calls do not exist in every kernel.
  for (const [name, exists] of Object.entries(calls)) chosen[name] &&= exists;
  return chosen;
}

const vfsstat = defineTool({
  name: "vfsstat",
  summary: "Count calls of the virtual file system, at intervals.",
  examples: [
    ["vfsstat", "count some VFS calls per second"],
    ["vfsstat -p 185", "trace PID 185 only"],
    ["vfsstat 2 5", "print 2 second summaries, 5 times"],
  ],
  object,
  options,
  sample: ["1"],
  plan(values, machine) {
    const { interval = INTERVAL_SECONDS } = values;
    return {
      interval,
      count: values.count,
      load: {
        ...filterSettings(values),
        programs: programs(machine),
      },
      records: [
        rowShape(Object.fromEntries(COUNTERS.map(([name]) => [name.toLowerCase(), "count"]))),
      ],
      report: counterRows(columns, (clock, counts): Row => ({ clock, counts })),
    };
  },
});

export default vfsstat;

if (import.meta.main) await main(vfsstat);
