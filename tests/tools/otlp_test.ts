// Not in guests: how records are sent depends on no kernel.
import { deepEqual, equal, match, ok, throws } from "node:assert/strict";
import { closeSync, openSync } from "node:fs";
import { createServer } from "node:net";
import { hostname } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { PROJECT } from "../support/build.ts";
import { FunctionsProgram } from "../support/functions.ts";
import { type Result, Running } from "../support/process.ts";
import { READY, toolCommand } from "../support/tool.ts";
import { Folder } from "../support/workload.ts";

interface Value {
  readonly stringValue?: string;
  readonly intValue?: string;
  readonly boolValue?: boolean;
  readonly arrayValue?: { readonly values: readonly Value[] };
}
interface Attributed {
  readonly attributes?: readonly { readonly key: string; readonly value: Value }[];
}
interface LogRecord extends Attributed {
  readonly timeUnixNano: string;
  readonly severityNumber: number;
  readonly body: Value;
}
interface Point extends Attributed {
  readonly asDouble?: number;
  readonly count?: string;
  readonly bucketCounts?: readonly string[];
  readonly explicitBounds?: readonly number[];
}
interface Metric {
  readonly name: string;
  readonly unit?: string;
  readonly sum?: { readonly dataPoints: readonly Point[]; readonly isMonotonic: boolean };
  readonly histogram?: { readonly dataPoints: readonly Point[] };
}
interface Received {
  readonly path: string;
  readonly answer: string;
  readonly form: string;
  readonly encoding: string;
  readonly authorization?: string;
  readonly message: {
    readonly resourceLogs?: readonly {
      readonly resource: Attributed;
      readonly scopeLogs: readonly {
        readonly scope: { readonly name: string };
        readonly logRecords: readonly LogRecord[];
      }[];
    }[];
    readonly resourceMetrics?: readonly {
      readonly scopeMetrics: readonly { readonly metrics: readonly Metric[] }[];
    }[];
  };
}

/** A process of otlp_receiver.ts, which always runs under Deno. */
class Collector implements AsyncDisposable {
  readonly running: Running;
  readonly url: string;

  private constructor(running: Running, url: string) {
    this.running = running;
    this.url = url;
  }

  static async start(...answers: string[]): Promise<Collector> {
    const running = Running.start([
      ...[`${PROJECT}.tools/bin/deno`, "run", "--quiet", "--no-check", "--allow-all"],
      ...[join(PROJECT, "tests/support/otlp_receiver.ts"), ...answers],
    ]);
    return new Collector(running, (await running.find("stdout", /^http:\S+$/m))[0]);
  }

  /** Waits until the received requests are enough, and returns them. */
  async until(isEnough: (received: readonly Received[]) => boolean): Promise<Received[]> {
    let received: Received[] = [];
    const exec = (text: string) => {
      received = text.split("\n").slice(0, -1).filter((line) => line.startsWith("{"))
        .map((line) => JSON.parse(line));
      return isEnough(received) ? [""] : null;
    };
    await this.running.find("stdout", { exec } as unknown as RegExp);
    return received;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.running[Symbol.asyncDispose]();
  }
}

const plain = (value: Value): unknown =>
  value.arrayValue?.values.map(plain) ?? value.stringValue ?? value.boolValue ??
    (value.intValue === undefined ? undefined : Number(value.intValue));
const attributesOf = ({ attributes = [] }: Attributed): Record<string, unknown> =>
  Object.fromEntries(attributes.map(({ key, value }) => [key, plain(value)]));
const logsOf = (received: readonly Received[]): LogRecord[] =>
  received.flatMap(({ message }) => message.resourceLogs ?? [])
    .flatMap(({ scopeLogs }) => scopeLogs).flatMap(({ logRecords }) => logRecords);
const metricsOf = (received: readonly Received[]): readonly Metric[] =>
  received.flatMap(({ message }) => message.resourceMetrics ?? []).at(-1)?.scopeMetrics[0]
    ?.metrics ??
    [];
/** The points of a counter or a histogram in the latest metrics. */
const pointsOf = (received: readonly Received[], metric: string): readonly Point[] => {
  const found = metricsOf(received).find(({ name }) => name === metric);
  return (found?.sum ?? found?.histogram)?.dataPoints ?? [];
};
const hasLog = (received: readonly Received[], path: string) =>
  logsOf(received).some((log) => attributesOf(log).path === path);

/** Starts a tool that sends metrics every 100 ms. */
async function start(name: string, ...args: string[]): Promise<Running> {
  const env = { ...READY.env, OTEL_METRIC_EXPORT_INTERVAL: "100" };
  const running = Running.start([...toolCommand(name), ...args], { env });
  await running.find("stderr", /^ready$/m);
  return running;
}

/** Starts opensnoop for this process only. */
const own = (url: string, ...more: string[]) =>
  start("opensnoop", "-p", String(process.pid), "--otlp", url, ...more);

async function stop(tool: Running): Promise<Result> {
  tool.kill("SIGINT");
  return await tool.result;
}

test("opensnoop --otlp sends each event once, counters and losses, and who tells them", async () => {
  using folder = new Folder();
  await using collector = await Collector.start("ok");
  await using tool = await own(collector.url, "--labels", "path");
  const [file, gone] = [join(folder.path, 'file\n\x1b"'), join(folder.path, "gone")];
  for (let i = 0; i < 97; i++) closeSync(openSync(file, "w"));
  for (let i = 0; i < 13; i++) throws(() => openSync(gone, "r"));
  const last = join(folder.path, "last");
  throws(() => openSync(last, "r"));
  const received = await collector.until((found) =>
    hasLog(found, last) &&
    pointsOf(found, "tsbcc_opensnoop_events").some((point) => attributesOf(point).path === last)
  );
  const { stdout, stderr } = await stop(tool);
  equal(stdout, "");
  match(stderr, new RegExp(`^opensnoop: sending to ${collector.url}$`, "m"));
  ok(
    received.every(({ form, encoding }) =>
      form === "application/x-protobuf" && encoding === "gzip"
    ),
  );
  const logs = logsOf(received).map((log) => ({ log, about: attributesOf(log) }))
    .filter(({ about }) => about.path === file || about.path === gone);
  deepEqual(
    logs.map(({ about }) => [about.pid, about.err, about.path === gone]),
    [...Array(97).fill([process.pid, 0, false]), ...Array(13).fill([process.pid, 2, true])],
  );
  const [{ log }] = logs as [typeof logs[0]];
  deepEqual([log.body, log.severityNumber], [{ stringValue: "opensnoop.event" }, 9]);
  ok(Math.abs(Number(BigInt(log.timeUnixNano) / 1_000_000n) - Date.now()) < 3_600_000);
  const { resource, scopeLogs } = received.find(({ message }) => message.resourceLogs)!.message
    .resourceLogs![0]!;
  const about = attributesOf(resource);
  deepEqual(
    [about["service.name"], about["host.name"], about["os.type"], about["tsbcc.tool"]],
    ["ts-bcc", hostname(), "linux", "opensnoop"],
  );
  equal(scopeLogs[0]!.scope.name, "ts-bcc/opensnoop");
  const metrics = metricsOf(received);
  const events = metrics.find(({ name }) => name === "tsbcc_opensnoop_events")!.sum!;
  const counted = (path: string) =>
    events.dataPoints.find((point) => attributesOf(point).path === path)?.asDouble;
  deepEqual([events.isMonotonic, counted(gone)], [true, 13]);
  // Labels are escaped in the same way as for Prometheus.
  equal(counted(join(folder.path, 'file\\n\\x1b"')), 97);
  const dropped = metrics.find(({ name }) => name === "tsbcc_opensnoop_dropped")!.sum!;
  deepEqual(
    dropped.dataPoints.map((point) => [attributesOf(point).what, point.asDouble]),
    [["calls", 0], ["events", 0], ["sent records", 0]],
  );
});

test("funclatency --otlp sends histograms, added up over its reports", async () => {
  using program = new FunctionsProgram();
  await using run = await program.start();
  await using collector = await Collector.start("ok");
  const pattern = `${program.path}:(calls|naps)`;
  await using _tool = await start(
    ...["funclatency", "-F", "-u", "-i", "0.1", "--otlp", collector.url, "-r", pattern] as const,
  );
  await run.go();
  const name = "tsbcc_funclatency_seconds";
  const received = await collector.until((found) =>
    pointsOf(found, name).reduce((sum, { count }) => sum + Number(count), 0) === 2 + 3 + 5 + 3
  );
  const metrics = metricsOf(received);
  const { unit, histogram } = metrics.find(({ name }) => name === "tsbcc_funclatency_seconds")!;
  equal(unit, "s");
  const points = histogram!.dataPoints.map((point) =>
    [attributesOf(point).function, point] as const
  );
  for (
    const [fn, calls] of [["calls_2", 2], ["calls_3", 3], ["calls_5", 5], ["naps_3", 3]] as const
  ) {
    const point = points.find(([name]) => name === fn)![1];
    const { count, bucketCounts, explicitBounds } = point;
    equal(Number(count), calls);
    equal(bucketCounts!.reduce((sum, each) => sum + Number(each), 0), calls);
    equal(bucketCounts!.length, explicitBounds!.length + 1);
  }
});

test("a collector that is busy, fails or hangs up gets each record again, once", async () => {
  await using collector = await Collector.start("429", "503", "close", "ok");
  await using tool = await own(collector.url);
  for (let i = 0; i < 97; i++) throws(() => openSync("/none/again", "r"));
  throws(() => openSync("/none/last", "r"));
  await tool.find("stderr", /takes records again$/m);
  const received = await collector.until((found) =>
    hasLog(found.filter(({ answer }) => answer === "ok"), "/none/last")
  );
  const { stderr } = await stop(tool);
  match(
    stderr,
    /^opensnoop: Cannot send records to http:\S+: status 429: it is tried again, and 8 MiB wait at most$/m,
  );
  const taken = logsOf(received.filter(({ answer }) => answer === "ok"))
    .filter((log) => attributesOf(log).path === "/none/again");
  equal(taken.length, 97);
});

test("records that a collector refuses, rejects or never takes are dropped, and told", async () => {
  await using refusing = await Collector.start("400");
  await using rejecting = await Collector.start("reject");
  await using silent = await Collector.start("never");
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise<void>((resolve) => server.once("listening", resolve));
  const closed = `http://127.0.0.1:${(server.address() as { port: number }).port}`;
  server.close();
  const urls = [refusing.url, rejecting.url, silent.url, closed];
  const tools = await Promise.all(urls.map((url) => own(url)));
  try {
    for (let i = 0; i < 97; i++) throws(() => openSync("/none/refused", "r"));
    await Promise.all(
      [/status 400: they are dropped$/m, /rejected \d+ records: they are dropped$/m].map((
        text,
        i,
      ) => tools[i]!.find("stderr", text)),
    );
    await tools[3]!.find("stderr", /ECONNREFUSED: nobody listens there: it is tried again/);
    for (const tool of tools) tool.kill("SIGINT");
    const results = await Promise.all(tools.map((tool) => tool.result));
    // If not all records were accepted, the tool ends with status 1.
    deepEqual(results.map(({ status }) => status), [1, 1, 1, 1]);
    const [refused, rejected, hung, gone] = results.map(({ stderr }) => stderr);
    match(refused!, /^opensnoop: dropped \d+ sent records in all: the collector refused them/m);
    // The receiver rejects five records of each request: the dropped count must be the sum of the rejected ones so far.
    const numbers = (pattern: RegExp) => [...rejected!.matchAll(pattern)].map(([, n]) => Number(n));
    let sum = 0;
    const sums = numbers(/rejected (\d+) records: they are dropped$/gm).map((n) => sum += n);
    const dropped = numbers(/^opensnoop: dropped (\d+) sent records (?:so far|in all): /gm);
    ok(dropped.length > 0 && dropped.every((n) => sums.includes(n)), rejected);
    for (const text of [hung!, gone!]) {
      match(
        text,
        /^opensnoop: dropped \d+ records at the end: http:\S+ did not take them within 300 ms$/m,
      );
    }
  } finally {
    for (const tool of tools) await tool[Symbol.asyncDispose]();
  }
});

test("--otlp sends the headers of the standard's variable", async () => {
  await using collector = await Collector.start("ok");
  const command = [...toolCommand("opensnoop"), "-p", String(process.pid), "--otlp", collector.url];
  const env = { ...READY.env, OTEL_EXPORTER_OTLP_HEADERS: "authorization=Bearer%20a=b" };
  await using tool = Running.start(command, { env });
  await tool.find("stderr", /^ready$/m);
  throws(() => openSync("/none/headers", "r"));
  const [first] = await collector.until((found) => found.length > 0);
  equal(first?.authorization, "Bearer a=b");
});
