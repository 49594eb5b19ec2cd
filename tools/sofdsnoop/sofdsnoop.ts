/**
 * sofdsnoop: trace file descriptors that are passed through sockets.
 *
 * USAGE: sofdsnoop [-T] [-p PID] [-t TID] [-u UID] [-n NAME] [-d SECONDS] [-b PAGES] [--json]
 *
 *     # sofdsnoop
 *     ACTION TID    COMM             SOCKET                    FD    NAME
 *     SEND   9637   pass_fds         3:socket:[1444615]        5     passwd
 *     RECV   9637   pass_fds         4:socket:[1444616]        6     passwd
 *
 * NAME is the file's own name, without its directories, and as /proc/PID/fd has it for what has none;
 * where bcc's tool has none of those that are received. What fails is not shown.
 *
 * Hooks: tracepoints syscalls/sys_{enter,exit}_{sendmsg,recvmsg}. Not seen are sendmmsg and recvmmsg,
 * io_uring, a second list of descriptors in one message, pidfd_getfd, and 32 bit programs on a 64 bit
 * kernel.
 */

import { i32, type Infer, struct, textRest, u32, u64 } from "../../mod.ts";
import { secondsColumn } from "../../toolkit/output/time_columns.ts";
import { main } from "../../toolkit/run/main.ts";
import { flag } from "../../toolkit/options/options.ts";
import {
  eventOptions,
  filterOptions,
  filterSettings,
} from "../../toolkit/options/standard_options.ts";
import { defineTool, eventPlan } from "../../toolkit/run/tool.ts";
import { Who } from "../../toolkit/task/who.ts";
import object from "./sofdsnoop.bpf.o.ts";

const options = {
  timestamp: flag({ short: "T", long: "timestamp", help: "include timestamp on output" }),
  ...filterOptions,
  ...eventOptions,
} as const;

const Event = struct("event", {
  time: u64.asNumber,
  who: Who,
  socket_inode: u64.asNumber,
  inode: u64.asNumber,
  mode: u32,
  action: u32,
  socket: i32,
  fd: i32,
  name: textRest(),
});
type Event = Infer<typeof Event>;

/** Indexed by the numbers of sofdsnoop.bpf.c. */
const ACTIONS = ["SEND", "RECV"];
const S_IFMT = 0o170000;
/** The kernel's names for files without a path, by their type in stat(2). */
const NAMELESS: Readonly<Record<number, string>> = { 0o140000: "socket", 0o010000: "pipe" };

function nameOf({ name, mode, inode }: Event): string {
  if (name !== "") return name;
  return inode === 0 ? "N/A" : `${NAMELESS[mode & S_IFMT] ?? "inode"}:[${inode}]`;
}

const sofdsnoop = defineTool({
  name: "sofdsnoop",
  summary: "Trace file descriptors that are passed through sockets.",
  examples: [
    ["sofdsnoop", "trace passed file descriptors"],
    ["sofdsnoop -T", "include timestamps"],
    ["sofdsnoop -p 181", "only trace PID 181"],
    ["sofdsnoop -t 123", "only trace TID 123"],
    ["sofdsnoop -d 10", "trace for 10 seconds only"],
    ["sofdsnoop -n main", 'only processes whose name contains "main"'],
  ],
  object,
  options,
  plan({ timestamp, json, ...filters }) {
    return eventPlan<Event>(Event, {
      load: filterSettings(filters),
      columns: [
        timestamp && secondsColumn({ width: 13, digits: 9 }),
        { head: "ACTION", width: 6, value: ({ action }) => ACTIONS[action]! },
        json && { head: "PID", value: ({ who }) => who.pid },
        { head: "TID", width: 6, value: ({ who }) => who.tid },
        { head: "COMM", width: 16, value: ({ who }) => who.comm },
        {
          head: "SOCKET",
          width: 25,
          value: (event) => `${event.socket}:socket:[${event.socket_inode}]`,
        },
        { head: "FD", width: 5, value: ({ fd }) => fd },
        { head: "NAME", value: nameOf },
      ],
    });
  },
});

export default sofdsnoop;

if (import.meta.main) await main(sofdsnoop);
