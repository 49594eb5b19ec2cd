// Not in guests: what is counted there the cases show; how it is served depends on no kernel.
import { deepEqual, equal, match, ok, throws } from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { closeSync, openSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { FunctionsProgram } from "../support/functions.ts";
import { Running } from "../support/process.ts";
import { requires } from "../support/requires.ts";
import { runTool, startTool, stopTool } from "../support/tool.ts";
import { Folder } from "../support/workload.ts";

const OPEN_METRICS = "application/openmetrics-text;version=1.0.0;q=0.8,text/plain;version=0.0.4";

/** Where a tool serves metrics, as it says itself. */
const urlOf = async (tool: Running): Promise<string> =>
  (await tool.find("stderr", /metrics are at (http:\S+)$/m))[1]!;

async function scrape(url: string, accept = OPEN_METRICS): Promise<string> {
  const response = await fetch(url, { headers: { accept } });
  equal(response.status, 200);
  return await response.text();
}

/** Samples by their names and labels. */
const samplesOf = (text: string): Record<string, number> =>
  Object.fromEntries(
    text.split("\n").filter((line) => line !== "" && !line.startsWith("#"))
      .map((line) => [line.slice(0, line.lastIndexOf(" ")), Number(line.split(" ").at(-1))]),
  );

/** Asks until a sample is there with this value: what was counted is served when the tool has read it. */
async function scrapedWith(url: string, name: string, value: number) {
  let samples = samplesOf(await scrape(url));
  while ((samples[name] ?? 0) < value) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    samples = samplesOf(await scrape(url));
  }
  return samples;
}

test("opensnoop --prometheus counts exactly what it would print, and prints nothing", async () => {
  using folder = new Folder();
  const args = ["-p", String(process.pid), "--prometheus", "0", "--labels", "path,err"];
  await using tool = await startTool("opensnoop", ...args);
  const url = await urlOf(tool);
  match(url, /^http:\/\/127\.0\.0\.1:\d+\/metrics$/);
  const [file, gone] = [join(folder.path, "file"), join(folder.path, "gone")];
  for (let i = 0; i < 97; i++) closeSync(openSync(file, "w"));
  for (let i = 0; i < 13; i++) throws(() => openSync(gone, "r"));
  const name = (path: string, err: number) =>
    `tsbcc_opensnoop_events_total{path="${path}",err="${err}"}`;
  const samples = await scrapedWith(url, name(gone, 2), 13);
  deepEqual([samples[name(file, 0)], samples[name(gone, 2)]], [97, 13]);
  equal(samples['tsbcc_opensnoop_dropped_total{what="events"}'], 0);
  equal(samples["tsbcc_opensnoop_label_sets_full"], 0);
  match(await scrape(url), /\n# EOF\n$/);
  match(await scrape(url, "*/*"), /^# TYPE tsbcc_opensnoop_events_total counter$/m);

  const status = async (path: string, init?: RequestInit) => {
    const response = await fetch(new URL(path, url), init);
    await response.body?.cancel();
    return response.status;
  };
  deepEqual(
    [await status("/"), await status("/etc/passwd"), await status("/metrics", { method: "POST" })],
    [404, 404, 405],
  );
  equal(await rawStatus(url, "GET /metrics HTTP/1.1\r\nhost: example.com\r\n\r\n"), 403);
  // What is no HTTP at all, and headers without an end, harm nobody.
  await rawStatus(url, "\x00\xff\r\n\r\n");
  await rawStatus(url, `GET /metrics HTTP/1.1\r\nhost: localhost\r\nx: ${"x".repeat(100_000)}`);
  match(await scrape(url), /\n# EOF\n$/);

  const result = await stopTool(tool);
  equal(result.stdout, "");
});

/** The status of the answer to some bytes; NaN if there is none. */
function rawStatus(url: string, request: string): Promise<number> {
  const { hostname, port } = new URL(url);
  const { promise, resolve } = Promise.withResolvers<number>();
  let answer = "";
  const socket = connect({ host: hostname, port: Number(port) }, () => socket.write(request));
  socket.on("data", (data) => {
    answer += data;
    socket.destroy();
  });
  socket.on("error", () => {});
  socket.on("close", () => resolve(Number(/^HTTP\/1\.1 (\d+)/.exec(answer)?.[1] ?? NaN)));
  return promise;
}

test("funclatency --prometheus adds up the histograms of its reports", async () => {
  using program = new FunctionsProgram();
  await using run = await program.start();
  const pattern = `${program.path}:(calls|naps)`;
  const args = ["-F", "-u", "-i", "0.1", "--prometheus", "0", "-r", pattern];
  await using tool = await startTool("funclatency", ...args);
  const url = await urlOf(tool);
  await run.go();
  const name = (kind: string, fn: string, le = "") =>
    `tsbcc_funclatency_seconds_${kind}{function="${fn}",pid="${run.pid}"${le}}`;
  for (
    const [fn, calls] of [["calls_2", 2], ["calls_3", 3], ["calls_5", 5], ["naps_3", 3]] as const
  ) {
    const samples = await scrapedWith(url, name("count", fn), calls);
    equal(samples[name("count", fn)], calls);
    equal(samples[name("bucket", fn, ',le="+Inf"')], calls);
    // A nap takes two milliseconds.
    const short = samples[name("bucket", fn, ',le="0.001024"')]!;
    ok(fn === "naps_3" ? short === 0 : short <= calls, String(short));
  }
  await stopTool(tool);
});

test("--prometheus says where it cannot listen, and --labels that they are its own", async () => {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise<void>((resolve) => server.once("listening", resolve));
  const { port } = server.address() as { port: number };
  const [taken, alone] = await Promise.all([
    runTool("opensnoop", "--prometheus", String(port)),
    runTool("opensnoop", "--labels", "comm"),
  ]);
  server.close();
  equal(
    taken.stderr,
    `opensnoop: Cannot serve metrics on 127.0.0.1:${port}: EADDRINUSE: another program listens there: ` +
      "choose another port\n",
  );
  match(alone.stderr, /^opensnoop: --labels are those of --prometheus and --otlp\n/);
  deepEqual([taken.status, alone.status], [1, 2]);
});

const real = "Debian's Prometheus scrapes a tool and answers queries, and promtool finds no fault";
test(real, { skip: requires(real, "full") }, async () => {
  using folder = new Folder();
  const args = ["-x", "-p", String(process.pid), "--prometheus", "0", "--labels", "path"];
  await using tool = await startTool("opensnoop", ...args);
  await using latency = await startTool("runqlat", "--prometheus", "0", "0.1");
  const gone = join(folder.path, "gone");
  for (let i = 0; i < 97; i++) throws(() => openSync(gone, "r"));
  const url = await urlOf(tool);
  for (const each of [tool, latency]) {
    const input = await scrape(await urlOf(each), "text/plain");
    const checked = spawnSync("promtool", ["check", "metrics"], { input, encoding: "utf8" });
    deepEqual([checked.status, checked.stderr], [0, ""]);
  }
  const config = join(folder.path, "prometheus.yml");
  const targets = [url, await urlOf(latency)].map((each) => new URL(each).host);
  writeFileSync(
    config,
    "global: { scrape_interval: 1s }\n" +
      `scrape_configs: [{ job_name: ts-bcc, static_configs: [{ targets: ${
        JSON.stringify(targets)
      } }] }]\n`,
  );
  await using prometheus = Running.start([
    "prometheus",
    `--config.file=${config}`,
    `--storage.tsdb.path=${folder.path}/data`,
    "--web.listen-address=127.0.0.1:19435",
  ]);
  await prometheus.find("stderr", /Server is ready to receive web requests/);
  const query = async (text: string): Promise<number | undefined> => {
    const answer = await fetch(
      `http://127.0.0.1:19435/api/v1/query?query=${encodeURIComponent(text)}`,
    );
    const { data } = await answer.json() as { data: { result: { value: [number, string] }[] } };
    return data.result[0] && Number(data.result[0].value[1]);
  };
  while (await query(`tsbcc_opensnoop_events_total{path="${gone}"}`) !== 97) {
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  let quantile: number | undefined;
  const median = "histogram_quantile(0.5, sum by (le) (tsbcc_runqlat_seconds_bucket))";
  while ((quantile = await query(median)) === undefined) {
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  ok(quantile > 0 && quantile < 60, String(quantile));
});
