/**
 * dcsnoop: trace look-ups of names that the cache of directory entries does not have, or all of them.
 *
 * USAGE: dcsnoop [-a] [-p PID] [-t TID] [-u UID] [-n NAME] [-d SECONDS] [-b PAGES] [--json]
 *
 *     # dcsnoop -p 199
 *     TIME(s)     PID     COMM             T FILE
 *     0.000000    199     file_calls       M none
 *     0.009646    199     file_calls       M none
 *     0.009748    199     file_calls       M none
 *
 * T is M(iss): the file system was asked for the name, which may be there or not; with -a also R(eference):
 * a path walk asked the cache for one name of the path. bcc's tool sees only those misses that d_lookup
 * tells, of opens that create and of what is removed or renamed; this one sees those of stat(2) and the
 * like as well. For the rate see dcstat.
 *
 * Hooks: fexit of d_lookup and fentry of d_alloc_parallel, or kprobes where the kernel has no fentry, and
 * for -a a kprobe on lookup_fast. There is no tracepoint in their place, so it needs one of the two.
 *
 * Overhead: an event per miss, and with -a per name of each path, which are many. It was not measured: only guests
 * have the hooks, and what they emulate tells nothing of time.
 */

import { struct, textRest, u32, u64 } from "../../mod.ts";
import { dcacheHooks } from "../../toolkit/fs/dcache.ts";
import { flag } from "../../toolkit/options/options.ts";
import { secondsColumn } from "../../toolkit/output/time_columns.ts";
import { main } from "../../toolkit/run/main.ts";
import {
  eventOptions,
  filterOptions,
  filterSettings,
} from "../../toolkit/options/standard_options.ts";
import { defineTool, eventPlan } from "../../toolkit/run/tool.ts";
import { commColumn, Who } from "../../toolkit/task/who.ts";
import object from "./dcsnoop.bpf.o.ts";

const options = {
  all: flag({ short: "a", long: "all", help: "trace all lookups (default is fails only)" }),
  ...filterOptions,
  ...eventOptions,
} as const;

const Event = struct("event", { time: u64.asNumber, who: Who, kind: u32, name: textRest() });

/** Indexed by the numbers of dcache.h. */
const KINDS = ["R", "", "M"];

const dcsnoop = defineTool({
  name: "dcsnoop",
  summary: "Trace look-ups of names that the directory entry cache does not have.",
  examples: [
    ["dcsnoop", "trace failed dcache lookups"],
    ["dcsnoop -a", "trace all dcache lookups"],
    ["dcsnoop -p 181", "only those of PID 181"],
  ],
  object,
  options,
  sample: false, // a kernel may have neither fentry nor kprobes
  plan(values, machine) {
    const { programs, attach } = dcacheHooks(machine, { pathWalks: values.all });
    return eventPlan(Event, {
      load: { ...filterSettings(values), programs },
      attach: (bpf) => Promise.resolve(attach(bpf)),
      columns: [
        secondsColumn({ width: 11, digits: 6 }),
        { head: "PID", width: 7, value: ({ who }) => who.pid },
        commColumn(16),
        { head: "T", width: 1, value: ({ kind }) => KINDS[kind]! },
        { head: "FILE", value: ({ name }) => name },
      ],
    });
  },
});

export default dcsnoop;

if (import.meta.main) await main(dcsnoop);
