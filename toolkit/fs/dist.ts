/**
 * Tools that show the distribution of a file system's latencies (dist.bpf.c).
 *
 * @module
 */

import { distributionOptions, distributionPlan } from "../histogram/latency_histogram.ts";
import type { Machine } from "../machine/machine.ts";
import { flag, type Values } from "../options/options.ts";
import {
  containerOptions,
  filterOptions,
  intervalArguments,
  standardOptions,
} from "../options/standard_options.ts";
import { type AnyTool, defineTool, type ReportPlan } from "../run/tool.ts";
import { type FileSystem, fileSystem, OPERATIONS, operations } from "./file_systems.ts";
import object from "./dist.bpf.o.ts";

/** The compiled kernel side. */
export const distObject: Uint8Array = object;

/** Options of all such tools. */
export const distOptions = {
  milliseconds: distributionOptions.milliseconds,
  pid: filterOptions.pid,
  ...intervalArguments,
  ...containerOptions,
  ...standardOptions,
} as const;

/** The plan of such a tool. @throws {UnsupportedError} where the kernel has no such file system */
export function distPlan(
  name: string,
  fs: FileSystem,
  values: Values<typeof distOptions> & { readonly timestamp: boolean },
  machine: Machine,
): ReportPlan {
  const { globals, programs } = operations(fs, machine);
  const plan = distributionPlan(name, { ...values, pids: false, tids: false }, {
    globals,
    section: "operation",
    sectionText: (id) => OPERATIONS[id] ?? String(id),
  });
  return {
    ...plan,
    load: { ...plan.load, programs },
    intro: `Tracing ${fs.title} operation latency... Hit Ctrl-C to end.`,
  };
}

/** A tool for one file system, by its type. */
export function distTool(name: string, type: string): AnyTool {
  const fs = fileSystem(type);
  const options = {
    noTimestamp: flag({
      short: "T",
      long: "notimestamp",
      help: "don't include timestamp on interval output",
    }),
    ...distOptions,
  } as const;
  return defineTool({
    name,
    summary: `Summarize ${fs.title} operation latency as histograms.`,
    examples: [
      [name, "show operation latency as a histogram"],
      [`${name} -p 181`, "trace PID 181 only"],
      [`${name} 1 10`, "print 1 second summaries, 10 times"],
      [`${name} -m 5`, "5s summaries, milliseconds"],
    ],
    object,
    options,
    sample: false, // the file system may not be there
    plan: (values, machine) =>
      distPlan(name, fs, {
        ...values,
        timestamp: values.interval !== undefined && !values.noTimestamp,
      }, machine),
  });
}
