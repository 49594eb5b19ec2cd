/**
 * mdflush: trace flushes of software RAID, by the md driver.
 *
 * USAGE: mdflush [-p PID] [-t TID] [-u UID] [-n NAME] [-d SECONDS] [-b PAGES] [--json]
 *
 *     # mdflush
 *     Tracing md flush requests... Hit Ctrl-C to end.
 *     TIME     PID     COMM             DEVICE
 *     15:20:46 298     dd               md_tsbcc146
 *     15:20:46 299     dd               md_tsbcc146
 *     15:20:49 300     dd               md_tsbcc146
 *     15:20:53 303     sync             md_tsbcc146
 *
 * A flush asks that all that was written be on the medium; md sends it to each disk of an array. The process
 * is the one that asked for it, mostly by fsync(2), or a kernel thread of its file system.
 *
 * Hooks: raw tracepoint block_bio_queue, for requests to a disk called md… that begin with a flush, which are
 * those for which md calls md_flush_request; md may serve several by one flush of its disks. Tested on 5.10,
 * 6.1 and 6.12, with a mirror of two loop devices.
 *
 * Overhead: about 0.1 µs per block request, by the kernel's own clock (kernel.bpf_stats_enabled) on Linux 6.18.
 */

import { chars, struct } from "../../mod.ts";
import { isBioBehindQueue } from "../../toolkit/block/block.ts";
import { clockColumn } from "../../toolkit/output/time_columns.ts";
import { main } from "../../toolkit/run/main.ts";
import {
  eventOptions,
  filterOptions,
  filterSettings,
} from "../../toolkit/options/standard_options.ts";
import { defineTool, eventPlan } from "../../toolkit/run/tool.ts";
import { commColumn, Who } from "../../toolkit/task/who.ts";
import object from "./mdflush.bpf.o.ts";

const options = { ...filterOptions, ...eventOptions } as const;

const Event = struct("event", { who: Who, disk: chars(32) });

const mdflush = defineTool({
  name: "mdflush",
  summary: "Trace flushes of software RAID, by the md driver.",
  examples: [["mdflush", "trace all flushes that md gets"]],
  object,
  options,
  plan(values, machine) {
    return {
      ...eventPlan(Event, {
        load: filterSettings(values, { is_queue_first: isBioBehindQueue(machine) }),
        columns: [
          clockColumn(),
          { head: "PID", width: 7, value: ({ who }) => who.pid },
          commColumn(16),
          { head: "DEVICE", value: ({ disk }) => disk },
        ],
      }),
      intro: "Tracing md flush requests... Hit Ctrl-C to end.",
    };
  },
});

export default mdflush;

if (import.meta.main) await main(mdflush);
