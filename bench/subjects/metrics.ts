/** Counting for Prometheus, and a scrape over HTTP: metrics.ts EVENTS LABELS */
import { once } from "node:events";
import { Metrics } from "../../toolkit/prometheus/metrics.ts";
import { MetricsServer } from "../../toolkit/prometheus/metrics_server.ts";

const SCRAPES = 20;

const [events, labels] = process.argv.slice(2).map(Number) as [number, number];
const metrics = new Metrics("bench", [{ members: { comm: "text" } }], true, []);
const names = Array.from({ length: labels }, (_, i) => ({ comm: `process-${i}` }));
const heap = () => {
  (globalThis as { gc?(): void }).gc?.();
  return process.memoryUsage().heapUsed / 2 ** 20;
};

/** Counts events; after the first call the metrics hold all the label values that they keep. */
const count = (times: number) => {
  for (let i = 0; i < times; i++) metrics.add(undefined, names[i % labels]!);
};
count(labels);
const before = heap();
const start = performance.now();
count(events);
const elapsed = performance.now() - start;
const growth = heap() - before;

using server = await MetricsServer.start({ host: "127.0.0.1", port: 0 }, () => metrics.families);
let bytes = 0;
const times: number[] = [];
for (let i = 0; i < SCRAPES; i++) {
  const asked = performance.now();
  bytes = (await (await fetch(server.url)).text()).length;
  times.push(performance.now() - asked);
}
times.sort((a, b) => a - b);
console.log(JSON.stringify({
  "M events/s": events / elapsed / 1000,
  "scrape, ms": times[SCRAPES / 2]!,
  "scrape, KiB": bytes / 1024,
  "heap growth, MiB": Math.max(growth, 0),
}));
await once(process.stdin.resume(), "end");
process.exit();
