/**
 * statsnoop: trace the stat() family of system calls.
 *
 * USAGE: statsnoop [-t] [-s] [-x] [-p PID] [-u UID] [-n NAME] [-d SECONDS] [-b PAGES] [--json]
 *
 *     # statsnoop -s
 *     PID     COMM               FD ERR SYSCALL      PATH
 *     6866    ls                 -1   2 statfs       /sys/fs/selinux
 *     6866    ls                  0   0 statx        /etc/hostname
 *     6866    ls                  0   0 newfstatat   /etc/nsswitch.conf
 *     6866    ls                 -1   2 statx        /nope
 *
 * FD is what the call returned: 0, or -1 when it failed. What asks about a descriptor alone (fstat,
 * fstatfs, an empty path with AT_EMPTY_PATH) looks for no file and is not shown.
 *
 * Hooks: tracepoints syscalls/sys_{enter,exit}_{newstat,newlstat,newfstatat,statx,statfs}. They do not
 * fire for 32 bit programs on a 64 bit kernel, nor for statx through io_uring. libbpf-tools' statsnoop (0.26)
 * has neither newfstatat nor statx, which are the calls of programs today: it shows none of what ls does.
 */

import { i32, type Infer, struct, textRest, u32, u64 } from "../../mod.ts";
import { clippedPath } from "../../toolkit/fs/path_text.ts";
import { syscallPrograms } from "../../toolkit/run/choose_hooks.ts";
import { secondsColumn } from "../../toolkit/output/time_columns.ts";
import { main } from "../../toolkit/run/main.ts";
import { flag, longOnly } from "../../toolkit/options/options.ts";
import {
  eventOptions,
  filterOptions,
  filterSettings,
} from "../../toolkit/options/standard_options.ts";
import { defineTool, eventPlan } from "../../toolkit/run/tool.ts";
import { Who } from "../../toolkit/task/who.ts";
import object from "./statsnoop.bpf.o.ts";

const options = {
  timestamp: flag({ short: "t", long: "timestamp", help: "include timestamp on output" }),
  sysname: flag({ short: "s", long: "sysname", help: "include syscall name on output" }),
  failed: flag({ short: "x", long: "failed", help: "only show failed stats" }),
  ...filterOptions,
  tid: longOnly(filterOptions.tid),
  ...eventOptions,
} as const;

const Event = struct("event", {
  time: u64.asNumber,
  who: Who,
  syscall: u32,
  ret: i32,
  path: textRest(),
});
type Event = Infer<typeof Event>;

/** Indexed by the numbers of statsnoop.bpf.c. */
const CALLS = ["stat", "lstat", "newfstatat", "statx", "statfs"];

const statsnoop = defineTool({
  name: "statsnoop",
  summary: "Trace the stat() family of system calls: who asks about which file.",
  examples: [
    ["statsnoop", "trace all stat() syscalls"],
    ["statsnoop -t", "include timestamps"],
    ["statsnoop -s", "include the name of the system call"],
    ["statsnoop -x", "only show failed stats"],
    ["statsnoop -p 181", "only trace PID 181"],
  ],
  object,
  options,
  plan({ timestamp, sysname, failed, json, ...filters }, machine) {
    return eventPlan<Event>(Event, {
      load: {
        ...filterSettings(filters, { failed_only: failed }),
        programs: syscallPrograms(
          ["newstat", "newlstat", "newfstatat", "statx", "statfs"],
          machine,
        ),
      },
      span: ({ time }) => ({ start: time, name: "stat" }),
      columns: [
        timestamp && secondsColumn({ width: 13, digits: 9 }),
        { head: "PID", width: 7, value: ({ who }) => who.pid },
        { head: "COMM", width: 16, value: ({ who }) => who.comm },
        { head: "FD", width: 4, align: "right", value: ({ ret }) => Math.max(ret, -1) },
        { head: "ERR", width: 3, align: "right", value: ({ ret }) => Math.max(-ret, 0) },
        (sysname || json) &&
        { head: "SYSCALL", width: 12, value: ({ syscall }) => CALLS[syscall]! },
        { head: "PATH", value: ({ path }) => clippedPath(path) },
      ],
    });
  },
});

export default statsnoop;

if (import.meta.main) await main(statsnoop);
