// Not in guests: the cases test what is counted there; serving does not depend on the kernel.
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

const OPEN_METRICS = "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5";

/** The URL of a tool's metrics, as the tool prints it. */
const urlOf = async (tool: Running): Promise<string> =>
  (await tool.find("stderr", /metrics are at (http:\S+)$/m))[1]!;

async function scrape(url: string, accept = OPEN_METRICS): Promise<string> {
  const response = await fetch(url, { headers: { accept } });
  equal(response.status, 200);
  return await response.text();
}

/** Parses metrics; returns the samples by name and labels. */
const samplesOf = (text: string): Record<string, number> =>
  Object.fromEntries(
    text.split("\n").filter((line) => line !== "" && !line.startsWith("#"))
      .map((line) => [line.slice(0, line.lastIndexOf(" ")), Number(line.split(" ").at(-1))]),
  );

/** Scrapes until a sample has this value: counts are served only after the tool has read the events. */
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
  // Requests that are not HTTP, and endless headers, must do no harm.
  await rawStatus(url, "\x00\xff\r\n\r\n");
  await rawStatus(url, `GET /metrics HTTP/1.1\r\nhost: localhost\r\nx: ${"x".repeat(100_000)}`);
  match(await scrape(url), /\n# EOF\n$/);

  const result = await stopTool(tool);
  equal(result.stdout, "");
});

/** Sends bytes; returns the status of the HTTP answer, or NaN if there is none. */
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

const whole = "profile --prometheus counts samples while it runs, and no scrape sees half a report";
test(whole, { skip: requires(whole, "full") }, async () => {
  await using busy = Running.start(["sh", "-c", "while :; do :; done"]);
  // A live page makes the tool report more often; metrics are updated by these reports, too.
  const args = ["-p", String(busy.pid), "--prometheus", "0", "--web"];
  await using tool = await startTool("profile", ...args);
  const url = await urlOf(tool);
  const name = 'tsbcc_profile_stack_samples_total{comm="sh"}';
  const first = (await scrapedWith(url, name, 1))[name]!;
  let before = first;
  while (before < 3 * first) {
    const { [name]: now = 0 } = samplesOf(await scrape(url));
    ok(now >= before, `${now} after ${before}`);
    before = now;
    await new Promise((resolve) => setTimeout(resolve, 5));
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

/** A process of Debian's Prometheus, which scrapes given addresses each second. */
class Prometheus implements AsyncDisposable {
  readonly #running: Running;
  readonly #folder: Folder;
  readonly #api: string;

  private constructor(running: Running, folder: Folder, api: string) {
    this.#running = running;
    this.#folder = folder;
    this.#api = api;
  }

  static async start(urls: readonly string[], port: number, ...flags: string[]) {
    const folder = new Folder();
    const config = join(folder.path, "prometheus.yml");
    const targets = JSON.stringify(urls.map((url) => new URL(url).host));
    writeFileSync(
      config,
      "global: { scrape_interval: 1s }\n" +
        `scrape_configs: [{ job_name: ts-bcc, static_configs: [{ targets: ${targets} }] }]\n`,
    );
    const address = `127.0.0.1:${port}`;
    const running = Running.start([
      "prometheus",
      `--config.file=${config}`,
      `--storage.tsdb.path=${folder.path}/data`,
      `--web.listen-address=${address}`,
      ...flags,
    ]);
    await running.find("stderr", /Server is ready to receive web requests/);
    return new Prometheus(running, folder, `http://${address}/api/v1/`);
  }

  /** Repeats a query until its first result is right; returns that result. */
  async until<T>(
    text: string,
    isRight: (result: T) => boolean,
  ): Promise<T> {
    for (;;) {
      const answer = await fetch(`${this.#api}query?query=${encodeURIComponent(text)}`);
      const { data } = await answer.json() as { data: { result: T[] } };
      if (data.result[0] && isRight(data.result[0])) return data.result[0];
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  /** Repeats a query until its first result is a right number; returns it. */
  async value(text: string, isRight = (_: number) => true): Promise<number> {
    const { value } = await this.until<{ readonly value: readonly [number, string] }>(
      text,
      ({ value }) => isRight(Number(value[1])),
    );
    return Number(value[1]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#running[Symbol.asyncDispose]();
    this.#folder[Symbol.dispose]();
  }
}

const real = "Debian's Prometheus scrapes a tool and answers queries, and promtool finds no fault";
test(real, { skip: requires(real, "full") }, async () => {
  using folder = new Folder();
  const args = ["-x", "-p", String(process.pid), "--prometheus", "0", "--labels", "path"];
  await using tool = await startTool("opensnoop", ...args);
  await using latency = await startTool("runqlat", "--prometheus", "0", "0.1");
  const gone = join(folder.path, "gone");
  for (let i = 0; i < 97; i++) throws(() => openSync(gone, "r"));
  const urls = [await urlOf(tool), await urlOf(latency)];
  for (const url of urls) {
    const input = await scrape(url, "text/plain");
    const checked = spawnSync("promtool", ["check", "metrics"], { input, encoding: "utf8" });
    deepEqual([checked.status, checked.stderr], [0, ""]);
  }
  await using prometheus = await Prometheus.start(urls, 19435);
  await prometheus.value(`tsbcc_opensnoop_events_total{path="${gone}"}`, (count) => count === 97);
  const median = "histogram_quantile(0.5, sum by (le) (tsbcc_runqlat_seconds_bucket))";
  const quantile = await prometheus.value(median);
  ok(quantile > 0 && quantile < 60, String(quantile));
});

/** A native histogram in Prometheus' API; a bucket is [which bounds are inclusive, low, high, count]. */
interface NativeResult {
  readonly histogram?: readonly [
    time: number,
    {
      readonly count: string;
      readonly buckets: readonly (readonly [rule: number, low: string, high: string, n: string])[];
    },
  ];
}

const native = "Debian's Prometheus takes native histograms, with the counts of the classic ones";
test(native, { skip: requires(native, "full") }, async () => {
  using program = new FunctionsProgram();
  await using run = await program.start();
  const pattern = `${program.path}:(calls|naps)`;
  const args = ["-F", "-u", "-i", "0.1", "--prometheus", "0", "-r", pattern];
  await using tool = await startTool("funclatency", ...args);
  const url = await urlOf(tool);
  await run.go();
  const counts = { calls_2: 2, calls_3: 3, calls_5: 5, naps_3: 3 };
  const labels = (fn: string) => `function="${fn}",pid="${run.pid}"`;
  for (const [fn, calls] of Object.entries(counts)) {
    await scrapedWith(url, `tsbcc_funclatency_seconds_count{${labels(fn)}}`, calls);
  }
  await using prometheus = await Prometheus.start(
    [url],
    19436,
    "--enable-feature=native-histograms",
  );
  const text = samplesOf(await scrape(url));
  for (const [fn, calls] of Object.entries(counts)) {
    const { histogram } = await prometheus.until<NativeResult>(
      `tsbcc_funclatency_usecs{${labels(fn)}}`,
      ({ histogram }) => histogram !== undefined,
    );
    const [, { count, buckets }] = histogram!;
    equal(Number(count), calls);
    // The sum of the buckets up to a bound equals the classic histogram's count for that bound.
    let upTo = 0;
    for (const [, low, high, n] of buckets) {
      upTo += Number(n);
      equal(Number(high), Number(low) === 0 ? 2 : 2 * Number(low));
      const le = Number((Number(high) * 1e-6).toPrecision(12));
      equal(text[`tsbcc_funclatency_seconds_bucket{${labels(fn)},le="${le}"}`], upTo);
    }
    equal(upTo, calls);
    equal(
      await prometheus.value(`histogram_count(tsbcc_funclatency_usecs{${labels(fn)}})`),
      calls,
    );
  }
  // A nap takes two milliseconds: the median is in that bucket, and both forms of histogram agree.
  const median = (metric: string) => prometheus.value(`histogram_quantile(0.5, ${metric})`);
  const [own, classic] = [
    await median(`tsbcc_funclatency_usecs{${labels("naps_3")}}`),
    await median(`tsbcc_funclatency_seconds_bucket{${labels("naps_3")}}`),
  ];
  ok(own > 1024 && Math.abs(own * 1e-6 / classic - 1) < 0.5, `${own} ${classic}`);
  equal(await prometheus.value("count(tsbcc_funclatency_label_sets_full == 0)"), 1);
});
