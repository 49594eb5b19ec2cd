/**
 * `--prometheus`: serves metrics of a tool's records.
 *
 * @module
 */

import { UsageError, type Values } from "../options/options.ts";
import type { Address } from "../options/address_option.ts";
import type { eventOptions, standardOptions } from "../options/standard_options.ts";
import { complain, remark } from "../output/complain.ts";
import type { Family } from "../prometheus/family.ts";
import { MAX_LABEL_SETS } from "../prometheus/label_sets.ts";
import { Metrics } from "../prometheus/metrics.ts";
import { MetricsServer } from "../prometheus/metrics_server.ts";
import { LOSSES, type RecordShape } from "../records/record_shape.ts";
import type { Losses } from "./losses.ts";
import { recordsOf } from "./plan_records.ts";
import type { AnyTool, Plan } from "./tool.ts";

type Standard =
  & Values<typeof standardOptions>
  & Partial<Pick<Values<typeof eventOptions>, "container" | "pod">>;

/** Whether a plan makes records while it runs, and not only at its end. */
export const isPeriodic = (plan: Plan<never>): boolean =>
  "event" in plan || "report" in plan && plan.interval !== undefined && plan.count !== 1;

/**
 * The destination that serves metrics of a plan's records.
 * @throws {UsageError} where it has none
 */
export function metricsOf(
  tool: AnyTool,
  plan: Plan<never>,
  values: Standard,
): ServedMetrics {
  if ("text" in plan) {
    throw new UsageError(`${tool.name} prints a text and ends: there is nothing to count`);
  }
  const shapes = recordsOf(tool, plan, values);
  return new ServedMetrics(tool.name, shapes, "event" in plan, values, !isPeriodic(plan));
}

/** Seconds between snapshots of tools that report at their end only. */
const SNAPSHOT_SECONDS = 5;

/** The losses so far. */
export type Lost = Pick<Losses, "totals">;

/** Metrics with the server for them. */
export class ServedMetrics extends Metrics implements Disposable {
  /** See {@linkcode Destination.snapshotSeconds}. */
  readonly snapshotSeconds: number | undefined;
  readonly #name: string;
  readonly #address: Address;
  #server: MetricsServer | undefined;
  #hasTold = false;

  /**
   * @param shapes with or without those of losses
   * @param isCumulative whether each report is cumulative since the start
   * @throws {UsageError} for a label that no record has
   */
  constructor(
    name: string,
    shapes: readonly RecordShape[],
    isEvent: boolean,
    { labels, prometheus }: Pick<Standard, "labels" | "prometheus">,
    isCumulative = false,
  ) {
    super(
      name,
      shapes.filter(({ kind }) => !LOSSES.some((loss) => loss.kind === kind)),
      isEvent,
      labels,
      isCumulative,
    );
    this.snapshotSeconds = isCumulative ? SNAPSHOT_SECONDS : undefined;
    this.#name = name;
    this.#address = prometheus!;
  }

  /**
   * Starts the server and prints its address.
   * @throws {Error} when the address cannot be listened on
   */
  async start(losses: Lost): Promise<void> {
    const families = (): readonly Family[] => {
      for (const [{ kind, what }, total] of losses.totals()) this.lose(kind, what, total);
      this.#tellFull();
      return this.families;
    };
    this.#server = await MetricsServer.start(this.#address, families);
    remark(`${this.#name}: metrics are at ${this.#server.url}`);
  }

  [Symbol.dispose](): void {
    this.#server?.[Symbol.dispose]();
  }

  #tellFull(): void {
    if (!this.isFull || this.#hasTold) return;
    this.#hasTold = true;
    complain(
      this.#name,
      `more than ${MAX_LABEL_SETS} label sets: the rest is summed under "other"; --labels chooses others`,
    );
  }
}
