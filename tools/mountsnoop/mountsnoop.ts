/**
 * mountsnoop: trace mount(), umount() and the calls of the new mount API.
 *
 * USAGE: mountsnoop [-P] [-p PID] [-t TID] [-u UID] [-n NAME] [-d SECONDS] [-b PAGES] [--json]
 *
 *     # mountsnoop
 *     COMM             PID     TID     MNT_NS      CALL
 *     mount            28867   28867   4026531832  mount("none", "/tmp/m", "tmpfs", MS_NOSUID, "size=1m") = 0
 *     umount           28868   28868   4026531832  umount("/tmp/m", 0x0) = 0
 *     umount           28869   28869   4026531832  umount("/tmp/m", 0x0) = -EINVAL
 *     unshare          28870   28870   4026532177  mount("none", "/", "", MS_REC|MS_PRIVATE, "") = 0
 *
 * MNT_NS is the inode of the caller's mount namespace. A value that fsconfig() gets as bytes or as a
 * descriptor is not read.
 *
 * Hooks: tracepoints syscalls/sys_{enter,exit}_{mount,umount,fsopen,fsconfig,fsmount,fspick,move_mount,
 * open_tree,mount_setattr,pivot_root}. They do not fire for 32 bit programs on a 64 bit kernel, nor for
 * what the kernel mounts by itself (automounts, the root).
 */

import { array, chars, errnoName, i32, type Infer, struct, textRest, u32, u64 } from "../../mod.ts";
import { syscallPrograms } from "../../toolkit/run/choose_hooks.ts";
import { main } from "../../toolkit/run/main.ts";
import { flag } from "../../toolkit/options/options.ts";
import {
  eventOptions,
  filterOptions,
  filterSettings,
} from "../../toolkit/options/standard_options.ts";
import { defineTool, eventPlan } from "../../toolkit/run/tool.ts";
import { Who } from "../../toolkit/task/who.ts";
import { CALL_NAMES, callText } from "./calls.ts";
import object from "./mountsnoop.bpf.o.ts";

const options = {
  parent: flag({ short: "P", long: "parent_process", help: "also snoop the parent process" }),
  ...filterOptions,
  ...eventOptions,
} as const;

const Event = struct("event", {
  time: u64.asNumber,
  who: Who,
  syscall: u32,
  ret: i32,
  numbers: array(u64, 3),
  mount_namespace: u32,
  ppid: u32,
  parent: chars(16),
  type: chars(64),
  texts: textRest(),
});
type Event = Infer<typeof Event>;

const resultText = (ret: number) => ret < 0 ? `-${errnoName(-ret) ?? -ret}` : String(ret);
const textOf = ({ syscall, numbers, texts, type, ret }: Event) =>
  `${callText(syscall, numbers, texts.split("\0"), type)} = ${resultText(ret)}`;

const mountsnoop = defineTool({
  name: "mountsnoop",
  summary: "Trace mount(), umount() and the calls of the new mount API.",
  examples: [
    ["mountsnoop", "trace all mounts and unmounts"],
    ["mountsnoop -P", "show the parent process as well"],
    ["mountsnoop -p 181", "only trace process 181"],
  ],
  object,
  options,
  plan({ parent, json, ...filters }, machine) {
    return eventPlan<Event>(Event, {
      load: { ...filterSettings(filters), programs: syscallPrograms(CALL_NAMES, machine) },
      columns: [
        { head: "COMM", width: 16, value: ({ who }) => who.comm },
        { head: "PID", width: 7, value: ({ who }) => who.pid },
        { head: "TID", width: 7, value: ({ who }) => who.tid },
        (parent || json) && { head: "PCOMM", width: 16, value: ({ parent }) => parent },
        (parent || json) && { head: "PPID", width: 7, value: ({ ppid }) => ppid },
        { head: "MNT_NS", width: 11, value: (event) => event.mount_namespace },
        json && { head: "SYSCALL", value: ({ syscall }) => CALL_NAMES[syscall]! },
        json && { head: "RET", value: ({ ret }) => ret },
        { head: "CALL", value: textOf },
      ],
    });
  },
});

export default mountsnoop;

if (import.meta.main) await main(mountsnoop);
