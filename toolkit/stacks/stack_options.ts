/**
 * Options of tools that sum something by stack, and what they mean to the kernel side (stacks.h).
 *
 * @module
 */

import type { LoadOptions } from "../../mod.ts";
import type { Machine } from "../machine/machine.ts";
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
import { BY_MACHINE } from "../options/machine_globals.ts";
import { containerOptions, filterSettings } from "../options/standard_options.ts";
import { checkStackFiles } from "./stack_files.ts";
import { type walkOptions, walkSettings } from "./stack_walk.ts";

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

/** Options of all tools that show stacks. */
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

/** Seconds to trace, as a positional argument. */
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

/**
 * The load options of stacks.h for these options, and with a machine also those of unwind.h.
 * @throws {UsageError}
 */
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
