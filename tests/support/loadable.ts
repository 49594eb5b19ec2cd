/**
 * Loading and attaching what tools trace, in the process of the test: no tool is started.
 *
 * @module
 */

import { UnsupportedError } from "../../mod.ts";
import { closeLinks } from "../../plumbing.ts";
import { type Machine, thisMachine } from "../../toolkit/machine/machine.ts";
import { parseOptions, UsageError } from "../../toolkit/options/options.ts";
import { loadPlan, planOf, type Standard, type TracingPlan } from "../../toolkit/run/run.ts";
import type { AnyTool } from "../../toolkit/run/tool.ts";
import type { Cases } from "./cases.ts";
import { pretend } from "./machine.ts";

/**
 * Not attached here: probes in whatever the machine runs, which their own tests set in a process of their own, and
 * hardware counters, which virtual machines lack.
 */
const UNATTACHED = [
  "cpufreq",
  "dbslower",
  "dbstat",
  "deadlock",
  "gethostlatency",
  "inject",
  "javagc",
  "ksnoop",
  "llcstat",
  "mysqld_qslower",
  "rubyallocs",
  "sslsniff",
  "threadsnoop",
  "ucalls",
  "uflow",
  "ugc",
  "uobjnew",
  "ustat",
  "uthreads",
];

/** This kernel, with the disks, interfaces and file systems that tests of plans pretend. */
const { exists, readText, namesIn, isDirectory, isFile, directoryInfo } = pretend();
export const thisKernel: Machine = {
  ...thisMachine,
  exists: (path) => exists(path) || thisMachine.exists(path),
  readText: (path) => exists(path) ? readText(path) : thisMachine.readText(path),
  namesIn,
  isDirectory,
  isFile,
  directoryInfo,
};

/** What a call of a tool loads. */
export interface Loadable {
  readonly plan: TracingPlan;
  readonly values: Standard;
}

/** What a call loads; undefined where it is wrong, only prints, or needs what the kernel has not. */
export function loadable(
  tool: AnyTool,
  words: readonly string[],
  machine: Machine,
): Loadable | undefined {
  try {
    const values = parseOptions(tool.options, words, machine) as unknown as Standard;
    const plan = planOf(tool, values, machine);
    return "text" in plan ? undefined : { plan, values };
  } catch (error) {
    if (error instanceof UsageError || error instanceof UnsupportedError) return undefined;
    throw error;
  }
}

/** The call of a tool that is right on {@linkcode thisKernel}. */
export const rightCall = (tool: AnyTool, { usage }: Cases): readonly string[] =>
  usage?.right ?? (tool.sample || []);

/** Whether {@linkcode tryLoading} may attach what a tool loads. */
export const mayAttach = ({ name }: AnyTool): boolean => !UNATTACHED.includes(name);

/** Loads, attaches if asked to, and releases. @returns how many programs and links there were */
export async function tryLoading(
  tool: AnyTool,
  { plan, values }: Loadable,
  { attach }: { readonly attach: boolean },
): Promise<{ readonly programs: number; readonly links: number }> {
  const bpf = loadPlan(tool, plan, values, undefined);
  using _loaded = { [Symbol.dispose]: () => closeLinks([bpf]) };
  const programs = bpf.programs.size;
  if (!attach) return { programs, links: 0 };
  using _prepared = plan.prepare?.(bpf, undefined) ?? undefined;
  const links = await plan.attach?.(bpf, undefined) ?? bpf.attach();
  closeLinks(links);
  return { programs, links: links.length };
}
