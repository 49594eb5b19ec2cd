/**
 * offwaketime: sum the time that threads did not run, by the stacks on which they stopped and of who woke
 * them.
 *
 * USAGE: offwaketime [-p PIDS | -t TIDS | -u | -k] [-U | -K] [-d] [-f] [--stack-storage-size ENTRIES]
 *                    [-m USECS] [-M USECS] [--state STATE] [--json] [duration]
 *
 *     # offwaketime -K
 *     Tracing blocked time (us) by kernel off-CPU and waker stack... Hit Ctrl-C to end.
 *     ^C
 *         waker:           tokio-runtime-w 18793
 *         entry_SYSCALL_64_after_hwframe
 *         do_syscall_64
 *         ksys_write
 *         vfs_write
 *         anon_pipe_write
 *         __wake_up_sync_key
 *         __wake_up_common
 *         ep_poll_callback
 *         __wake_up_sync
 *         __wake_up_common
 *         ep_autoremove_wake_function
 *         try_to_wake_up
 *         --               --
 *         __schedule
 *         schedule
 *         schedule_hrtimeout_range_clock
 *         do_epoll_wait
 *         __x64_sys_epoll_wait
 *         do_syscall_64
 *         entry_SYSCALL_64_after_hwframe
 *         target:          deno 19372
 *             183
 *
 * The stacks meet in the middle: above the waker's, outermost first, below the target's, innermost first.
 * Threads that had to give way to others were woken by nobody.
 *
 * Hooks: raw tracepoints sched_switch and sched_waking. bcc's tool probes finish_task_switch and
 * try_to_wake_up. User stacks need programs that keep frame pointers.
 */

import {
  type Bpf,
  chars,
  formatSymbol,
  type Infer,
  struct,
  u32,
  u64,
  u8,
  UserSymbols,
} from "../../mod.ts";
import { reportDropped, tellDropped } from "../../toolkit/run/losses.ts";
import { main } from "../../toolkit/run/main.ts";
import { longOnly, UsageError, type Values } from "../../toolkit/options/options.ts";
import type { Report } from "../../toolkit/output/report.ts";
import { containerOptions, standardOptions } from "../../toolkit/options/standard_options.ts";
import {
  blockTimeOptions,
  checkThreads,
  offCpuSettings,
  stateOption,
  threadOptions,
} from "../../toolkit/stacks/off_cpu_options.ts";
import {
  foldedText,
  frameName,
  KeptStacks,
  missedStack,
} from "../../toolkit/stacks/kept_stacks.ts";
import {
  secondsArgument,
  stackOptions,
  stackSettings,
} from "../../toolkit/stacks/stack_options.ts";
import { defineTool } from "../../toolkit/run/tool.ts";
import object from "./offwaketime.bpf.o.ts";
import { type Members, recordShape } from "../../toolkit/records/record_shape.ts";

const NS_PER_USEC = 1000;

const options = {
  ...threadOptions,
  userOnly: stackOptions.userOnly,
  kernelOnly: stackOptions.kernelOnly,
  delimited: stackOptions.delimited,
  folded: stackOptions.folded,
  stackSize: stackOptions.stackSize,
  ...blockTimeOptions,
  state: stateOption,
  seconds: secondsArgument,
  ...containerOptions,
  ...standardOptions,
  duration: longOnly(standardOptions.duration),
} as const;
type Settings = Values<typeof options>;

const Side = struct("side", {
  user: u64,
  kernel: u64,
  pid: u32,
  tid: u32,
  process: u32,
  unused: u32,
  comm: chars(16),
});
type Side = Infer<typeof Side>;
const Pair = struct("pair", { target: Side, waker: Side });
const Sum = struct("stack_sum", { sum: u64.asNumber, count: u64.asNumber, first: u64.asNumber });

/** @throws {UsageError} when options contradict each other */
function check(values: Settings): void {
  checkThreads(values);
  if (values.userOnly && values.kernelOnly) {
    throw new UsageError("use either -U/--user-stacks-only or -K/--kernel-stacks-only");
  }
}

/** The symbolized stacks of a thread, innermost first; undefined if the kernel had no room. */
function namesOf(stacks: KeptStacks, symbols: UserSymbols, side: Side, time: number) {
  const addresses = stacks.addresses(side.user);
  const user = addresses && symbols.resolveStack(side.process, addresses, time)
    .map((symbol, i) => formatSymbol(symbol, addresses[i]!));
  return { user, kernel: stacks.kernel(side.kernel)?.map(frameName) };
}
type Names = ReturnType<typeof namesOf>;

/** The frames of both stacks, the kernel's first. */
function frames({ user, kernel }: Names, delimiter: string, values: Settings): string[] {
  const isDelimited = values.delimited && user?.length !== 0 && kernel?.length !== 0;
  return [
    ...values.userOnly ? [] : kernel ?? [missedStack("Kernel")],
    ...isDelimited && !values.userOnly && !values.kernelOnly ? [delimiter] : [],
    ...values.kernelOnly ? [] : user ?? [missedStack("User")],
  ];
}

const label = (name: string, rest: string) => `    ${name.padEnd(16)} ${rest}`;

/** Prints the sums, the smallest first. */
async function print(
  bpf: Bpf,
  report: Report,
  symbols: UserSymbols,
  values: Settings,
): Promise<void> {
  const stacks = new KeptStacks(bpf);
  let missed = 0;
  if (!values.folded) report.line();
  const pairs = [...bpf.map("pairs", Pair, Sum)].sort(([, a], [, b]) => a.sum - b.sum);
  await report.each(pairs, "stacks", ([{ target, waker }, { sum, count, first }]) => {
    const usecs = Math.floor(sum / NS_PER_USEC);
    const stopped = namesOf(stacks, symbols, target, first);
    const woke = namesOf(stacks, symbols, waker, first);
    const all = [stopped.user, stopped.kernel, woke.user, woke.kernel];
    missed += count * all.filter((names) => names === undefined).length;
    if (values.folded) {
      const path = [
        target.comm,
        ...frames(stopped, "-", values).toReversed(),
        "--",
        ...frames(woke, "-", values),
        waker.comm,
      ];
      report.line(foldedText(path, usecs));
    } else {
      report.line(label("waker:", `${waker.comm} ${waker.tid}`));
      for (const name of frames(woke, "-", values).toReversed()) report.line(`    ${name}`);
      report.line(label("--", "--"));
      for (const name of frames(stopped, "-", values)) report.line(`    ${name}`);
      report.line(label("target:", `${target.comm} ${target.tid}`));
      report.line(`        ${usecs}`);
      report.line();
    }
    const side = ({ pid, tid, comm }: Side, { user, kernel }: Names) => ({
      pid,
      tid,
      comm,
      ...values.kernelOnly ? {} : { user: user ?? null },
      ...values.userOnly ? {} : { kernel: kernel ?? null },
    });
    report.record("blocked", {
      ...side(target, stopped),
      waker: waker.tid === 0 && waker.comm === "" ? null : side(waker, woke),
      usecs,
      count,
    });
  });
  tellDropped(report, "offwaketime", "stacks", missed, {
    reason: "the kernel's map of stacks was full: raise --stack-storage-size",
    when: "in all",
  });
  reportDropped(bpf, report, "offwaketime", "stops");
}

/** The first line of output, as in bcc's tool. */
function intro({ userOnly, kernelOnly, seconds }: Settings): string {
  const stacks = userOnly ? "user" : kernelOnly ? "kernel" : "user + kernel";
  return `Tracing blocked time (us) by ${stacks} off-CPU and waker stack` +
    (seconds === undefined ? "... Hit Ctrl-C to end." : ` for ${seconds} secs.`);
}

const sideMembers = ({ userOnly, kernelOnly }: Settings): Members => ({
  pid: "id",
  tid: "id",
  comm: "text",
  ...!kernelOnly && { user: "texts?" as const },
  ...!userOnly && { kernel: "texts?" as const },
});

const offwaketime = defineTool({
  name: "offwaketime",
  summary: "Sum the time that threads did not run, by their stacks and those of who woke them.",
  examples: [
    ["offwaketime", "trace off-CPU + waker stack time until Ctrl-C"],
    ["offwaketime 5", "trace for 5 seconds only"],
    ["offwaketime -f 5", "5 seconds, and output in folded format"],
    ["offwaketime -m 1000", "only stops of more than 1000 usecs"],
    ["offwaketime -M 9000", "only stops of less than 9000 usecs"],
    ["offwaketime -p 185", "only threads of process 185"],
    ["offwaketime -t 188", "only thread 188"],
    ["offwaketime -u", "only user threads (no kernel)"],
    ["offwaketime -K", "only kernel space stacks (no user)"],
  ],
  object,
  options,
  sample: false, // on a busy machine there are more pairs of stacks than the map has room for
  permissions: "all",
  plan(values) {
    check(values);
    const symbols = new UserSymbols();
    const unused = { svg: undefined, html: undefined, compare: undefined, outputs: [] };
    const settings = stackSettings({ ...values, ...unused }, values);
    return {
      ...values.folded ? {} : { intro: intro(values) },
      interval: values.seconds,
      count: 1,
      load: {
        ...settings,
        globals: {
          ...settings.globals,
          ...offCpuSettings(values),
        },
        maps: { ...settings.maps, sums: { maxEntries: 1 } },
      },
      prepare(bpf) {
        const targets = bpf.map("targets", u32, u8);
        for (const id of values.pids ?? values.tids ?? []) targets.set(id, 1);
        if (!values.kernelOnly) symbols.follow({});
        return symbols;
      },
      records: [
        recordShape("blocked", {
          ...sideMembers(values),
          waker: "any", // an object like the target's, or null
          usecs: "count",
          count: "count",
        }),
      ],
      report: (bpf, report) => print(bpf, report, symbols, values),
    };
  },
});

export default offwaketime;

if (import.meta.main) await main(offwaketime);
