/**
 * filelife: trace the lifespan of short-lived files, from creation to deletion.
 *
 * USAGE: filelife [-p PID] [-t TID] [-u UID] [-n NAME] [-d SECONDS] [-b PAGES] [--json]
 *
 *     # filelife
 *     TIME     PID     COMM             AGE(s)  FILE
 *     11:16:30 26002   rm               0.22    /tmp/tmp.c57yLA4P4D/lock
 *     11:16:30 26006   rm               0.02    /tmp/tmp.c57yLA4P4D/x
 *
 * The process is the one that deletes. FILE is the path as the call names it, which bcc's tool cuts to
 * its last part. Filters want both calls: a file that another process created is not shown with -p.
 * The latest 100,000 files are remembered, with their names through renames.
 *
 * Hooks: tracepoints syscalls/sys_{enter,exit}_{open,openat,openat2,creat,mknod,mknodat} for what they
 * create, those of {unlink,unlinkat} and those of {rename,renameat,renameat2}. Which file a call deletes is
 * told by fentry on vfs_unlink. Where the kernel has none, a file is known by its path: it is not found
 * if it was created by another path, through a symbolic link, in another mount namespace or under the
 * old name of a directory. Not seen are 32 bit programs on a 64 bit kernel, io_uring, and what the kernel
 * itself creates and removes, such as an NFS server for its clients.
 */

import { type Bpf, type Infer, type Link, struct, textRest, u32, u64 } from "../../mod.ts";
import { clippedPath } from "../../toolkit/fs/path_text.ts";
import type { Machine } from "../../toolkit/machine/machine.ts";
import { syscallPrograms } from "../../toolkit/run/choose_hooks.ts";
import { clockColumn } from "../../toolkit/output/time_columns.ts";
import { main } from "../../toolkit/run/main.ts";
import {
  eventOptions,
  filterOptions,
  filterSettings,
} from "../../toolkit/options/standard_options.ts";
import { defineTool, eventPlan } from "../../toolkit/run/tool.ts";
import { commColumn, Who } from "../../toolkit/task/who.ts";
import { absolutePath, Births } from "./births.ts";
import object from "./filelife.bpf.o.ts";

const options = { ...filterOptions, ...eventOptions } as const;

const Event = struct("event", {
  time: u64.asNumber,
  root: u64,
  mount_namespace: u32,
  kind: u32,
  who: Who,
  id: struct("life_id", { inode: u64, device: u32, generation: u32 }),
  places: textRest(),
});
type Event = Infer<typeof Event>;

/** Kinds of events, as in filelife.bpf.c. */
const [CREATED, DELETED, RENAMED, EXCHANGED] = [0, 1, 2, 3];

/** Programs at exits, with the system calls that each is attached to besides its section's. */
const EXITS = {
  opened: ["open", "openat2", "creat"],
  changed: ["unlink", "mknod", "mknodat"],
  renamed: ["rename", "renameat"],
} as const;
const CALLS = ["openat", "unlinkat", "renameat2", ...Object.values(EXITS).flat()];

function attach(bpf: Bpf, machine: Machine): Link[] {
  const more = Object.entries(EXITS).flatMap(([program, calls]) =>
    calls.filter((call) => machine.hasHook(`tracepoint:syscalls:sys_exit_${call}`).answer !== "no")
      .map((call) => bpf.program(program).attachTracepoint("syscalls", `sys_exit_${call}`))
  );
  return [...bpf.attach(), ...more];
}

/** The paths of an event, resolved; each is terminated by an empty name. */
function pathsOf({ places, root, mount_namespace }: Event): { path: string; key: string }[] {
  return places.split("\0\0").slice(0, -1).map((place) => {
    const [path = "", ...directories] = place.split("\0");
    return { path, key: `${mount_namespace} ${root} ${absolutePath(path, directories)}` };
  });
}

const idOf = ({ id: { inode, device, generation } }: Event): string | undefined =>
  inode === 0n ? undefined : `${device} ${inode} ${generation}`;

/**
 * Makes the function that returns a deleted file's age in seconds; undefined if it was not deleted.
 */
function ages(): (event: Event) => number | undefined {
  const births = new Births();
  return (event) => {
    const [path, to] = pathsOf(event).map(({ key }) => key);
    if (path === undefined) return undefined;
    const key = { id: idOf(event), path };
    if (event.kind === DELETED) {
      const birth = births.remove(key);
      return birth === undefined ? undefined : (event.time - birth) / 1e9;
    }
    if (event.kind === CREATED) births.add(key, event.time);
    if (event.kind === RENAMED) births.rename(path, to!);
    if (event.kind === EXCHANGED) births.exchange(path, to!);
    return undefined;
  };
}

const filelife = defineTool({
  name: "filelife",
  summary: "Trace the lifespan of short-lived files, from creation to deletion.",
  examples: [
    ["filelife", "trace the lifecycle of files (create to remove)"],
    ["filelife -p 181", "only trace PID 181"],
  ],
  object,
  options,
  plan(values, machine) {
    const ageOf = ages();
    let age: number | undefined; // set by `wants` for the event that is printed next
    return eventPlan<Event>(Event, {
      load: {
        ...filterSettings(values),
        programs: {
          ...syscallPrograms(CALLS, machine, ["enter"]),
          removing: machine.hasHook("fentry:vfs_unlink").answer === "yes",
        },
      },
      attach: (bpf) => Promise.resolve(attach(bpf, machine)),
      wants: (event) => (age = ageOf(event)) !== undefined,
      columns: [
        clockColumn(),
        { head: "PID", width: 7, value: ({ who }) => who.pid },
        commColumn(16),
        {
          head: "AGE(s)",
          key: "age_s",
          member: "number?",
          width: 7,
          align: "left",
          digits: 2,
          value: () => age ?? null,
        },
        { head: "FILE", value: (event) => clippedPath(pathsOf(event)[0]?.path ?? "") },
      ],
    });
  },
});

export default filelife;

if (import.meta.main) await main(filelife);
