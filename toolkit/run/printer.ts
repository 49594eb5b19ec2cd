/**
 * Prints while a tool traces: rows as events arrive, or reports at intervals.
 *
 * @module
 */

import { type Bpf, type EventStream, u64 } from "../../mod.ts";
import { CollectWhenIdle } from "./collect_when_idle.ts";
import { isTerminal, STDOUT } from "../../plumbing.ts";
import { csvHead, csvRow, headLine, jsonRow, tableRow } from "../output/columns.ts";
import { type Destination, type Destinations, once } from "../output/destination.ts";
import { escapeText } from "../output/escape.ts";
import { DROPPED_EVENTS, type Losses } from "./losses.ts";
import { withProgress } from "../output/complain.ts";
import { NoOutput, type Output } from "../output/output.ts";
import { Report } from "../output/report.ts";
import type { Stop } from "./stop.ts";
import { RowCounts } from "../output/row_counts.ts";
import type { EventPlan, ReportPlan, ReportSignal } from "./tool.ts";
import type { ShownContainers } from "../task/containers.ts";
import type { Who } from "../task/who.ts";
import { columnsOf } from "./plan_records.ts";

/** Prints what a plan says, while it is carried out. */
export interface Printer extends Disposable {
  /** Prints what comes before the first event. */
  begin(): void | Promise<void>;
  /** Prints until `stop` is requested or nothing more can come. */
  run(stop: Stop): Promise<void>;
  /** Prints what is left after everything was detached. */
  finish(): Promise<void>;
  /** Ends a wait in `run`: a stop was requested. */
  wake(): void;
  /** Ends the last report early because of a signal. */
  interrupt(): void;
}

/** Events printed between two checks for a stop request. */
const BATCH = 8192;

/** Prints events as rows. */
export class Rows<E extends { readonly who: Who }> implements Printer {
  readonly #stream: EventStream<E>;
  readonly #losses: Losses;
  readonly #output: Output;
  readonly #destinations: Destinations | undefined;
  readonly #heading: string | undefined;
  /** Prints an event if it is wanted. */
  readonly #print: (event: E) => void;
  readonly #counts: RowCounts | undefined;
  readonly #garbage = new CollectWhenIdle();
  #left: number;

  /** Opens the stream of the plan's events. */
  constructor(
    bpf: Bpf,
    plan: EventPlan<E>,
    output: Output,
    losses: Losses,
    values: ShownContainers & { readonly json: boolean },
    destinations?: Destinations,
  ) {
    const { json } = values;
    const columns = columnsOf(plan, values);
    const { csv, heading = true } = plan;
    const raw = json ? undefined : plan.raw?.bind(plan);
    const row = (json ? jsonRow : csv ? csvRow : tableRow)(columns);
    const take = destinations?.rows(columns);
    this.#counts = plan.aggregate ? new RowCounts(json) : undefined;
    this.#print = (event) => {
      if (plan.wants?.(event) === false) return;
      this.#left--;
      if (raw) return output.text(raw(event));
      let text: string;
      if (take) {
        // Rows are made once: a column may show the time at which it was asked.
        const line = once(() => row(event));
        take(event, line);
        if (!output.prints) return;
        text = line();
      } else {
        text = row(event);
      }
      const below = json ? undefined : plan.below?.(event).map(escapeText);
      if (this.#counts) this.#counts.add([text, ...below ?? []].join("\n"));
      else output.line(below ? [text, ...below, ""].join("\n") : text);
    };
    this.#heading = json || raw || !heading ? undefined : (csv ? csvHead : headLine)(columns);
    this.#stream = bpf.events("events", plan.event);
    losses.watch(DROPPED_EVENTS, () => plan.dropped?.(bpf) ?? this.#stream.dropped ?? 0);
    if (plan.truncated) {
      const { global, what, reason } = plan.truncated;
      const count = bpf.global(global, u64.asNumber);
      losses.watch({ kind: "truncated", what, reason }, () => count.value);
    }
    this.#losses = losses;
    this.#output = output;
    this.#destinations = destinations;
    this.#left = plan.most ?? Infinity;
  }

  begin(): void {
    if (this.#heading !== undefined) this.#output.line(this.#heading);
  }

  async run(stop: Stop): Promise<void> {
    while (!stop.requested && this.#left > 0 && await this.#stream.wait()) {
      this.#garbage.handled(this.#drain());
      this.#losses.reportNow();
      if (this.#destinations) await this.#destinations.flush();
      await this.#output.flush();
    }
  }

  async finish(): Promise<void> {
    while (this.#drain() > 0) await this.#output.flush();
    for (const text of this.#counts?.texts() ?? []) this.#output.line(text);
    this.#losses.reportEnd();
  }

  wake(): void {
    this.#stream.wake();
  }

  /** Nothing to do: rows are written in batches, and a second signal ends the process. */
  interrupt(): void {}

  [Symbol.dispose](): void {
    this.#garbage[Symbol.dispose]();
    this.#stream.close();
  }

  #drain(): number {
    return this.#stream.drain(this.#print, Math.min(BATCH, this.#left));
  }
}

const CLEAR = "\x1b[H\x1b[2J";

/** A request for a report that only those destinations get that want snapshots. */
const SNAPSHOT = Symbol("snapshot");

/** Prints reports. */
export class Reports implements Printer {
  readonly #bpf: Bpf;
  readonly #name: string;
  readonly #plan: ReportPlan;
  readonly #output: Output;
  readonly #losses: Losses;
  readonly #json: boolean;
  readonly #redraw: boolean;
  readonly #destinations: Destinations | undefined;
  readonly #woken = Promise.withResolvers<void>();
  readonly #asked: (ReportSignal | typeof SNAPSHOT)[] = [];
  #whenAsked = Promise.withResolvers<void>();
  readonly #onSignal = (signal: ReportSignal | typeof SNAPSHOT): void => {
    this.#asked.push(signal);
    this.#whenAsked.resolve();
  };
  #timer: ReturnType<typeof setTimeout> | undefined;
  #snapshotTimer: ReturnType<typeof setTimeout> | undefined;
  #isOver = false;
  #isInterrupted = false;
  /** When the last report was made, or tracing began; by performance.now(). */
  #last = performance.now();

  /** Prepares reports of what `bpf` holds. @param name the tool's */
  constructor(
    name: string,
    bpf: Bpf,
    plan: ReportPlan,
    output: Output,
    losses: Losses,
    { json }: { readonly json: boolean },
    destinations?: Destinations,
  ) {
    this.#destinations = destinations;
    this.#name = name;
    this.#bpf = bpf;
    this.#plan = plan;
    this.#output = output;
    this.#losses = losses;
    this.#json = json;
    this.#redraw = !json && plan.redraw === true && isTerminal(STDOUT);
  }

  async begin(): Promise<void> {
    for (const signal of this.#plan.signals ?? []) process.on(signal, this.#onSignal);
    if (this.#plan.signals && this.#plan.interval === undefined) await this.#report();
    this.#armSnapshot(0);
  }

  async run(stop: Stop): Promise<void> {
    const { interval, count = Infinity } = this.#plan;
    // The last report is printed by finish().
    for (let done = 1, start = performance.now(); !stop.requested; done++) {
      const end = interval === undefined ? undefined : start + done * interval * 1000;
      await this.#until(end);
      if (stop.requested) return;
      this.#isOver = done >= count || this.#plan.isOver?.() === true;
      if (this.#isOver) return;
      await this.#report();
      this.#losses.reportNow();
      await this.#output.flush();
    }
  }

  async finish(): Promise<void> {
    // Symbolizing many stacks takes seconds.
    await withProgress(
      this.#name,
      "making the report; Ctrl-C ends without it",
      () => this.#report(),
    );
    this.#losses.reportEnd();
    await this.#output.flush();
  }

  wake(): void {
    this.#woken.resolve();
  }

  /**
   * The report after a signal that ended the trace was asked for, so it is complete; a signal
   * during a report that would have been the last anyway ends it early.
   */
  interrupt(): void {
    this.#isInterrupted = this.#isOver;
  }

  [Symbol.dispose](): void {
    for (const signal of this.#plan.signals ?? []) process.off(signal, this.#onSignal);
    clearTimeout(this.#timer);
    clearTimeout(this.#snapshotTimer);
  }

  /**
   * Waits until it is time for a report or to stop; meanwhile prints reports that signals ask for.
   */
  async #until(time: number | undefined): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    if (time !== undefined) {
      // A report may have taken longer than the interval.
      this.#timer = setTimeout(resolve, Math.max(0, time - performance.now()));
    }
    const isOver = Promise.race([promise, this.#woken.promise]).then(() => true);
    while (!await Promise.race([isOver, this.#whenAsked.promise.then(() => false)])) {
      this.#whenAsked = Promise.withResolvers();
      for (const signal of this.#asked.splice(0)) {
        await (signal === SNAPSHOT ? this.#snapshot() : this.#report(signal));
      }
      await this.#output.flush();
    }
    clearTimeout(this.#timer);
  }

  /** @param cost milliseconds that one took: at least half of the time is for others */
  #armSnapshot(cost: number): void {
    const seconds = this.#destinations?.snapshotSeconds;
    if (seconds === undefined) return;
    const delay = Math.max(seconds * 1000, cost);
    this.#snapshotTimer = setTimeout(() => this.#onSignal(SNAPSHOT), delay);
  }

  async #snapshot(): Promise<void> {
    const start = performance.now();
    const destination = this.#destinations!.snapshots;
    await this.#make(new NoOutput(), destination, (start - this.#last) / 1000);
    this.#armSnapshot(performance.now() - start);
  }

  async #make(
    output: Output,
    destination: Destination | undefined,
    seconds: number,
    signal?: ReportSignal,
  ): Promise<void> {
    const report = new Report(output, {
      json: this.#json,
      name: this.#name,
      seconds: Math.max(seconds, 0.001),
      isInterrupted: () => this.#isInterrupted,
      destination,
    });
    await this.#plan.report(this.#bpf, report, signal);
    await destination?.flush?.();
  }

  async #report(signal?: ReportSignal): Promise<void> {
    if (this.#redraw) this.#output.text(CLEAR);
    const now = performance.now();
    const seconds = (now - this.#last) / 1000;
    this.#last = now;
    await this.#make(this.#output, this.#destinations, seconds, signal);
  }
}
