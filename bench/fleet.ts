/**
 * Simulates a fleet for one Prometheus: many nodes, each an exporter on a loopback address of its own, with counters
 * such as a real tool's.
 *
 *     deno run -A bench/fleet.ts [--nodes 1000] [--minutes 3] [--series 50]
 *
 * Prints figures of Prometheus: series, samples, bytes on disk and in memory, CPU time, and the duration of a scrape.
 *
 * @module
 */

import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expositionFor } from "../toolkit/prometheus/exposition.ts";
import { Metrics } from "../toolkit/prometheus/metrics.ts";
import { numbers } from "./numbers.ts";

const PORT = 9435;
const INTERVAL_S = 15;
const HERTZ = 100;

const { nodes, minutes, series } = numbers({ nodes: 1000, minutes: 3, series: 50 });

/** The address of a node: 127.1.x.y. */
const addressOf = (node: number) => `127.1.${node >> 8}.${node & 255}`;

/** opensnoop's counters, with process names as labels. */
const shapes = [{ members: { pid: "id", comm: "text", path: "text" } }] as const;
const metrics = new Metrics("opensnoop", shapes, true, []);
for (let i = 0; i < series; i++) metrics.add(undefined, { comm: `process-${i}` });
for (const kind of ["dropped", "missed"]) metrics.lose(kind, "events", 0);
const exposition = expositionFor("application/openmetrics-text");

let scrapes = 0;
let bytes = 0;
// One server listens on all addresses; the nodes share counters, which grow at each scrape.
const server = createServer((request, response) => {
  scrapes++;
  for (let i = 0; i < series; i += 7) metrics.add(undefined, { comm: `process-${i}` });
  const text = exposition.body(metrics.families);
  bytes += text.length;
  response.writeHead(200, { "content-type": exposition.type });
  response.end(request.method === "HEAD" ? undefined : text);
});
server.keepAliveTimeout = 60_000;
await new Promise<void>((resolve) => server.listen({ host: "0.0.0.0", port: PORT }, resolve));

const folder = mkdtempSync(join(tmpdir(), "ts-bcc-fleet-"));
const targets = Array.from({ length: nodes }, (_, node) => `${addressOf(node)}:${PORT}`);
writeFileSync(
  join(folder, "prometheus.yml"),
  `global: { scrape_interval: ${INTERVAL_S}s }\nscrape_configs: [{ job_name: ts-bcc, static_configs: ` +
    `[{ targets: ${
      JSON.stringify(targets)
    } }] }, { job_name: self, static_configs: [{ targets: ["127.0.0.1:19090"] }] }]\n`,
);
const prometheus = spawn("prometheus", [
  `--config.file=${folder}/prometheus.yml`,
  `--storage.tsdb.path=${folder}/data`,
  "--web.listen-address=127.0.0.1:19090",
  "--log.level=warn",
], { stdio: ["ignore", "inherit", "inherit"] });

/** CPU time of Prometheus in seconds, and its resident memory in MiB. */
function usage(): readonly [cpu: number, memory: number] {
  const stat = readFileSync(`/proc/${prometheus.pid}/stat`, "utf8").split(") ")[1]!.split(" ");
  const status = readFileSync(`/proc/${prometheus.pid}/status`, "utf8");
  return [
    (Number(stat[11]) + Number(stat[12])) / HERTZ,
    Number(/VmRSS:\s+(\d+)/.exec(status)![1]) / 1024,
  ];
}

async function query(text: string): Promise<number> {
  const answer = await fetch(
    `http://127.0.0.1:19090/api/v1/query?query=${encodeURIComponent(text)}`,
  );
  const { data } = await answer.json() as { data: { result: { value: [number, string] }[] } };
  return Number(data.result[0]?.value[1] ?? NaN);
}

function sizeOf(path: string): number {
  const status = statSync(path);
  if (!status.isDirectory()) return status.blocks * 512;
  return readdirSync(path).reduce((sum, name) => sum + sizeOf(join(path, name)), 0);
}

const sleep = (seconds: number) => new Promise((resolve) => setTimeout(resolve, seconds * 1000));
try {
  // The first scrapes create the series: measuring begins after them.
  await sleep(2 * INTERVAL_S);
  const [startCpu] = usage();
  const startScrapes = scrapes;
  const startBytes = bytes;
  const start = performance.now();
  await sleep(minutes * 60);
  const [cpu, memory] = usage();
  // A busy machine may sleep longer than asked for.
  const seconds = (performance.now() - start) / 1000;
  const figures = {
    nodes,
    seconds: Math.round(seconds),
    seriesOfOurs: await query('count({job="ts-bcc", __name__=~"tsbcc_.*"})'),
    seriesInAll: await query("prometheus_tsdb_head_series"),
    samplesPerSecond: await query("rate(prometheus_tsdb_head_samples_appended_total[1m])"),
    nodesUp: await query('sum(up{job="ts-bcc"})'),
    scrapes: scrapes - startScrapes,
    bytesPerScrape: Math.round((bytes - startBytes) / (scrapes - startScrapes)),
    scrapeSecondsP50: await query('quantile(0.5, scrape_duration_seconds{job="ts-bcc"})'),
    scrapeSecondsP99: await query('quantile(0.99, scrape_duration_seconds{job="ts-bcc"})'),
    cpuPercent: Number((100 * (cpu - startCpu) / seconds).toFixed(1)),
    residentMiB: Math.round(memory),
    walAndHeadMiB: Number((sizeOf(join(folder, "data")) / 2 ** 20).toFixed(1)),
    load: Number(readFileSync("/proc/loadavg", "utf8").split(" ")[0]),
  };
  console.log(JSON.stringify(figures, null, 2));
} finally {
  prometheus.kill("SIGTERM");
  await new Promise((resolve) => prometheus.once("exit", resolve));
  server.close();
  server.closeAllConnections();
  rmSync(folder, { recursive: true });
}
