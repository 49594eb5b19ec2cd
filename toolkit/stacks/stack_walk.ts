/**
 * How user stacks are walked: the options, and what a report says of walks that ended early.
 *
 * @module
 */

import { bool, type Bpf, type LoadOptions, u32, u64 } from "../../mod.ts";
import type { Machine } from "../machine/machine.ts";
import { complain } from "../output/complain.ts";
import type { Report } from "../output/report.ts";
import { flag, number, type Option, UsageError, type Values } from "../options/options.ts";
import { unwindSettings, UnwindTables } from "./unwind_tables.ts";

const WAYS = ["auto", "fp", "dwarf"] as const;
type Walk = typeof WAYS[number];
const MEMORY = 64;

/** Reported when some unwind tables find no room. */
export const TABLES_FULL =
  "some stacks are walked by frame pointers: their tables need more --stack-memory";

/** Options of tools that walk user stacks. */
export const eventWalkOptions = {
  stackWalk: {
    long: "stack-walk",
    meta: "WAY",
    help:
      "how user stacks are walked: fp by frame pointers, dwarf by what compilers write of each " +
      "function for exceptions, auto (default) so where the kernel can",
    initial: "auto",
    parse(value) {
      const way = WAYS.find((way) => way === value);
      if (way) return way;
      throw new UsageError(`expected one of ${WAYS.join(", ")}`);
    },
  } as Option<Walk>,
  stackMemory: {
    ...number({
      long: "stack-memory",
      meta: "MIB",
      help: `the most memory for tables by which stacks are walked (default ${MEMORY} MiB)`,
      what: "a number of MiB",
      min: 1,
      max: 4096,
    }),
    initial: MEMORY,
  } as Option<number>,
} as const;

/** Options of tools whose kernel side includes unwind.h. */
export const walkOptions = {
  ...eventWalkOptions,
  lines: flag({
    long: "lines",
    help: "show source lines of user code, where it was compiled with debug information (gcc -g) " +
      "or a debug file is installed",
  }),
} as const;

/**
 * The load options of unwind.h for these options.
 * @throws {UsageError} when the walk is asked for and impossible
 */
export function walkSettings(
  { stackWalk, stackMemory }: Pick<Values<typeof walkOptions>, "stackWalk" | "stackMemory">,
  machine: Machine,
): LoadOptions {
  if (stackWalk === "fp") return unwindSettings(0);
  const { answer, reason } = machine.canWalkStacks();
  if (answer === "yes") return unwindSettings(stackMemory);
  if (stackWalk === "auto") return unwindSettings(0);
  throw new UsageError(`--stack-walk dwarf does not work here: ${reason}`);
}

/** The tables that the settings ask for; undefined where the kernel walks by frame pointers. */
export function walkTables(bpf: Bpf): UnwindTables | undefined {
  const isOn = bpf.globalNames.includes("unwinding") && bpf.global("unwinding", bool).value;
  return isOn ? new UnwindTables(bpf) : undefined;
}

/** Why walks ended early, in the order of enum unwind_end. */
const ENDS: readonly (string | undefined)[] = [
  undefined, // goes on
  undefined, // whole
  undefined, // by frame pointers: it may be whole
  "they came to code of a file that was not known yet",
  "they came to code of which the file says nothing",
  "what the file says needs more than rsp and rbp",
  "their memory could not be read",
  "they led nowhere",
  "they were deeper than 127 frames",
];

/** Reports how many user stacks are incomplete, and why. */
export function reportEnds(bpf: Bpf, report: Report, tool: string): void {
  if (!bpf.globalNames.includes("unwinding")) return;
  const ends = endsText(bpf);
  if (!ends) return;
  report.record("truncated", { what: "user stacks", total: ends.total });
  complain(tool, ends.text);
}

/** How many user stacks are incomplete, and why; undefined when none is. */
export function endsText(bpf: Bpf): { readonly total: number; readonly text: string } | undefined {
  const counts = bpf.perCpuMap("unwind_ends", u32, u64.asNumber);
  const ends = ENDS.map((reason, i) => ({
    reason,
    total: counts.get(i)?.reduce((all, one) => all + one, 0) ?? 0,
  }));
  const early = ends.filter(({ reason, total }) => reason && total > 0);
  if (early.length === 0) return undefined;
  const [total, all] = [early, ends].map((ends) => ends.reduce((sum, { total }) => sum + total, 0));
  const reasons = early.map(({ reason, total }) => `${total} because ${reason}`).join(", ");
  return { total: total!, text: `truncated ${total} of ${all} user stacks so far: ${reasons}` };
}
