/**
 * What tools that trace the matches of a pattern share: options and attaching.
 *
 * @module
 */

import type { Bpf, Link } from "../../mod.ts";
import type { Machine } from "../machine/machine.ts";
import { argument, flag, number, text, UsageError, type Values } from "../options/options.ts";
import { containerOptions, filterOptions } from "../options/standard_options.ts";
import {
  attachHooks,
  findHooks,
  programsFor,
  reportSkipped,
  stopOf,
  type TargetHooks,
} from "./pattern_hooks.ts";
import { parseTarget } from "./patterns.ts";
import {
  attachTracepointWays,
  rawPrograms,
  type TracepointWays,
  tracepointWays,
} from "./raw_tracepoints.ts";
import { complainLines } from "../output/complain.ts";

/** Their options. */
export const targetOptions = {
  pid: filterOptions.pid,
  interval: number({
    short: "i",
    long: "interval",
    meta: "INTERVAL",
    help: "summary interval, seconds",
    what: "an interval in seconds",
    min: 0.001,
    max: 2147483,
    fraction: true,
  }),
  timestamp: flag({ short: "T", long: "timestamp", help: "include timestamp on output" }),
  regexp: flag({
    short: "r",
    long: "regexp",
    help: 'use regular expressions; default is "*" wildcards only',
  }),
  pattern: argument(
    text({ long: "pattern", meta: "pattern", help: "search expression for events" }),
  ),
  ...containerOptions,
} as const;

/** The unit of histograms of time: nanoseconds by default. */
export const timeOptions = {
  microseconds: flag({ short: "u", long: "microseconds", help: "microsecond histogram" }),
  milliseconds: flag({ short: "m", long: "milliseconds", help: "millisecond histogram" }),
} as const;

/** The unit that these options choose; `ns` are the nanoseconds in it. */
export const timeUnit = (
  { milliseconds, microseconds }: Values<typeof timeOptions>,
): { readonly name: string; readonly ns: number } =>
  milliseconds
    ? { name: "msecs", ns: 1e6 }
    : microseconds
    ? { name: "usecs", ns: 1e3 }
    : { name: "nsecs", ns: 1 };

/** `-v`. */
export const verboseOption = flag({
  short: "v",
  long: "verbose",
  help: "print what is traced (for debugging purposes)",
});

/** The value for target_cpu. @throws {UsageError} */
export function cpuSetting(cpu: number | undefined, machine: Machine): number {
  const online = machine.onlineCpus();
  if (cpu === undefined || online.includes(cpu)) return cpu ?? -1;
  throw new UsageError(`CPU ${cpu} is not online: ${online.join(", ")} are`);
}

/** When to print reports. */
export function reportTimes(
  { interval, duration }: { interval: number | undefined; duration: number | undefined },
): { readonly interval: number | undefined; readonly count: number | undefined } {
  // Otherwise the last interval might end just before or just after the duration.
  return { interval, count: interval && duration ? Math.ceil(duration / interval) : undefined };
}

/** A trace of one or more patterns. */
export class TargetTrace {
  readonly hooks: TargetHooks;
  readonly #tool: string;
  readonly #pattern: string;
  readonly #isDebugged: boolean;
  readonly #ways: TracepointWays | undefined;
  #traced = 0;

  /**
   * Finds the matches. `countsOnly`: the programs read no arguments of a tracepoint, so it may be
   * attached as a raw one.
   *
   * @throws {UsageError}
   * @throws {Error} when nothing matches
   */
  constructor(
    tool: string,
    { pattern, regexp, pid, pidns }: Values<typeof targetOptions>,
    machine: Machine,
    { debug = false, functionsOnly = false, countsOnly = false } = {},
  ) {
    const target = parseTarget(pattern, { regexp });
    if (functionsOnly && !(/^(kernel|user)$/.test(target.kind) && !target.atReturn)) {
      throw new UsageError(
        `invalid pattern ${JSON.stringify(pattern)}: only functions can be timed: expected ` +
          "FUNCTION or FILE:FUNCTION",
      );
    }
    this.#tool = tool;
    this.#pattern = target.text;
    this.#isDebugged = debug;
    // A pid of another namespace is not the pid to attach to here: the kernel side filters by it.
    this.hooks = findHooks(target, machine, pidns === undefined ? pid : undefined);
    this.#ways = countsOnly ? tracepointWays(this.hooks, machine) : undefined;
  }

  /** The programs to load. */
  programs(stems: readonly string[], options?: { onTracepoints: boolean }) {
    const raw = stems.map((stem) => this.#ways && rawPrograms(stem, this.#ways));
    return Object.assign(programsFor(this.hooks, stems, options), ...raw);
  }

  /** Attaches the programs; with several stems a function's return comes before its entry. */
  attach(bpf: Bpf, stems: readonly string[]): Promise<readonly Link[]> {
    for (const [i, stem] of stems.entries()) {
      const atReturn = stems.length > 1 ? i === 0 : this.hooks.target.atReturn;
      const isRaw = this.#ways && this.hooks.target.kind === "tracepoint";
      const link = isRaw
        ? attachTracepointWays(bpf, stem, this.hooks, this.#ways)
        : attachHooks(bpf, stem, this.hooks, atReturn);
      this.#traced = new Set(link.targets).size;
      if (i === 0) reportSkipped(this.#tool, this.hooks, link);
      if (i === 0 && this.#isDebugged) complainLines(link.targets.join("\n"));
    }
    return Promise.resolve([stopOf(bpf)]);
  }

  /** The first line of bcc's tools, once it is known how many functions match. */
  get intro(): string {
    return `Tracing ${this.#traced} functions for "${this.#pattern}"... Hit Ctrl-C to end.`;
  }
}
