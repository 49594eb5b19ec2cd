/** Records to metrics, and metrics to text. */

import { deepEqual, equal, throws } from "node:assert/strict";
import { test } from "node:test";
import { histogramShape, rowShape } from "../records/record_shape.ts";
import { expositionFor } from "./exposition.ts";
import type { Family } from "./family.ts";
import { MAX_LABEL_SETS } from "./label_sets.ts";
import { Metrics } from "./metrics.ts";
import { unitOf } from "./units.ts";

const OPEN_METRICS = "application/openmetrics-text;version=1.0.0,text/plain;q=0.5";
const textOf = (families: readonly Family[], accept = OPEN_METRICS): string =>
  String(expositionFor(accept).body(families));

/** The samples of metrics, without what they are. */
const samplesOf = (metrics: Metrics): string[] =>
  textOf(metrics.families).split("\n")
    .filter((line) => line !== "" && !line.startsWith("#") && !line.includes("label_sets_full"));

const EVENT = [{ members: { pid: "number", comm: "text", path: "text", list: "texts" } }] as const;

test("events are counted by the process's name, or by the labels that are asked for", () => {
  const byName = new Metrics("some", EVENT, true, []);
  const byBoth = new Metrics("some", EVENT, true, ["comm", "pid"]);
  deepEqual(byName.eventLabels, ["comm"]);
  for (const [comm, pid] of [["cat", 1], ["cat", 2], ['a"\\\n\x1b[1m', 3]] as const) {
    for (const metrics of [byName, byBoth]) metrics.add(undefined, { comm, pid });
  }
  deepEqual(samplesOf(byName), [
    'tsbcc_some_events_total{comm="cat"} 2',
    'tsbcc_some_events_total{comm="a\\"\\\\\\\\n\\\\x1b[1m"} 1',
  ]);
  deepEqual(samplesOf(byBoth).slice(0, 2), [
    'tsbcc_some_events_total{comm="cat",pid="1"} 1',
    'tsbcc_some_events_total{comm="cat",pid="2"} 1',
  ]);
  throws(() => new Metrics("some", EVENT, true, ["list"]), /no member|has a member "list"/);
});

test("label sets are bounded: the rest is summed under other", () => {
  const metrics = new Metrics("some", EVENT, true, ["path"]);
  for (let i = 0; i < 10_000; i++) metrics.add(undefined, { path: `/${i}` });
  for (let i = 0; i < 10; i++) metrics.add(undefined, { path: "/0" });
  const samples = samplesOf(metrics);
  equal(samples.length, MAX_LABEL_SETS);
  equal(samples[0], 'tsbcc_some_events_total{path="/0"} 11');
  const rest = 10_000 - (MAX_LABEL_SETS - 1);
  equal(samples.at(-1), `tsbcc_some_events_total{path="other"} ${rest}`);
  equal(metrics.isFull, true);
});

test("members that count are summed over reports, others are those of the latest", () => {
  const shapes = [rowShape({ disk: "text", pid: "id", io_kb: "count", hit_percent: "number" })];
  const metrics = new Metrics("some", shapes, false, []);
  const rows = [
    { disk: "a", pid: 1, io_kb: 2, hit_percent: 50 },
    { disk: "b", pid: 1, io_kb: 4, hit_percent: 25 },
    { disk: "b", pid: 2, io_kb: 1, hit_percent: 75 },
  ];
  for (let report = 0; report < 2; report++) {
    metrics.begin();
    for (const row of rows) metrics.add(undefined, row);
  }
  deepEqual(samplesOf(metrics), [
    'tsbcc_some_io_bytes_total{disk="a"} 4096',
    'tsbcc_some_io_bytes_total{disk="b"} 10240',
    // Disk b has two ratios, whose sum would mean nothing.
    'tsbcc_some_hit_ratio{disk="a"} 0.5',
  ]);
});

test("reports of all since the start take each other's place when they are whole", () => {
  const shapes = [rowShape({ comm: "text", calls: "count" }), histogramShape()];
  const metrics = new Metrics("some", shapes, false, [], true);
  const report = (calls: number) => {
    metrics.begin();
    metrics.add(undefined, { comm: "cat", calls });
    metrics.add("histogram", { value: "items", buckets: [{ low: 0, high: 0, count: calls }] });
  };
  const told = () => samplesOf(metrics).filter((line) => /calls_total|_count/.test(line));
  report(3);
  deepEqual(told(), []);
  metrics.flush();
  const first = ['tsbcc_some_calls_total{comm="cat"} 3', "tsbcc_some_items_count 3"];
  deepEqual(told(), first);
  report(5);
  deepEqual(told(), first);
  metrics.flush();
  deepEqual(told(), ['tsbcc_some_calls_total{comm="cat"} 5', "tsbcc_some_items_count 5"]);
});

test("histograms are added up, cumulative, with the same buckets for all label sets", () => {
  const metrics = new Metrics("some", [histogramShape({ disk: "text" })], false, []);
  const bucket = (low: number, high: number, count: number) => ({ low, high, count });
  const add = (disk: string, ...buckets: unknown[]) =>
    metrics.add("histogram", { disk, value: "usecs", buckets });
  add("a", bucket(0, 1, 5), bucket(2, 3, 7));
  add("a", bucket(0, 1, 1));
  add("b", bucket(0, 1, 0), bucket(2, 3, 0), bucket(4, 7, 3));
  deepEqual(samplesOf(metrics), [
    'tsbcc_some_seconds_bucket{disk="a",le="0.000002"} 6',
    'tsbcc_some_seconds_bucket{disk="a",le="0.000004"} 13',
    'tsbcc_some_seconds_bucket{disk="a",le="0.000008"} 13',
    'tsbcc_some_seconds_bucket{disk="a",le="+Inf"} 13',
    'tsbcc_some_seconds_count{disk="a"} 13',
    'tsbcc_some_seconds_bucket{disk="b",le="0.000002"} 0',
    'tsbcc_some_seconds_bucket{disk="b",le="0.000004"} 0',
    'tsbcc_some_seconds_bucket{disk="b",le="0.000008"} 3',
    'tsbcc_some_seconds_bucket{disk="b",le="+Inf"} 3',
    'tsbcc_some_seconds_count{disk="b"} 3',
  ]);
});

test("histograms whose buckets double are native ones too, in the unit that they double in", () => {
  const metrics = new Metrics("some", [histogramShape()], false, []);
  const bucket = (low: number, high: number, count: number) => ({ low, high, count });
  const add = (value: string, ...buckets: unknown[]) =>
    metrics.add("histogram", { value, buckets });
  add("usecs", bucket(0, 1, 1), bucket(2, 3, 2), bucket(4, 7, 1), bucket(8, 15, 0));
  add("usecs", bucket(2, 3, 1), bucket(32, 63, 5));
  add("bytes", bucket(-7, -4, 2), bucket(-1, -1, 1), bucket(4096, 8191, 3));
  add("items", bucket(0, 0, 2), bucket(1, 1, 3));
  const native = metrics.families.flatMap((family) =>
    family.type === "histogram"
      ? family.distributions.map(({ count, buckets, native }) =>
        [family.name, count, buckets?.length, native] as const
      )
      : []
  );
  deepEqual(native, [
    ["tsbcc_some_seconds", 10, 5, undefined],
    ["tsbcc_some_usecs", 10, undefined, {
      zero: 1,
      positive: [[2, 3], [3, 1], [6, 5]],
      negative: [],
    }],
    ["tsbcc_some_bytes", 6, 3, { zero: 1, positive: [[13, 3]], negative: [[3, 2]] }],
    ["tsbcc_some_items", 5, 2, undefined],
  ]);
  // The text formats have classic histograms only.
  deepEqual(samplesOf(metrics).filter((line) => /_count/.test(line)), [
    "tsbcc_some_seconds_count 10",
    "tsbcc_some_bytes_count 6",
    "tsbcc_some_items_count 5",
  ]);
});

test("native histograms are Protocol Buffers, byte for byte as their definition says", () => {
  const histogram: Family = {
    name: "n",
    type: "histogram",
    help: "h",
    distributions: [{
      labels: [["b", "c"]],
      count: 10,
      native: { zero: 1, positive: [[2, 3], [3, 1], [6, 5]], negative: [] },
    }],
  };
  const counter: Family = { ...COUNTER, samples: [{ labels: [], value: 1 }] };
  const accept = "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;" +
    `encoding=delimited,${OPEN_METRICS}`;
  const { type, body } = expositionFor(accept);
  equal(
    type,
    "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited",
  );
  const double = (high: string) => "00".repeat(6) + high;
  const value = [
    ["08", "0a", "11", double("f87f"), "28", "00", "31", double("0040"), "38", "01"],
    ["62", "04", "08", "04", "10", "02"], // two slots from 2
    ["62", "04", "08", "04", "10", "01"], // one, two after those
    ["6a", "03", "06", "03", "08"], // 3, then 2 less, then 4 more
  ].flat().join("");
  const withLength = (hex: string) => (hex.length / 2).toString(16).padStart(2, "0") + hex;
  const metric = `0a${withLength("0a0162120163")}3a${withLength(value)}`;
  const family = `0a016e1201681804` + `22${withLength(metric)}`;
  const counted = `0a07615f746f74616c1200180022${
    withLength(`1a${withLength(`09${double("f03f")}`)}`)
  }`;
  deepEqual(
    (body([histogram, counter]) as Uint8Array).toHex(),
    withLength(family) + withLength(counted),
  );
});

const COUNTER = { name: "a", type: "counter", help: "", samples: [] } as const;

test("a client is answered in the format that it likes best, or in the one that all read", () => {
  const first = (accept?: string) => expositionFor(accept).type.split(/[;+]/)[0];
  const protobuf = "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily";
  deepEqual(
    [
      first(),
      first("*/*"),
      first("text/html,*/*;q=0.8"),
      first("application/openmetrics-text;version=1.0.0,text/plain;q=0.5"),
      first("application/openmetrics-text;q=0.1, text/plain;version=0.0.4;q=0.5"),
      first(`${protobuf};encoding=delimited;q=0.7,application/openmetrics-text;q=0.6`),
      first(`${protobuf};encoding=text,application/openmetrics-text;q=0.6`),
      first("application/openmetrics-text;q=0"),
    ],
    [
      ...["text/plain", "text/plain", "text/plain"],
      "application/openmetrics-text",
      "text/plain",
      "application/vnd.google.protobuf",
      "application/openmetrics-text",
      "text/plain",
    ],
  );
});

test("losses are counters, whoever tells them", () => {
  const metrics = new Metrics("some", [rowShape({ n: "count" })], false, []);
  metrics.lose("missed", "events", 3);
  metrics.add("dropped", { what: "calls", total: 2 });
  metrics.add("dropped", { what: "calls", total: 5 });
  deepEqual(samplesOf(metrics), [
    'tsbcc_some_missed_total{what="events"} 3',
    'tsbcc_some_dropped_total{what="calls"} 5',
  ]);
});

test("units are Prometheus's base units", () => {
  const units = ["time_us", "TOTAL_usecs", "query latency (msecs)", "rx_kb", "Kbytes", "items"]
    .map(unitOf).map(({ name, factor }) => [name, factor]);
  deepEqual(units, [
    ["time_seconds", 1e-6],
    ["total_seconds", 1e-6],
    ["query_latency_seconds", 1e-3],
    ["rx_bytes", 1024],
    ["bytes", 1024],
    ["items", 1],
  ]);
});

test("both formats are spoken", () => {
  const families = [{
    name: "a",
    type: "counter",
    help: 'A "b"\\c.',
    samples: [{ labels: [], value: 1 }],
  }] as const;
  equal(
    textOf(families),
    '# TYPE a counter\n# HELP a A \\"b\\"\\\\c.\na_total 1\n# EOF\n',
  );
  equal(
    textOf(families, "text/plain"),
    '# TYPE a_total counter\n# HELP a_total A "b"\\\\c.\na_total 1\n',
  );
});
