/**
 * filegone: trace why files are gone: deleted or renamed.
 *
 * USAGE: filegone [-p PID] [-t TID] [-u UID] [-n NAME] [-d SECONDS] [-b PAGES] [--json]
 *
 *     # filegone
 *     TIME     PID     COMM             ACTION FILE
 *     09:06:22 7345    mv               RENAME notes.new > notes
 *     09:06:22 7348    rmdir            DELETE old
 *     09:06:22 7341    rm               DELETE notes
 *
 * FILE is the path as the call names it, which bcc's tool cuts to its last part; directories count as
 * well. What fails is not shown.
 *
 * Hooks: tracepoints syscalls/sys_{enter,exit}_{unlink,unlinkat,rmdir,rename,renameat,renameat2}. They
 * do not fire for 32 bit programs on a 64 bit kernel, for io_uring, nor for what the kernel itself
 * removes, such as an NFS server for its clients.
 */

import { type Infer, struct, textRest, u32, u64 } from "../../mod.ts";
import { clippedPath } from "../../toolkit/fs/path_text.ts";
import { syscallPrograms } from "../../toolkit/run/choose_hooks.ts";
import { clockColumn } from "../../toolkit/output/time_columns.ts";
import { main } from "../../toolkit/run/main.ts";
import {
  eventOptions,
  filterOptions,
  filterSettings,
} from "../../toolkit/options/standard_options.ts";
import { defineTool, eventPlan } from "../../toolkit/run/tool.ts";
import { Who } from "../../toolkit/task/who.ts";
import object from "./filegone.bpf.o.ts";

const options = { ...filterOptions, ...eventOptions } as const;

const Event = struct("event", {
  time: u64.asNumber,
  who: Who,
  action: u32,
  paths: textRest(),
});
type Event = Infer<typeof Event>;

/** Indexed by the numbers of filegone.bpf.c. */
const ACTIONS = ["DELETE", "RENAME"];

const CALLS = ["unlink", "unlinkat", "rmdir", "rename", "renameat", "renameat2"];

/** The paths of an event, each of which ends in NUL: one, or for a rename two. */
const fileOf = ({ paths }: Event) => paths.split("\0").slice(0, -1).map(clippedPath).join(" > ");

const filegone = defineTool({
  name: "filegone",
  summary: "Trace why files are gone: deleted or renamed, by whom.",
  examples: [
    ["filegone", "trace all files that are deleted or renamed"],
    ["filegone -p 181", "only trace PID 181"],
  ],
  object,
  options,
  plan(values, machine) {
    return eventPlan<Event>(Event, {
      load: { ...filterSettings(values), programs: syscallPrograms(CALLS, machine) },
      columns: [
        clockColumn(),
        { head: "PID", width: 7, value: ({ who }) => who.pid },
        { head: "COMM", width: 16, value: ({ who }) => who.comm },
        { head: "ACTION", width: 6, align: "right", value: ({ action }) => ACTIONS[action]! },
        { head: "FILE", value: fileOf },
      ],
    });
  },
});

export default filegone;

if (import.meta.main) await main(filegone);
