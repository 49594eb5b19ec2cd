/**
 * `--otlp`: sends records to an OpenTelemetry collector. Events are sent as log records, and so are
 * records of reports other than rows and histograms; the metrics are those that `--prometheus`
 * serves.
 *
 * @module
 */

import type { Column } from "../output/columns.ts";
import { membersOf } from "../output/columns.ts";
import { complain } from "../output/complain.ts";
import type { Destination, RecordMembers, RowTaker } from "../output/destination.ts";
import type { Metrics } from "../prometheus/metrics.ts";
import { request, type Teller } from "./attributes.ts";
import { addLogRecord } from "./logs.ts";
import { metricFields } from "./metrics.ts";
import { Message } from "../output/protobuf.ts";
import { MAX_WAITING_BYTES, Sender } from "./sender.ts";

/** A request is sent once its log records have this many bytes, or the first of them is this old. */
const FULL = 512 * 1024;
const PATIENCE_MS = 1000;
/** Time limit of the last requests: a tool should end within half a second of Ctrl-C. */
const END_MS = 300;
/** The same at the end of a replay, which can wait. */
const REPLAY_END_MS = 30_000;
/** The level of gzip: fast rather than small. */
const LEVEL = 1;

const nanoseconds = (milliseconds: number) => BigInt(Math.round(milliseconds)) * 1_000_000n;

/** Sends records to a collector. */
export class Exporter implements Destination, Disposable {
  readonly #teller: Teller;
  readonly #url: string;
  readonly #metrics: Metrics;
  readonly #isEvent: boolean;
  readonly #clock: () => number;
  readonly #logs: Sender;
  readonly #figures: Sender;
  readonly #start = nanoseconds(Date.now());
  #records = new Message();
  #count = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #metricsTimer: ReturnType<typeof setInterval> | undefined;
  #beforeMetrics: () => void = () => {};
  /** Records that could not be delivered to the collector. */
  dropped = 0;

  /**
   * @param metrics counts the records
   * @param headers of all requests
   * @param clock when a record was made
   */
  constructor(
    teller: Teller,
    url: string,
    headers: Readonly<Record<string, string>>,
    metrics: Metrics,
    isEvent: boolean,
    clock: () => number = Date.now,
  ) {
    this.#clock = clock;
    this.#teller = teller;
    this.#url = url;
    this.#metrics = metrics;
    this.#isEvent = isEvent;
    const events = {
      dropped: (records: number) => void (this.dropped += records),
      failed: (why: string, isFinal: boolean) => this.#tell(why, isFinal),
      recovered: () => complain(teller.tool, `${url} takes records again`),
    };
    this.#logs = new Sender(url, headers, events);
    // Metrics are cumulative, so a request that fails loses nothing; and where there are events,
    // the sender of logs reports errors of the collector already.
    const silent = {
      dropped: () => {},
      failed: isEvent ? () => {} : events.failed,
      recovered: () => {},
    };
    this.#figures = new Sender(url, headers, silent);
  }

  /**
   * Starts the timer for metrics: tracing begins.
   * @param beforeMetrics called before metrics are made, each `metricsMs`
   */
  start(beforeMetrics: () => void, metricsMs: number): void {
    this.#beforeMetrics = beforeMetrics;
    this.#metricsTimer = setInterval(() => this.#sendMetrics(), metricsMs);
  }

  begin(): void {
    this.#metrics.begin();
  }

  rows<R>(columns: readonly Column<R>[]): RowTaker<R> {
    const count = this.#metrics.rows(columns);
    if (!this.#isEvent) return count;
    const members = membersOf(columns);
    const name = `${this.#teller.tool}.event`;
    return (row, json) => {
      count(row, json);
      this.#add(name, members(row));
    };
  }

  record(kind: string, members: RecordMembers): void {
    this.#metrics.record(kind, members);
    if (kind !== "histogram") this.#add(`${this.#teller.tool}.${kind}`, members);
  }

  /** Waits until the queue of log records has room. */
  room(): Promise<void> {
    return this.#logs.room();
  }

  /** Sends the rest. @param isReplay whether it may take longer, since nobody has pressed Ctrl-C */
  async end(isReplay = false): Promise<void> {
    const endMs = isReplay ? REPLAY_END_MS : END_MS;
    const before = this.dropped;
    this.#sendLogs();
    this.#sendMetrics();
    await Promise.all([this.#logs.end(endMs), this.#figures.end(endMs)]);
    const late = this.dropped - before;
    if (late > 0) {
      complain(
        this.#teller.tool,
        `dropped ${late} records at the end: ${this.#url} did not take them within ${endMs} ms`,
      );
    }
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    clearInterval(this.#metricsTimer);
  }

  #add(name: string, members: RecordMembers): void {
    addLogRecord(this.#records, name, members, this.#clock());
    this.#count++;
    if (this.#records.length >= FULL) this.#sendLogs();
    else this.#timer ??= setTimeout(() => this.#sendLogs(), PATIENCE_MS);
  }

  #sendLogs(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#count === 0) return;
    const body = packed(request(this.#teller, this.#records.bytes));
    this.#logs.send({ path: "/v1/logs", body, records: this.#count });
    this.#records = new Message();
    this.#count = 0;
  }

  #sendMetrics(): void {
    // Metrics are cumulative: the next request has all that this one would have.
    if (this.#figures.isBusy) return;
    this.#beforeMetrics();
    const span = { start: this.#start, now: nanoseconds(Date.now()) };
    const fields = metricFields(this.#metrics.families, span);
    this.#figures.send({
      path: "/v1/metrics",
      body: packed(request(this.#teller, fields.bytes)),
      records: 0,
    });
  }

  #tell(why: string, isFinal: boolean): void {
    const what = isFinal
      ? "they are dropped"
      : `it is tried again, and ${MAX_WAITING_BYTES / 2 ** 20} MiB wait at most`;
    complain(this.#teller.tool, `Cannot send records to ${this.#url}: ${why}: ${what}`);
  }
}

const packed = (bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> =>
  new Uint8Array(process.getBuiltinModule("node:zlib").gzipSync(bytes, { level: LEVEL }));
