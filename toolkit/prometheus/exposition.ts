/**
 * Metrics as Prometheus reads them: OpenMetrics 1.0, Protocol Buffers for clients that ask for native histograms, and
 * the older text format for clients that ask for neither.
 *
 * @module
 */

import type { Distribution, Family, Labels } from "./family.ts";
import { protobufBody } from "./protobuf_exposition.ts";

/** A format of metrics, with its media type. */
export interface Exposition {
  readonly type: string;
  /** The body of a response. */
  body(families: readonly Family[]): string | Uint8Array<ArrayBuffer>;
}

/** https://github.com/prometheus/OpenMetrics, version 1.0.0 */
const OPEN_METRICS: Exposition = {
  type: "application/openmetrics-text; version=1.0.0; charset=utf-8",
  body: (families) => [...families.map((each) => familyText(each, false)), "# EOF\n"].join(""),
};

const PROMETHEUS: Exposition = {
  type: "text/plain; version=0.0.4; charset=utf-8",
  body: (families) => families.map((each) => familyText(each, true)).join(""),
};

const PROTOBUF: Exposition = {
  type:
    "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited",
  body: protobufBody,
};

/** The formats, in the order of preference where a client accepts several equally. */
const ALL: readonly (readonly [accepted: RegExp, exposition: Exposition])[] = [
  [
    /^application\/vnd\.google\.protobuf;(?=.*proto=io\.prometheus\.client\.MetricFamily)(?=.*encoding=delimited)/,
    PROTOBUF,
  ],
  [/^application\/openmetrics-text\b/, OPEN_METRICS],
  [/^(text\/plain\b|\*\/\*|text\/\*)/, PROMETHEUS],
];

/** The format for a request's header Accept. */
export function expositionFor(accept = ""): Exposition {
  const wanted = accept.split(",").map((text) => {
    const range = text.replaceAll(/\s/g, "");
    const found = ALL.findIndex(([accepted]) => accepted.test(range));
    return { found, quality: Number(/;q=([\d.]+)/.exec(range)?.[1] ?? 1) };
  }).filter(({ found, quality }) => found >= 0 && quality > 0)
    .sort((a, b) => b.quality - a.quality || a.found - b.found);
  return ALL[wanted[0]?.found ?? -1]?.[1] ?? PROMETHEUS;
}

/**
 * The lines of a metric. In the older format a counter has the name of its samples, with `_total`.
 */
function familyText(family: Family, isOld: boolean): string {
  const { name, type, help } = family;
  const total = type === "counter" ? "_total" : "";
  const lines = family.type === "histogram"
    ? family.distributions.flatMap((each) => histogramLines(name, each))
    : family.samples.map(({ labels, value }) => sampleLine(name + total, labels, value));
  if (lines.length === 0) return "";
  const called = isOld ? name + total : name;
  return [
    `# TYPE ${called} ${type}\n`,
    `# HELP ${called} ${help.replaceAll("\\", "\\\\").replaceAll('"', isOld ? '"' : '\\"')}\n`,
    ...lines,
  ].join("");
}

/** The lines of a classic histogram; the text formats have no native ones. */
function histogramLines(name: string, { labels, count, buckets }: Distribution): string[] {
  if (!buckets) return [];
  let sum = 0;
  const line = (bound: number) =>
    sampleLine(`${name}_bucket`, [...labels, ["le", numberText(bound)]], sum);
  return [
    ...buckets.map(([bound, each]) => {
      sum += each;
      return line(bound);
    }),
    line(Infinity),
    sampleLine(`${name}_count`, labels, count),
  ];
}

/** `name{comm="cat",pid="1"} 5` */
function sampleLine(name: string, labels: Labels, value: number): string {
  const text = labels.map(([key, each]) => `${key}="${each.replaceAll(/[\\"]/g, "\\$&")}"`).join();
  return `${name}${text && `{${text}}`} ${numberText(value)}\n`;
}

const numberText = (value: number) =>
  value === Infinity ? "+Inf" : value === -Infinity ? "-Inf" : String(value);
