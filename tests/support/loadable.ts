/**
 * Loads and attaches the programs of tools in the test's own process, without starting a tool.
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
 * Tools that are loaded but not attached here: those that probe programs of the whole machine (their own tests
 * probe one process only), and those with hardware counters, which virtual machines lack.
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

/** This kernel, with the disks, interfaces and file systems of the pretended machine (machine.ts). */
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

/** What a tool loads for one command line. */
export interface Loadable {
  readonly plan: TracingPlan;
  readonly values: Standard;
}

/** What a command line loads; undefined if it is invalid, only prints, or needs what this kernel lacks. */
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

/** A tool's arguments that are valid on {@linkcode thisKernel}. */
export const rightCall = (tool: AnyTool, { usage }: Cases): readonly string[] =>
  usage?.right ?? (tool.sample || []);

/** Whether {@linkcode tryLoading} may attach the tool's programs. */
export const mayAttach = ({ name }: AnyTool): boolean => !UNATTACHED.includes(name);

/**
 * Loads a tool's programs, attaches them if asked to, and closes everything. @returns the numbers of programs
 * and links
 */
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
