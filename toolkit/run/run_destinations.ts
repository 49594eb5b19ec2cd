/**
 * The destinations that the options of a run ask for, besides or in place of standard output.
 *
 * @module
 */

import { checkDestinationOptions } from "../options/destination_options.ts";
import type { Values } from "../options/options.ts";
import type { eventOptions, standardOptions } from "../options/standard_options.ts";
import { type Destination, Destinations } from "../output/destination.ts";
import type { Losses } from "./losses.ts";
import type { AnyTool, Plan } from "./tool.ts";

type Standard =
  & Values<typeof standardOptions>
  & Partial<Pick<Values<typeof eventOptions>, "container" | "pod" | "timelines">>;

/** A destination as a run needs it. */
export interface RunDestination extends Destination, Partial<Disposable> {
  /** Whether it lost records, which it has reported: the tool's exit status is then 1. */
  readonly hasFailed?: boolean;
  /** Everything is attached. @param stop ends the tool, where going on is of no use */
  start?(losses: Pick<Losses, "totals" | "watch">, stop: () => void): void | Promise<void>;
}

/** How one option makes a destination of a plan; what it refuses is refused before anything is loaded. */
interface Kind {
  /** Whether it is wanted. */
  isAsked(values: Standard): boolean;
  /**
   * Whether it shows the present state: a tool that otherwise makes one report at its end makes
   * several for it.
   */
  readonly isLive: boolean;
  /** Seconds between such reports. Default 5. */
  readonly reportSeconds?: number;
  /** What makes it: loaded only where it is wanted, as most runs have none. */
  maker(): Promise<Make>;
}

/** @throws {UsageError} */
type Make = (tool: AnyTool, plan: Plan<never>, values: Standard) => RunDestination;

/** All kinds of destinations. */
const KINDS: readonly Kind[] = [
  {
    isAsked: ({ prometheus }) => prometheus !== undefined,
    isLive: true,
    maker: async () => (await import("./serve_metrics.ts")).metricsOf,
  },
  {
    isAsked: ({ web }) => web !== undefined,
    isLive: true,
    reportSeconds: 1,
    maker: async () => (await import("./serve_page.ts")).pageOf,
  },
  {
    isAsked: ({ record }) => record !== undefined,
    isLive: false,
    maker: async () => (await import("./record_to_file.ts")).recorderOf,
  },
  {
    isAsked: ({ timelines = [] }) => timelines.length > 0,
    isLive: false,
    maker: async () => (await import("./write_timeline.ts")).timelineOf,
  },
  {
    isAsked: ({ otlp }) => otlp !== undefined,
    isLive: true,
    maker: async () => (await import("./send_otlp.ts")).exporterOf,
  },
];

/** Seconds between reports of tools that otherwise make one at the end. */
const REPORT_SECONDS = 5;

/** All destinations of one run. */
export class RunDestinations extends Destinations implements Disposable {
  readonly #all: readonly RunDestination[];

  constructor(all: readonly RunDestination[]) {
    super(all);
    this.#all = all;
  }

  /** Whether one could not take everything. */
  get haveFailed(): boolean {
    return this.#all.some(({ hasFailed }) => hasFailed);
  }

  /** Everything is attached. @throws {Error} when one cannot be served */
  async start(losses: Losses, stop: () => void): Promise<void> {
    for (const each of this.#all) await each.start?.(losses, stop);
  }

  [Symbol.dispose](): void {
    for (const each of this.#all) each[Symbol.dispose]?.();
  }
}

/** The values of options with which a tool makes the records that are asked for. */
export function valuesForRecords<V extends Standard>(tool: AnyTool, values: V): V {
  const kinds = KINDS.filter(({ isAsked }) => isAsked(values));
  if (kinds.length === 0) return values;
  const live = kinds.filter(({ isLive }) => isLive);
  const needsInterval = live.length > 0 && "interval" in tool.options &&
    (values as { readonly interval?: unknown }).interval === undefined;
  const interval = Math.min(...live.map(({ reportSeconds = REPORT_SECONDS }) => reportSeconds));
  // Labels that are columns only where they are asked for.
  const shown = (["container", "pod"] as const)
    .filter((key) => key in tool.options && values.labels?.includes(key))
    .map((key) => [key, true] as const);
  return { ...values, ...Object.fromEntries(shown), json: true, ...needsInterval && { interval } };
}

/**
 * A plan with the destinations of its records, and the values that it is carried out with: those of `--json`.
 *
 * @throws {UsageError} where a plan cannot give what is asked for
 */
export async function withDestinations<V extends Standard>(
  tool: AnyTool,
  values: V,
  planOf: (tool: AnyTool, values: V) => Plan<never>,
): Promise<{ destinations: RunDestinations | undefined; plan: Plan<never>; values: V }> {
  checkDestinationOptions(values);
  const settled = valuesForRecords(tool, values);
  const plan = planOf(tool, settled);
  const kinds = KINDS.filter(({ isAsked }) => isAsked(values));
  if (kinds.length === 0) return { destinations: undefined, plan, values };
  const all: RunDestination[] = [];
  try {
    for (const { maker } of kinds) all.push((await maker())(tool, plan, settled));
  } catch (error) {
    for (const each of all) each[Symbol.dispose]?.();
    throw error;
  }
  return { destinations: new RunDestinations(all), plan, values: settled };
}
