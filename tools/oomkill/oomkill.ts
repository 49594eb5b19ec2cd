/**
 * oomkill: trace processes that the kernel kills because memory is short.
 *
 * USAGE: oomkill [-d SECONDS] [-b PAGES] [--json]
 *
 *     # oomkill
 *     Tracing OOM kills... Ctrl-C to stop.
 *     08:13:28 Triggered by PID 28780 ("tail"), OOM kill of PID 28780 ("tail"), - pages, loadavg: 2.55 5.67 4.45 5/162 28780
 *
 * The process that triggers it is the one that needed the memory. The pages are all that there are for
 * it, in the machine or in its memory cgroup. JSON tells the sizes of the victim in KiB as well (total_vm,
 * anon_rss, file_rss, shmem_rss, pgtables), its user and its oom_score_adj, where the kernel does (Linux
 * 6.10 and later, and versions with that change).
 *
 * Hooks: tracepoint oom/mark_victim and, for the pages, fentry or kprobe on oom_kill_process; without
 * these the pages are not known and shown as "-". A process that is about to end by itself is let have the
 * memory that it takes, and shown as well.
 *
 * Overhead: none but when memory is short.
 */

import { chars, i32, type Infer, readText, struct, u32, u64 } from "../../mod.ts";
import type { Column } from "../../toolkit/output/columns.ts";
import { clockColumn } from "../../toolkit/output/time_columns.ts";
import type { Machine } from "../../toolkit/machine/machine.ts";
import { main } from "../../toolkit/run/main.ts";
import {
  containerOptions,
  eventOptions,
  filterSettings,
} from "../../toolkit/options/standard_options.ts";
import { defineTool, eventPlan } from "../../toolkit/run/tool.ts";
import { nameOf } from "../../toolkit/task/proc.ts";
import { Who } from "../../toolkit/task/who.ts";
import object from "./oomkill.bpf.o.ts";

const options = { ...containerOptions, ...eventOptions } as const;

const Event = struct("event", {
  who: Who,
  victim: i32,
  comm: chars(16),
  has_sizes: u32,
  uid: u32,
  oom_score_adj: i32,
  pages: u64.asNumber,
  total_vm: u64.asNumber,
  anon_rss: u64.asNumber,
  file_rss: u64.asNumber,
  shmem_rss: u64.asNumber,
  pgtables: u64.asNumber,
});
type Event = Infer<typeof Event>;

const SIZES = ["total_vm", "anon_rss", "file_rss", "shmem_rss", "pgtables"] as const;
const clock = clockColumn<Event>();
const victimName = ({ has_sizes, comm, victim }: Event) => has_sizes ? comm : nameOf(victim) ?? "?";
const loadAverages = () => readText("/proc/loadavg").trim();

/** The line that bcc's tool prints. */
const sentence: Column<Event> = {
  head: "",
  value(event) {
    const { who, victim, pages } = event;
    return `${clock.text!(event)} Triggered by PID ${who.pid} ("${who.comm}"), OOM kill of PID ` +
      `${victim} ("${victimName(event)}"), ${pages || "-"} pages, loadavg: ${loadAverages()}`;
  },
};

const members: readonly Column<Event>[] = [
  clock,
  { head: "PID", value: ({ who }) => who.pid },
  { head: "COMM", value: ({ who }) => who.comm },
  { head: "VICTIM_PID", value: ({ victim }) => victim },
  { head: "VICTIM_COMM", value: victimName },
  { head: "PAGES", value: ({ pages }) => pages || null },
  { head: "LOADAVG", value: loadAverages },
  ...SIZES.map((head): Column<Event> => ({
    head,
    value: (event) => event.has_sizes ? event[head] : null,
  })),
  { head: "VICTIM_UID", value: ({ has_sizes, uid }) => has_sizes ? uid : null },
  {
    head: "OOM_SCORE_ADJ",
    value: ({ has_sizes, oom_score_adj }) => has_sizes ? oom_score_adj : null,
  },
];

/** The program that reads the number of pages, if this kernel lets it be attached. */
function pagesProgram(machine: Machine): Record<string, boolean> {
  const ways = ["fentry", "kprobe"].map((kind) => `${kind}:oom_kill_process`);
  const chosen = ways.findIndex((hook) => machine.hasHook(hook).answer === "yes");
  return { fentry_oom_kill_process: chosen === 0, kprobe_oom_kill_process: chosen === 1 };
}

const oomkill = defineTool({
  name: "oomkill",
  summary: "Trace processes that the kernel kills because memory is short.",
  examples: [
    ["oomkill", "trace all such kills"],
    ["oomkill --json", "with the sizes of the victims"],
    ["oomkill --cgroup /sys/fs/cgroup/system.slice", "those that this cgroup triggers"],
  ],
  object,
  options,
  plan(values, machine) {
    return eventPlan(Event, {
      intro: "Tracing OOM kills... Ctrl-C to stop.",
      heading: false,
      load: { ...filterSettings(values), programs: pagesProgram(machine) },
      columns: values.json ? members : [sentence],
    });
  },
});

export default oomkill;

if (import.meta.main) await main(oomkill);
