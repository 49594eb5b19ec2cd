/**
 * futexctn: summarize how long threads wait for locks of user space (futexes), by lock and stack.
 *
 * USAGE: futexctn [-T] [-m] [-s] [-p PID] [-t TID] [-l LOCK] [-v] [--stack-storage-size ENTRIES]
 *                 [-d SECONDS] [--json] [interval] [count]
 *
 *     # futexctn -p 3275
 *     Summarize futex contention latency, hit ctrl-c to exit
 *     ^C
 *
 *     thread_maker[3276] lock 0x55e60ea86074 contended 31 times, 241 avg usecs [max: 3704 usecs, min 4 usecs]
 *         -
 *         syscall
 *         waiting_routine
 *         start_thread
 *         -
 *          usecs               : count     distribution
 *              0 -> 1          : 0        |                                        |
 *              2 -> 3          : 0        |                                        |
 *              4 -> 7          : 19       |****************************************|
 *              8 -> 15         : 0        |                                        |
 *             16 -> 31         : 5        |**********                              |
 *
 * The time is that which FUTEX_WAIT takes in the kernel, where it ends because somebody wakes: mutexes of
 * the C library wait so when another thread holds them. Waits that end for another reason are left out.
 * Each report tells what there was since the start.
 *
 * Hooks: tracepoints syscalls/sys_enter_futex and sys_exit_futex. Waits with FUTEX_WAIT_BITSET, as for
 * condition variables and with a time limit, are left out, as in libbpf-tools' tool.
 */

import { array, type Bpf, chars, formatSymbol, struct, u32, u64, UserSymbols } from "../../mod.ts";
import { reportDropped, tellDropped } from "../../toolkit/run/losses.ts";
import { NamespaceProcesses } from "../../toolkit/task/pid_namespace.ts";
import { programsFlag, showPrograms } from "../../toolkit/output/show_programs.ts";
import { main } from "../../toolkit/run/main.ts";
import {
  flag,
  number,
  type Option,
  UsageError,
  type Values,
} from "../../toolkit/options/options.ts";
import type { Report } from "../../toolkit/output/report.ts";
import {
  containerOptions,
  filterOptions,
  filterSettings,
  intervalArguments,
  standardOptions,
} from "../../toolkit/options/standard_options.ts";
import { KeptStacks, missedStack } from "../../toolkit/stacks/kept_stacks.ts";
import { sizeOption } from "../../toolkit/stacks/stack_options.ts";
import { defineTool } from "../../toolkit/run/tool.ts";
import object from "./futexctn.bpf.o.ts";
import { histogramShape } from "../../toolkit/records/record_shape.ts";

const SLOTS = 32;
const STACK_DEPTH = 127; // as in kept_stacks.h

const options = {
  pid: filterOptions.pid,
  tid: filterOptions.tid,
  lock: {
    short: "l",
    long: "lock",
    meta: "LOCK",
    help: "trace this lock only: its address, in hexadecimal",
    initial: 0n,
    parse(value) {
      if (/^(0x)?[0-9a-f]{1,16}$/i.test(value)) return BigInt(`0x${value.replace(/^0x/i, "")}`);
      throw new UsageError("expected an address in hexadecimal");
    },
  } satisfies Option<bigint> as Option<bigint>,
  timestamp: flag({ short: "T", long: "timestamp", help: "include timestamp on output" }),
  milliseconds: flag({ short: "m", long: "milliseconds", help: "millisecond histogram" }),
  summary: flag({ short: "s", long: "summary", help: "by process and lock, without stacks" }),
  depth: number({
    long: "perf-max-stack-depth",
    meta: "FRAMES",
    help: `show no more frames of a stack (default ${STACK_DEPTH})`,
    what: "a number of frames",
    min: 1,
    max: STACK_DEPTH,
  }),
  stackSize: sizeOption("stack-storage-size", "the number of unique stack traces", 16384),
  ...intervalArguments,
  verbose: programsFlag({ short: "v", long: "verbose" }),
  ...containerOptions,
  ...standardOptions,
} as const;

const Key = struct("key", { stack: u64, lock: u64, pid: u32, tid: u32 });
const Waits = struct("waits", {
  count: u64.asNumber,
  total: u64.asNumber,
  least: u64.asNumber,
  most: u64.asNumber,
  first: u64.asNumber,
  comm: chars(16),
  slots: array(u32, SLOTS),
});

/** Returns the function that prints what was counted. */
function reporter(
  { timestamp, milliseconds, summary, depth }: Values<typeof options>,
  symbols: UserSymbols,
  processes: NamespaceProcesses,
): (bpf: Bpf, report: Report) => Promise<void> {
  const unit = milliseconds ? "msecs" : "usecs";
  return async (bpf, report) => {
    const stacks = new KeptStacks(bpf);
    let missed = 0;
    report.line();
    if (timestamp) report.line(report.clock);
    const locks = [...bpf.map("locks", Key, Waits)].filter(([, { count }]) => count > 0)
      .sort(([, a], [, b]) => a.total - b.total);
    await report.each(locks, "locks", ([{ stack, lock, pid, tid }, waits]) => {
      const { comm, count, total, least, most, first } = waits;
      const addresses = stacks.addresses(stack)?.slice(0, depth);
      if (!addresses) missed += waits.count;
      const names = addresses && symbols.resolveStack(processes.ours(pid), addresses, first)
        .map((symbol, i) => formatSymbol(symbol, addresses[i]!));
      const address = `0x${lock.toString(16)}`;
      const average = Math.floor(total / count);
      report.line();
      report.line();
      report.line(
        `${comm}[${tid}] lock ${address} contended ${count} times, ${average} avg ${unit} ` +
          `[max: ${most} ${unit}, min ${least} ${unit}]`,
      );
      if (!summary) {
        for (const name of ["-", ...names ?? [missedStack("User")], "-"]) {
          report.line(`    ${name}`);
        }
      }
      const counts = waits.slots.map((n, slot) => [slot, n] as const).filter(([, n]) => n > 0);
      const stackMember = summary ? {} : { user: names ?? null };
      const about = { pid, tid, comm, lock: address, count, average, most, least, ...stackMember };
      report.histogram(new Map(counts), { valueType: unit, about });
    });
    tellDropped(report, "futexctn", "stacks", missed, {
      reason: "the kernel's map of stacks was full: raise --stack-storage-size",
    });
    reportDropped(bpf, report, "futexctn", "waits");
  };
}

const futexctn = defineTool({
  name: "futexctn",
  summary: "Summarize how long threads wait for locks of user space (futexes).",
  examples: [
    ["futexctn", "summarize futex contention latency as a histogram"],
    ["futexctn 1 10", "print 1 second summaries, 10 times"],
    ["futexctn -mT 1", "1s summaries, milliseconds, and timestamps"],
    ["futexctn -s 1", "1s summaries, without stack traces"],
    ["futexctn -l 0x8187bb8", "only trace lock 0x8187bb8"],
    ["futexctn -p 123", "only trace threads of process 123"],
    ["futexctn -t 125", "only trace thread 125"],
  ],
  object,
  options,
  plan(values) {
    const symbols = new UserSymbols();
    const processes = new NamespaceProcesses(values.pidns);
    const settings = filterSettings(values, {
      target_lock: values.lock,
      summary: values.summary,
      unit_ns: values.milliseconds ? 1e6 : 1e3,
    });
    return {
      intro: "Summarize futex contention latency, hit ctrl-c to exit",
      interval: values.interval,
      count: values.count,
      load: {
        ...settings,
        maps: { ...settings.maps, stacks: { maxEntries: values.summary ? 1 : values.stackSize } },
      },
      prepare(bpf) {
        if (values.verbose) showPrograms(bpf);
        const pid = processes.named(values.pid);
        if (!values.summary) symbols.follow(pid === undefined ? {} : { pids: [pid] });
        return symbols;
      },
      records: [
        histogramShape({
          pid: "id",
          tid: "id",
          comm: "text",
          lock: "text",
          count: "count",
          average: "number",
          most: "number",
          least: "number",
          ...!values.summary && { user: "texts?" as const },
        }),
      ],
      report: reporter(values, symbols, processes),
    };
  },
});

export default futexctn;

if (import.meta.main) await main(futexctn);
