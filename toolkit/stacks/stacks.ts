/**
 * Tools that sum something by stack (stacks.h): their options, and their stacks with names.
 *
 * @module
 */

import {
  type Bpf,
  chars,
  formatSymbol,
  type Infer,
  type Link,
  type LoadOptions,
  struct,
  TsBccError,
  u32,
  u64,
  u8,
  UserSymbols,
} from "../../mod.ts";
import {
  argument,
  flag,
  list,
  number,
  type Option,
  text,
  UsageError,
  type Values,
} from "../options/options.ts";
import { complain } from "../output/complain.ts";
import type { Machine } from "../machine/machine.ts";
import type { Report } from "../output/report.ts";
import { type Frame, KeptStacks } from "./kept_stacks.ts";
import { checkStackFiles } from "./stack_files.ts";
import { BY_MACHINE, containerOptions, filterSettings } from "../options/standard_options.ts";
import { type walkOptions, walkSettings, walkTables } from "./stack_walk.ts";
import type { UnwindTables } from "./unwind_tables.ts";

const PID_MAX = 4194304; // PID_MAX_LIMIT of include/linux/threads.h on 64-bit machines
const ENTRIES_MAX = 1 << 24;
const [BY_PID, BY_TID] = [1, 2];

/** An option with process or thread ids. */
export function idList(
  names: { short: string; long: string; meta: string; help: string },
): Option<readonly number[] | undefined> {
  return {
    ...names,
    initial: undefined,
    parse(value) {
      const ids = value.split(",").map((id) => /^\d+$/.test(id) ? Number(id) : NaN);
      if (ids.every((id) => id >= 1 && id <= PID_MAX)) return ids;
      throw new UsageError(
        `expected whole numbers from 1 to ${PID_MAX}, separated by commas`,
      );
    },
  };
}

/** An option with a number of map entries. */
export function sizeOption(long: string, help: string, initial: number): Option<number> {
  const names = { long, meta: "ENTRIES", help: `${help} (default ${initial})` };
  const range = { what: "a number of entries", min: 1, max: ENTRIES_MAX };
  return { ...number({ ...names, ...range }), initial } as Option<number>;
}

/** What all tools that show stacks take. */
export const stackOptions = {
  userOnly: flag({
    short: "U",
    long: "user-stacks-only",
    help: "show stacks from user space only (no kernel space stacks)",
  }),
  kernelOnly: flag({
    short: "K",
    long: "kernel-stacks-only",
    help: "show stacks from kernel space only (no user space stacks)",
  }),
  delimited: flag({
    short: "d",
    long: "delimited",
    help: "insert delimiter between kernel/user stacks",
  }),
  folded: flag({
    short: "f",
    long: "folded",
    help: "output folded format, one line per stack (for flame graphs)",
  }),
  stackSize: sizeOption("stack-storage-size", "the number of unique stack traces", 16384),
  svg: text({ long: "svg", meta: "FILE", help: "write a flame graph, a picture, to this file" }),
  html: text({
    long: "html",
    meta: "FILE",
    help: "write a flame graph, a page to search and zoom, to this file",
  }),
  outputs: list({
    short: "o",
    long: "output",
    meta: "FILE",
    help: "write the stacks to this file, in the format that its ending tells: .svg or .html " +
      "(flame graph), .folded, .pb.gz (pprof), .speedscope.json, .json (Firefox profiler); several " +
      "may be given",
  }),
  compare: text({
    long: "compare",
    meta: "FILE",
    help: "show in flame graphs what changed since an earlier run of the same length, of which " +
      "this file is the folded output",
  }),
  ...containerOptions,
} as const;

/** Seconds to trace, told by place. */
export const secondsArgument = argument(number({
  long: "duration",
  meta: "duration",
  help: "duration of trace in seconds",
  what: "a duration in seconds",
  min: 0.001,
  max: 2147483,
  fraction: true,
}));

/** Which threads: those of processes, or some of their own. */
export interface Targets {
  readonly pids: readonly number[] | undefined;
  readonly tids: readonly number[] | undefined;
}

/** What the options mean to stacks.h, and with a machine to unwind.h. @throws {UsageError} */
export function stackSettings(
  values: Values<typeof stackOptions> & Partial<Values<typeof walkOptions>>,
  { pids, tids }: Targets,
  machine?: Machine,
): LoadOptions & { readonly globals: Readonly<Record<string, unknown>> } {
  if (values.userOnly && values.kernelOnly) {
    throw new UsageError("use either -U/--user-stacks-only or -K/--kernel-stacks-only");
  }
  checkStackFiles(values);
  const filters = filterSettings(values);
  const { stackWalk, stackMemory } = values;
  const isWalked = stackWalk !== undefined && stackMemory !== undefined && !values.kernelOnly;
  const walk = isWalked && machine ? walkSettings({ stackWalk, stackMemory }, machine) : {};
  return {
    globals: {
      ...filters.globals,
      ...walk.globals,
      in_pidns: BY_MACHINE,
      kernel_stacks: !values.userOnly,
      user_stacks: !values.kernelOnly,
      target_kind: pids ? BY_PID : tids ? BY_TID : 0,
    },
    maps: {
      ...filters.maps,
      ...walk.maps,
      stacks: { maxEntries: values.stackSize },
      targets: { maxEntries: Math.max(pids?.length ?? 0, tids?.length ?? 0, 1) },
    },
  };
}

export { type Frame, frameName, TRACING } from "./kept_stacks.ts";

/** struct stack_key of stacks.h. */
const StackKey = struct("stack_key", {
  user: u64,
  kernel: u64,
  pid: u32,
  tid: u32,
  process: u32,
  image: u32,
  comm: chars(16),
});
/** One group of those that are counted together. */
export type StackKey = Infer<typeof StackKey>;

const StackSum = struct("stack_sum", {
  sum: u64.asNumber,
  count: u64.asNumber,
  first: u64.asNumber,
});
/** What was summed in a group. */
export type StackSum = Infer<typeof StackSum>;

/** What was summed on one pair of stacks by one process or thread. */
export interface StackSample {
  readonly pid: number;
  readonly tid: number;
  readonly comm: string;
  readonly sum: number;
  readonly count: number;
  /** Innermost first; empty where there is none, undefined where the kernel could not keep it. */
  readonly user: readonly Frame[] | undefined;
  readonly kernel: readonly Frame[] | undefined;
}

const fullName = ({ symbol, address }: Frame) =>
  formatSymbol(symbol, address, { offset: true, module: true });

/** Of as many processes images.h knows what they mapped; of more the oldest are forgotten. */
const IMAGES = 30000;

/** What a tool loads with where it reads user stacks. */
export const imageMaps = (machine: Machine) => ({
  code_mappings: { maxEntries: machine.lruEntries(IMAGES) },
});

/**
 * Attaches what lets images.h tell apart what the same addresses meant at different times, where a
 * tool reads user stacks. Without it all else works: a library in place of another is taken for the
 * first, where this process may not read tracefs. The tools' pages say so.
 */
export function attachImages(bpf: Bpf): Link[] {
  if (!bpf.programs.has("code_mapped")) return [];
  try {
    return [bpf.program("code_mapped").attach()];
  } catch (error) {
    if (error instanceof TsBccError) return [];
    throw error;
  }
}

/** Reads stacks of a tool that traces, and gives them names. */
export class Stacks implements Disposable {
  readonly #bpf: Bpf;
  readonly #symbols = new UserSymbols();
  readonly #kept: KeptStacks;
  readonly #tables: UnwindTables | undefined;
  readonly #pids: readonly number[] | undefined;

  /** Follows the processes from now on, and lets only these be traced. */
  constructor(bpf: Bpf, { pids, tids }: Targets) {
    this.#bpf = bpf;
    this.#kept = new KeptStacks(bpf);
    this.#tables = walkTables(bpf);
    this.#pids = pids;
    const targets = bpf.map("targets", u32, u8);
    for (const id of pids ?? tids ?? []) targets.set(id, 1);
    this.#symbols.follow({
      pids,
      wanted: () => new Set(this.sums().map(([{ process }]) => process)),
    });
  }

  /** Lets the kernel side of a tool know how to walk the stacks of the processes that there are. */
  async ready(tool: string): Promise<void> {
    await this.#tables?.follow(this.#pids, () => {
      complain(
        tool,
        "some stacks are walked by frame pointers: their tables need more --stack-memory",
      );
    });
  }

  /** What the kernel side has summed. */
  sums(): [StackKey, StackSum][] {
    return [...this.#bpf.map("sums", StackKey, StackSum)];
  }

  /** Takes what was summed in a group out of the kernel side's map; undefined when it is not there. */
  take(key: StackKey): StackSum | undefined {
    return this.#bpf.map("sums", StackKey, StackSum).lookupAndDelete(key);
  }

  /** All that was summed, with names, from the smallest up: as far as no signal ends the report. */
  async read(
    report: Report,
    sums: Iterable<readonly [StackKey, StackSum]> = this.sums(),
  ): Promise<StackSample[]> {
    const alike = Map.groupBy(sums, ([{ user, kernel, pid, tid, process, comm }]) => {
      return `${user} ${kernel} ${pid} ${tid} ${process} ${comm}`;
    });
    const samples: StackSample[] = [];
    await report.each([...alike.values()], "stacks", (group) => {
      samples.push(...this.#named(group));
    });
    return samples.sort((a, b) => a.sum - b.sum);
  }

  /** The same addresses in the same process: one stack, where they meant the same at all times. */
  #named(group: readonly (readonly [StackKey, StackSum])[]): StackSample[] {
    const samples = group.map(([key, { sum, count, first }]) => ({
      pid: key.pid,
      tid: key.tid,
      comm: key.comm,
      sum,
      count,
      user: this.#user(key, first),
      kernel: this.#kept.kernel(key.kernel),
    }));
    if (samples.length === 1) return samples;
    const names = ({ user }: StackSample) => user?.map(fullName).join("\n");
    return [...Map.groupBy(samples, names).values()].map((same) => ({
      ...same[0]!,
      sum: same.reduce((all, { sum }) => all + sum, 0),
      count: same.reduce((all, { count }) => all + count, 0),
    }));
  }

  [Symbol.dispose](): void {
    this.#tables?.[Symbol.dispose]();
    this.#symbols.close();
  }

  #user({ user, process }: StackKey, time: number): Frame[] | undefined {
    const addresses = this.#kept.addresses(user);
    const symbols = this.#symbols.resolveStack(process, addresses ?? [], time);
    return addresses?.map((address, i) => ({ address, kernel: false, symbol: symbols[i] }));
  }
}
