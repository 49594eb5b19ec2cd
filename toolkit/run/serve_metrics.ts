/**
 * `--prometheus`: what a tool sees, as metrics.
 *
 * @module
 */

import { UsageError, type Values } from "../options/options.ts";
import type { Address } from "../options/address_option.ts";
import type { eventOptions, standardOptions } from "../options/standard_options.ts";
import { complain, remark } from "../output/complain.ts";
import type { Family } from "../prometheus/exposition.ts";
import { MAX_LABEL_SETS } from "../prometheus/label_sets.ts";
import { Metrics } from "../prometheus/metrics.ts";
import { MetricsServer } from "../prometheus/metrics_server.ts";
import { LOSSES } from "../records/record_shape.ts";
import type { Losses } from "./losses.ts";
import { recordsOf } from "./plan_records.ts";
import type { AnyTool, Plan } from "./tool.ts";

type Standard =
  & Values<typeof standardOptions>
  & Partial<Pick<Values<typeof eventOptions>, "container">>;

/** Seconds between reports of tools that else make one at the end. */
const REPORT_SECONDS = 5;

/** The values of options with which a tool makes records while it runs. @throws {UsageError} */
export function valuesForMetrics<V extends Standard>(tool: AnyTool, values: V): V {
  if (values.json) throw new UsageError("use either --json or --prometheus");
  const isPeriodic = "interval" in tool.options &&
    (values as { readonly interval?: unknown }).interval === undefined;
  return { ...values, json: true, ...isPeriodic && { interval: REPORT_SECONDS } };
}

/** What counts the records of a plan. @throws {UsageError} where it has none before its end */
export function metricsOf(tool: AnyTool, plan: Plan<never>, values: Standard): Metrics {
  if ("text" in plan || "report" in plan && (plan.interval === undefined || plan.count === 1)) {
    throw new UsageError(
      `${tool.name} tells all at its end: there is nothing to serve with --prometheus before`,
    );
  }
  const shapes = recordsOf(tool, plan, values).filter((shape) => !LOSSES.includes(shape));
  return new Metrics(tool.name, shapes, "event" in plan, values.labels);
}

/** Serves metrics, and says where. @throws {Error} when it cannot be listened there */
export async function serveMetrics(
  name: string,
  address: Address,
  metrics: Metrics,
  losses: Losses,
): Promise<MetricsServer> {
  let hasTold = false;
  const families = (): readonly Family[] => {
    for (const [{ kind, what }, total] of losses.totals()) metrics.lose(kind, what, total);
    if (metrics.isFull && !hasTold) {
      hasTold = true;
      complain(
        name,
        `more than ${MAX_LABEL_SETS} label sets: the rest is summed under "other"; --labels chooses others`,
      );
    }
    return metrics.families;
  };
  const server = await MetricsServer.start(address, families);
  remark(`${name}: metrics are at ${server.url}`);
  return server;
}
