/**
 * biostacks: show block device I/O latency as histograms, by the kernel stack that asked for the I/O.
 *
 * USAGE: biostacks [-d DISK] [-m] [-v] [--stack-storage-size ENTRIES] [--json] [duration]
 *
 *     # biostacks
 *     Tracing block I/O with init stacks. Hit Ctrl-C to end.
 *     ^C
 *     dd             6863   loop0
 *     blk_account_io_start
 *     blk_mq_submit_bio
 *     __submit_bio
 *     submit_bio_noacct_nocheck
 *     submit_bio_wait
 *     __blkdev_direct_IO_simple
 *     blkdev_read_iter
 *     vfs_read
 *     ksys_read
 *     do_syscall_64
 *     entry_SYSCALL_64_after_hwframe
 *          usecs               : count     distribution
 *              0 -> 1          : 0        |                                        |
 *              2 -> 3          : 0        |                                        |
 *              4 -> 7          : 0        |                                        |
 *              8 -> 15         : 0        |                                        |
 *             16 -> 31         : 0        |                                        |
 *             32 -> 63         : 23       |****************************************|
 *             64 -> 127        : 5        |********                                |
 *
 * The time is that from when a request is made until it is done, with what it waited for the disk. The
 * process is the one that made it: for writes from the page cache mostly a kernel thread. A request that
 * others are merged into is shown with the stack of the first.
 *
 * Hooks: raw tracepoints block_io_start, block_rq_issue, block_io_done and, for flushes,
 * block_rq_complete (Linux 6.5 and later), or block_rq_insert, block_rq_issue and
 * block_rq_complete: then the stack is that on which a request was given to the scheduler or the disk, and
 * the time begins there. Devices on top of others, such as dm and md, have no requests of their own.
 *
 * Overhead: about that of biolatency, and a walk of the kernel's stack per request.
 */

import { type Bpf, chars, histogramSections, struct, u32, u64 } from "../../mod.ts";
import { blockPrograms, DiskNames, diskOption, requestGlobals } from "../../toolkit/block/block.ts";
import { reportDropped, tellDropped } from "../../toolkit/run/losses.ts";
import { programsFlag, showPrograms } from "../../toolkit/output/show_programs.ts";
import { main } from "../../toolkit/run/main.ts";
import { flag, longOnly, type Values } from "../../toolkit/options/options.ts";
import type { Report } from "../../toolkit/output/report.ts";
import {
  containerOptions,
  filterSettings,
  standardOptions,
} from "../../toolkit/options/standard_options.ts";
import { frameName, KeptStacks, missedStack } from "../../toolkit/stacks/kept_stacks.ts";
import { secondsArgument, sizeOption } from "../../toolkit/stacks/stack_options.ts";
import { defineTool } from "../../toolkit/run/tool.ts";
import object from "./biostacks.bpf.o.ts";
import { histogramShape } from "../../toolkit/records/record_shape.ts";

const options = {
  disk: diskOption,
  milliseconds: flag({ short: "m", long: "milliseconds", help: "millisecond histogram" }),
  stackSize: sizeOption("stack-storage-size", "the number of unique stack traces", 16384),
  verbose: programsFlag({ short: "v", long: "verbose" }),
  seconds: secondsArgument,
  ...containerOptions,
  ...standardOptions,
  duration: longOnly(standardOptions.duration),
} as const;

const Key = struct("key", {
  stack: u64,
  device: u32,
  pid: u32,
  comm: chars(16),
  slot: u32,
  unused: u32,
});

/** Prints the histogram of each disk and stack. */
function report(bpf: Bpf, report: Report, { milliseconds }: Values<typeof options>): void {
  const disks = new DiskNames();
  const stacks = new KeptStacks(bpf);
  const entries = [...bpf.map("latencies", Key, u64.asNumber)];
  const sections = histogramSections(
    entries,
    ({ stack, device, pid, comm, slot }) => [`${stack} ${device} ${pid} ${comm}`, slot],
  ).map(({ section, counts }) => {
    const [{ stack, device, pid, comm }] = entries.find(([key]) =>
      section === `${key.stack} ${key.device} ${key.pid} ${key.comm}`
    )!;
    const frames = stacks.kernel(stack)?.map(frameName);
    return { counts, frames, pid, comm, disk: disks.name(device, "Unknown") };
  }).sort((a, b) => a.pid - b.pid);

  for (const { counts, frames, pid, comm, disk } of sections) {
    report.line(`${comm.padEnd(14)} ${String(pid).padEnd(6)} ${disk}`);
    for (const name of frames ?? [missedStack("Kernel")]) report.line(name);
    const valueType = milliseconds ? "msecs" : "usecs";
    report.histogram(counts, { valueType, about: { pid, comm, disk, kernel: frames ?? null } });
    report.line();
  }
  const missed = sections.filter(({ frames }) => frames === undefined)
    .flatMap(({ counts }) => [...counts.values()])
    .reduce((sum, count) => sum + count, 0);
  tellDropped(report, "biostacks", "stacks", missed, {
    reason: "the kernel's map of stacks was full: raise --stack-storage-size",
    when: "in all",
  });
  reportDropped(bpf, report, "biostacks", "requests");
}

const biostacks = defineTool({
  name: "biostacks",
  summary: "Show block device I/O latency as histograms, by the kernel stack that asked for it.",
  examples: [
    ["biostacks", "trace block I/O with its first stacks until Ctrl-C"],
    ["biostacks 1", "trace for 1 second only"],
    ["biostacks -d sdc", "trace sdc only"],
  ],
  object,
  options,
  plan(values, machine) {
    const settings = filterSettings(values, {
      ...requestGlobals(values.disk, machine),
      unit_ns: values.milliseconds ? 1e6 : 1e3,
    });
    return {
      intro: "Tracing block I/O with init stacks. Hit Ctrl-C to end.",
      interval: values.seconds,
      count: 1,
      load: {
        ...settings,
        maps: { ...settings.maps, stacks: { maxEntries: values.stackSize } },
        programs: blockPrograms(machine),
      },
      ...values.verbose && { prepare: showPrograms },
      records: [
        histogramShape({ pid: "id", comm: "text", disk: "text", kernel: "texts?" }),
      ],
      report: (bpf, each) => report(bpf, each, values),
    };
  },
});

export default biostacks;

if (import.meta.main) await main(biostacks);
