/**
 * Counters, gauges and histograms (opentelemetry/proto/metrics/v1/metrics.proto), cumulative since
 * the start: what a lost request held is part of the next.
 *
 * @module
 */

import type { Distribution, Family, Labels, Sample } from "../prometheus/family.ts";
import { attribute } from "./attributes.ts";
import { Message } from "../output/protobuf.ts";

const CUMULATIVE = 2;
const UNITS: readonly (readonly [ending: RegExp, unit: string])[] = [
  [/_seconds$/, "s"],
  [/_bytes$/, "By"],
  [/_hertz$/, "Hz"],
  [/_ratio$/, "1"],
];

/**
 * The time that the metrics cover, from the start of tracing until now; in nanoseconds since 1970.
 */
export interface Span {
  readonly start: bigint;
  readonly now: bigint;
}

/** The metrics as fields of a scope. */
export function metricFields(families: readonly Family[], span: Span): Message {
  const scope = new Message();
  for (const family of families.filter(isTold)) scope.embed(2, metricOf(family, span).bytes);
  return scope;
}

/**
 * Whether a metric is sent. Of a histogram only the one with explicit bounds is: Prometheus's
 * native one has the same counts in another unit.
 */
const isTold = (family: Family): boolean =>
  family.type === "histogram"
    ? family.distributions.some(({ buckets }) => buckets)
    : family.samples.length > 0;

function metricOf(family: Family, span: Span): Message {
  const { name, help } = family;
  const unit = UNITS.find(([ending]) => ending.test(name))?.[1] ?? "";
  const metric = new Message().text(1, name).text(2, help).text(3, unit);
  const data = new Message();
  const points = family.type === "histogram"
    ? family.distributions.map((each) => histogramPoint(each, span))
    : family.samples.map((each) => numberPoint(each, span));
  for (const point of points) data.embed(1, point.bytes);
  if (family.type === "gauge") return metric.embed(5, data.bytes);
  data.varint(2, CUMULATIVE);
  return family.type === "counter"
    ? metric.embed(7, data.varint(3, true).bytes)
    : metric.embed(9, data.bytes);
}

const numberPoint = ({ labels, value }: Sample, { start, now }: Span): Message =>
  labelled(new Message().fixed64(2, start).fixed64(3, now).double(4, value), 7, labels);

/**
 * A data point of a histogram. OTLP wants one more bucket than bounds, for values above the last
 * one: it is empty.
 */
function histogramPoint({ labels, count, buckets = [] }: Distribution, span: Span): Message {
  const point = new Message().fixed64(2, span.start).fixed64(3, span.now).fixed64(4, BigInt(count))
    .packed(6, BigUint64Array.from([...buckets.map(([, each]) => BigInt(each)), 0n]))
    .packed(7, Float64Array.from(buckets, ([bound]) => bound));
  return labelled(point, 9, labels);
}

function labelled(message: Message, field: number, labels: Labels): Message {
  for (const [name, value] of labels) attribute(message, field, name, value);
  return message;
}
