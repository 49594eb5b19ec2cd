/**
 * Turns a tool's records into messages for the page: exact counts, a sample of the rows, and
 * reports as far as a page can show them. Memory is bounded, whatever the number of records and
 * pages.
 *
 * @module
 */

import type { Column } from "../output/columns.ts";
import type { Destination, RecordMembers, RowTaker } from "../output/destination.ts";
import type { ServerResponse } from "../http/http_server.ts";
import { EventClients, eventText } from "./event_clients.ts";
import { type Hello, type LossesMessage, type PageRecord, STACK_MEMBERS } from "./messages.ts";
import { type NumberedRow, RowSample } from "./row_sample.ts";
import { shown, shownText } from "./shown.ts";

/** Interval between messages with rows: ten per second look smooth. */
const TICK_MS = 100;
/** Limit on rows in a message: nobody reads more than 500 a second. */
const MAX_ROWS = 50;
/** How many of the latest rows are kept for pages that are opened later. */
const MAX_KEPT_ROWS = 1000;
/** Both limits for a replay: as many rows as a page keeps. */
const MAX_REPLAYED_ROWS = 5000;
/** Limit on the records of one report. */
const MAX_RECORDS = 5000;
/** Limit on the reports, in characters, that are kept for pages that are opened later. */
const MAX_KEPT_REPORTS = 4 * 1024 * 1024;
const LOSSES_MS = 1000;

/** A count of lost events or records. */
export type Loss = LossesMessage["losses"][number];

/** Turns a tool's records into messages for pages. */
export class Feed implements Destination, Disposable {
  readonly #hello: Hello;
  readonly #losses: () => readonly Loss[];
  readonly #clients = new EventClients();
  readonly #sample: RowSample<readonly unknown[]>;
  readonly #maxKept: number;
  readonly #clock: () => number;
  #hasEnded = false;
  #keptRows: NumberedRow<readonly unknown[]>[] = [];
  #keptReports: string[] = [];
  #keptSize = 0;
  #told = 0;
  #report: PageRecord[] | undefined;
  #reportTime = 0;
  #reports = 0;
  #left = 0;
  /** Losses that arrive as records, which reports make. */
  readonly #lost = new Map<string, Loss>();
  #lossesText = "";
  readonly #timers: readonly ReturnType<typeof setInterval>[];

  /**
   * @param losses the present counts of losses
   * @param replayed for a replay: gives the time of the record at hand; rows are then left out only
   * where a page has no room
   */
  constructor(hello: Hello, losses: () => readonly Loss[], replayed?: () => number) {
    this.#hello = hello;
    this.#losses = losses;
    this.#clock = replayed ?? Date.now;
    this.#sample = new RowSample(replayed ? MAX_REPLAYED_ROWS : MAX_ROWS);
    this.#maxKept = replayed ? MAX_REPLAYED_ROWS : MAX_KEPT_ROWS;
    this.#timers = [
      setInterval(() => this.#tellRows(), TICK_MS),
      setInterval(() => this.#tellLosses(), LOSSES_MS),
    ];
    // Timers must not keep the process alive.
    for (const timer of this.#timers) (timer as { unref?(): void }).unref?.();
  }

  /** Connects a page: sends it what was kept, then every new message. */
  listen(response: ServerResponse): void {
    this.#tellRows();
    this.#tellLosses();
    this.#clients.add(response, [
      eventText("hello", this.#hello),
      eventText("losses", { losses: this.#allLosses() }),
      ...this.#keptReports,
      ...this.#hello.columns ? [this.#rowsText(this.#keptRows)] : [],
    ]);
    if (this.#hasEnded) void this.#clients.end();
  }

  /** Waits until pages have taken most of what they were sent, or are gone: for callers that can wait, such as a replay. */
  room(): Promise<void> {
    return this.#clients.room();
  }

  /** A report begins. */
  begin(): void {
    this.#tellReport();
    this.#startReport();
  }

  #startReport(): PageRecord[] {
    this.#reportTime = this.#clock();
    this.#left = 0;
    return this.#report = [];
  }

  /** Takes rows of events, of which some are shown, or those of a report. */
  rows<R>(_columns?: readonly Column<R>[]): RowTaker<R> {
    const read = (json: () => string) => JSON.parse(json()) as Record<string, unknown>;
    if (!this.#hello.columns) return (_, json) => this.#keep(null, read(json));
    const keys = this.#hello.columns.map(({ key }) => key);
    return (_, json) =>
      this.#sample.add(() => {
        const members = read(json);
        return keys.map((key) => shown(members[key]));
      });
  }

  /** Takes a record that is no row. */
  record(kind: string, members: RecordMembers): void {
    const { what, total } = members;
    if (typeof what !== "string" || total === undefined) return this.#keep(kind, members);
    this.#lost.set(`${kind} ${what}`, { kind, what: shownText(what), total: Number(total) });
  }

  #keep(kind: string | null, members: RecordMembers): void {
    const report = this.#report ?? this.#startReport();
    if (report.length < MAX_RECORDS) report.push([kind, members]);
    else this.#left++;
  }

  /** The present report may be complete. */
  flush(): void {
    this.#tellReport();
  }

  /** There are no more records. */
  async end(): Promise<void> {
    this.#tellRows();
    this.#tellReport();
    this.#tellLosses();
    this.#hasEnded = true;
    await this.#clients.end();
  }

  #tellRows(): void {
    if (this.#sample.total === this.#told) return;
    this.#told = this.#sample.total;
    const rows = this.#sample.take();
    this.#keptRows = [...this.#keptRows, ...rows].slice(-this.#maxKept);
    if (this.#clients.size > 0) this.#clients.send("rows", this.#rowsMessage(rows));
  }

  #rowsMessage(rows: readonly NumberedRow<readonly unknown[]>[]) {
    return { time: Date.now(), total: this.#sample.total, rows };
  }

  #rowsText(rows: readonly NumberedRow<readonly unknown[]>[]): string {
    return eventText("rows", this.#rowsMessage(rows));
  }

  #tellReport(): void {
    const report = this.#report;
    if (!report) return;
    this.#report = undefined;
    const names = new Names();
    const records = report.map(([kind, members]) =>
      [kind === null ? null : shownText(kind), names.replaceIn(members)] as const
    );
    const text = this.#clients.send("report", {
      time: this.#reportTime,
      number: ++this.#reports,
      records,
      names: names.list,
      left: this.#left,
    });
    if (this.#hello.isCumulative) this.#keptReports = [];
    this.#keptReports.push(text);
    this.#keptSize = this.#keptReports.reduce((sum, { length }) => sum + length, 0);
    while (this.#keptSize > MAX_KEPT_REPORTS && this.#keptReports.length > 1) {
      this.#keptSize -= this.#keptReports.shift()!.length;
    }
  }

  #allLosses(): Loss[] {
    const all = new Map(this.#lost);
    for (const loss of this.#losses()) all.set(`${loss.kind} ${loss.what}`, loss);
    return [...all.values()];
  }

  #tellLosses(): void {
    if (this.#clients.size === 0) return;
    const losses = this.#allLosses();
    const text = JSON.stringify(losses);
    if (text === this.#lossesText) return;
    this.#lossesText = text;
    this.#clients.send("losses", { losses });
  }

  [Symbol.dispose](): void {
    for (const timer of this.#timers) clearInterval(timer);
    this.#clients[Symbol.dispose]();
  }
}

/** The names in the stacks of one report, each once: most occur in many stacks. */
class Names {
  readonly list: string[] = [];
  readonly #indices = new Map<string, number>();

  /** Returns the members with the names in stacks replaced by indices. */
  replaceIn(members: RecordMembers): Record<string, unknown> {
    return Object.fromEntries(
      Object.entries(members).map(([name, value]) => [
        shownText(name),
        STACK_MEMBERS.includes(name) && Array.isArray(value)
          ? value.map((each) => this.#indexOf(String(each)))
          : shown(value),
      ]),
    );
  }

  #indexOf(name: string): number {
    let index = this.#indices.get(name);
    if (index === undefined) {
      index = this.list.push(shownText(name)) - 1;
      this.#indices.set(name, index);
    }
    return index;
  }
}
