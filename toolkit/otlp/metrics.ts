/**
 * Counters, gauges and histograms (opentelemetry/proto/metrics/v1/metrics.proto), cumulative since the start: one that
 * is not sent is made up for by the next.
 *
 * @module
 */

import type { Family, Sample } from "../prometheus/exposition.ts";
import { attribute } from "./attributes.ts";
import { Message } from "./protobuf.ts";

const CUMULATIVE = 2;
const UNITS: readonly (readonly [ending: RegExp, unit: string])[] = [
  [/_seconds$/, "s"],
  [/_bytes$/, "By"],
  [/_hertz$/, "Hz"],
  [/_ratio$/, "1"],
];

/** When what is told began, and now; in nanoseconds since 1970. */
export interface Span {
  readonly start: bigint;
  readonly now: bigint;
}

/** The metrics as fields of a scope. */
export function metricFields(families: readonly Family[], span: Span): Message {
  const scope = new Message();
  for (const family of families) {
    if (family.samples.length > 0) scope.embed(2, metricOf(family, span).bytes);
  }
  return scope;
}

function metricOf({ name, type, help, samples }: Family, span: Span): Message {
  const unit = UNITS.find(([ending]) => ending.test(name))?.[1] ?? "";
  const metric = new Message().text(1, name).text(2, help).text(3, unit);
  const data = new Message();
  const points = type === "histogram"
    ? histogramPoints(samples, span)
    : samples.map((sample) => labelled(numberPoint(sample, span), 7, sample.labels));
  for (const point of points) data.embed(1, point.bytes);
  if (type === "gauge") return metric.embed(5, data.bytes);
  data.varint(2, CUMULATIVE);
  return type === "counter"
    ? metric.embed(7, data.varint(3, true).bytes)
    : metric.embed(9, data.bytes);
}

const numberPoint = ({ value }: Sample, { start, now }: Span): Message =>
  new Message().fixed64(2, start).fixed64(3, now).double(4, value);

/** Prometheus counts up to each bound, OpenTelemetry between them. */
function histogramPoints(samples: readonly Sample[], { start, now }: Span): Message[] {
  const sets = new Map<string, { bounds: number[]; upTo: number[] }>();
  for (const { suffix, labels, value } of samples) {
    if (suffix !== "_bucket") continue;
    const [, rest = "", bound] = /^(?:(.*),)?le="([^"]*)"$/s.exec(labels)!;
    const set = sets.get(rest) ?? { bounds: [], upTo: [] };
    sets.set(rest, set);
    set.upTo.push(value);
    if (bound !== "+Inf") set.bounds.push(Number(bound));
  }
  return [...sets].map(([labels, { bounds, upTo }]) => {
    const counts = upTo.map((count, i) => BigInt(count - (upTo[i - 1] ?? 0)));
    const point = new Message().fixed64(2, start).fixed64(3, now).fixed64(4, BigInt(upTo.at(-1)!))
      .packed(6, BigUint64Array.from(counts))
      .packed(7, Float64Array.from(bounds));
    return labelled(point, 9, labels);
  });
}

const LABEL = /(\w+)="((?:[^"\\]|\\.)*)"/gs;

/** Adds labels, which are written as Prometheus wants them. */
function labelled(message: Message, field: number, labels: string): Message {
  for (const [, name, value] of labels.matchAll(LABEL)) {
    attribute(message, field, name!, value!.replaceAll(/\\(["\\])/g, "$1"));
  }
  return message;
}
