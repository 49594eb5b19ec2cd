/**
 * `--otlp`: sends a tool's records to an OpenTelemetry collector.
 *
 * @module
 */

import { readText } from "../../mod.ts";
import { UsageError, type Values } from "../options/options.ts";
import type { eventOptions, standardOptions } from "../options/standard_options.ts";
import { remark } from "../output/complain.ts";
import { Exporter } from "../otlp/exporter.ts";
import { Metrics } from "../prometheus/metrics.ts";
import { LOSSES, type RecordShape } from "../records/record_shape.ts";
import { recordsOf } from "./plan_records.ts";
import type { RunDestination } from "./run_destinations.ts";
import type { AnyTool, Plan } from "./tool.ts";
import { VERSION } from "./version.ts";

type Standard =
  & Values<typeof standardOptions>
  & Partial<Pick<Values<typeof eventOptions>, "container" | "pod">>;

/** OpenTelemetry's names of architectures, by Node's names. */
const ARCHITECTURES: Readonly<Record<string, string>> = { x64: "amd64", arm64: "arm64" };

/**
 * The destination that sends the records of a plan.
 * @throws {UsageError} where the plan does not declare them
 */
export const exporterOf = (tool: AnyTool, plan: Plan<never>, values: Standard): RunDestination =>
  exporter(tool.name, recordsOf(tool, plan, values), "event" in plan, values);

/**
 * The same from the shapes of the records.
 * @param clock gives the time of a recorded record, for replays
 */
export function exporter(
  name: string,
  shapes: readonly RecordShape[],
  isEvent: boolean,
  { otlp: url, labels }: Pick<Standard, "otlp" | "labels">,
  clock?: () => number,
): RunDestination {
  const own = shapes.filter(({ kind }) => !LOSSES.some((loss) => loss.kind === kind));
  const metrics = new Metrics(name, own, isEvent, labels);
  const kernelSays = (what: string) => readText(`/proc/sys/kernel/${what}`).trim();
  const teller = {
    tool: name,
    version: VERSION,
    host: kernelSays("hostname"),
    kernel: kernelSays("osrelease"),
    arch: ARCHITECTURES[process.arch] ?? process.arch,
    pid: process.pid,
  };
  const interval = metricsInterval();
  const sent = new Exporter(teller, url!, headers(), metrics, isEvent, clock);
  const loss = {
    kind: "dropped",
    what: "sent records",
    reason:
      "the collector refused them, or took them too slowly: look at its log, or send fewer by a filter",
  } as const;
  return {
    start(losses) {
      losses.watch(loss, () => sent.dropped);
      sent.start(() => {
        for (const [{ kind, what }, total] of losses.totals()) metrics.lose(kind, what, total);
      }, interval);
      remark(`${name}: sending to ${url}`);
    },
    get hasFailed() {
      return sent.dropped > 0;
    },
    begin: () => sent.begin(),
    rows: (columns) => sent.rows(columns),
    record: (kind, members) => sent.record(kind, members),
    // A replay can wait for a slow collector; a trace cannot.
    ...clock && { flush: () => sent.room() },
    end: () => sent.end(clock !== undefined),
    [Symbol.dispose]: () => sent[Symbol.dispose](),
  };
}

/** A variable that all exporters of OpenTelemetry read; empty if it is not set. */
function variable(name: string): string {
  try {
    return process.env[name] ?? "";
  } catch {
    return ""; // Deno without permission to read it
  }
}

const INTERVAL_MS = 10_000;

/** Milliseconds between metrics. */
function metricsInterval(): number {
  const text = variable("OTEL_METRIC_EXPORT_INTERVAL") || String(INTERVAL_MS);
  const isRight = /^[1-9]\d{1,8}$/.test(text);
  if (!isRight) {
    throw new UsageError("OTEL_METRIC_EXPORT_INTERVAL is not a number of milliseconds, 10 or more");
  }
  return Number(text);
}

/** `authorization=Bearer%20…,x-tenant=a` */
function headers(): Record<string, string> {
  const text = variable("OTEL_EXPORTER_OTLP_HEADERS");
  const pairs = text.split(",").filter((pair) => pair.trim() !== "").map((pair) => {
    const [, name, value] = /^\s*([!#$%&'*+.^_`|~0-9A-Za-z-]+)\s*=\s*(.*?)\s*$/.exec(pair) ?? [];
    if (name === undefined || value === undefined) {
      throw new UsageError("OTEL_EXPORTER_OTLP_HEADERS is not of the form name=value,name=value");
    }
    return [name, decoded(value)] as const;
  });
  return Object.fromEntries(pairs);
}

function decoded(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}
