/**
 * syncsnoop: trace sync(), fsync() and their relatives.
 *
 * USAGE: syncsnoop [-e] [-p PID] [-t TID] [-u UID] [-n NAME] [-d SECONDS] [-b PAGES] [--json]
 *
 *     # syncsnoop -e
 *     TIME(s)            COMM             CALL             PID     FD   FILE
 *     22832.482181210    dd               fsync            7132    1    image
 *     22832.496272346    sync             fsync            7133    3    image
 *     22832.498508717    sync             fdatasync        7131    3    image
 *
 * TIME(s) counts from the machine's start. A call is shown when it begins.
 *
 * Hooks: tracepoints syscalls/sys_enter_{sync,fsync,fdatasync,msync,sync_file_range,syncfs}. They do
 * not fire for 32 bit programs on a 64 bit kernel, nor for syncs through io_uring or by files that were
 * opened with O_SYNC.
 */

import { i32, type Infer, struct, textRest, u32, u64 } from "../../mod.ts";
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
import object from "./syncsnoop.bpf.o.ts";

const options = {
  extended: flag({
    short: "e",
    long: "extended_fields",
    help: "show the process's id, the descriptor and the file's name",
  }),
  ...filterOptions,
  ...eventOptions,
} as const;

const Event = struct("event", {
  time: u64.asNumber,
  who: Who,
  syscall: u32,
  fd: i32,
  name: textRest(),
});
type Event = Infer<typeof Event>;

/** Indexed by the numbers of syncsnoop.bpf.c. */
const CALLS = ["sync", "fsync", "fdatasync", "msync", "sync_file_range", "syncfs"];
const NO_FILE = ["sync", "msync"];

const hasFile = ({ syscall }: Event) => !NO_FILE.includes(CALLS[syscall]!);

const syncsnoop = defineTool({
  name: "syncsnoop",
  summary: "Trace sync(), fsync() and their relatives: who has data written to disks.",
  examples: [
    ["syncsnoop", "trace all syncs"],
    ["syncsnoop -e", "show which process and file"],
    ["syncsnoop -p 181", "only trace process 181"],
  ],
  object,
  options,
  plan({ extended, json, ...filters }, machine) {
    const more = extended || json;
    return eventPlan<Event>(Event, {
      load: { ...filterSettings(filters), programs: syscallPrograms(CALLS, machine, ["enter"]) },
      span: ({ time }) => ({ start: time }),
      columns: [
        { head: "TIME(s)", key: "time_s", width: 18, digits: 9, value: ({ time }) => time / 1e9 },
        { head: "COMM", width: 16, value: ({ who }) => who.comm },
        { head: "CALL", width: 16, value: ({ syscall }) => CALLS[syscall]! },
        more && { head: "PID", width: 7, value: ({ who }) => who.pid },
        more && {
          head: "FD",
          width: 4,
          value: (event) => hasFile(event) ? event.fd : null,
          text: (event) => hasFile(event) ? String(event.fd) : "-",
        },
        more && {
          head: "FILE",
          member: "text?",
          value: ({ name }) => name || null,
          text: ({ name }) => name || "-",
        },
      ],
    });
  },
});

export default syncsnoop;

if (import.meta.main) await main(syncsnoop);
