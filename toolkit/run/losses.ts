/**
 * Reports what a trace did not see, in three words: dropped (no room for it), missed (the kernel
 * did not run the program), truncated (cut).
 *
 * @module
 */

import { type Bpf, u64 } from "../../mod.ts";
import { complain } from "../output/complain.ts";
import { type Destination, once } from "../output/destination.ts";
import { toJson } from "../output/escape.ts";
import type { Output } from "../output/output.ts";
import type { Report } from "../output/report.ts";

const INTERVAL_MS = 1000;

/** A kind of loss, with its remedy. */
export interface Loss {
  /** Also the kind of its records in JSON. */
  readonly kind: "dropped" | "missed" | "truncated";
  /** What was lost, in the plural. */
  readonly what: string;
  /** The cause and the remedy. */
  readonly reason: string;
}

/** Events for which the ring buffer was full. */
export const DROPPED_EVENTS: Loss = {
  kind: "dropped",
  what: "events",
  reason: "the ring buffer was full: raise -b/--buffer-pages",
};

/** Calls dropped because the map of calls in flight was full, counted by the kernel side. */
export const IN_FLIGHT = "in_flight_dropped";

/** Counters that most kernel sides have, by variable name. */
const COUNTED: Readonly<Record<string, Loss>> = {
  [IN_FLIGHT]: {
    kind: "dropped",
    what: "calls",
    reason:
      "more were in flight at a time than the kernel's map has room for: leave some out by a " +
      "filter (--help lists them)",
  },
  code_mappings_dropped: {
    kind: "dropped",
    what: "mappings",
    reason: "more processes map libraries than the kernel's map has room for: functions may be " +
      "named after what lay at their addresses before",
  },
  stacks_dropped: {
    kind: "dropped",
    what: "stacks",
    reason: "the kernel's map of stacks was full: raise --stack-storage-size, if the tool has it",
  },
};

const TOO_MANY =
  "too many at a time for the kernel's maps: trace fewer, by a filter or other arguments (--help lists them)";

const MISSED: Loss = {
  kind: "missed",
  what: "events",
  reason:
    "the kernel did not run the program while another one ran on the same CPU, or had no room " +
    "for the returns of more calls",
};

/** Reports losses at most once a second, and at the end. */
export class Losses {
  readonly #name: string;
  readonly #json: boolean;
  readonly #output: Output;
  readonly #destination: Destination | undefined;
  readonly #counters: { readonly loss: Loss; readonly count: () => number; told: number }[] = [];
  #next = 0;

  /** @param name the tool's */
  constructor(name: string, json: boolean, output: Output, destination?: Destination) {
    this.#destination = destination;
    this.#name = name;
    this.#json = json;
    this.#output = output;
  }

  /** Adds a kind of loss; `count` returns the total so far. */
  watch(loss: Loss, count: () => number): void {
    this.#counters.push({ loss, count, told: 0 });
  }

  /** Adds the losses counted by the kernel and by most kernel sides. */
  watchKernel(bpf: Bpf): void {
    this.watch(MISSED, () => bpf.misses);
    for (const [name, loss] of Object.entries(COUNTED)) {
      if (!bpf.globalNames.includes(name)) continue;
      const counter = bpf.global(name, u64.asNumber);
      this.watch(loss, () => counter.value);
    }
  }

  /** What was lost so far, of each kind. */
  totals(): readonly (readonly [loss: Loss, total: number])[] {
    return this.#counters.map(({ loss, count }) => [loss, count()] as const);
  }

  /** Reports the totals that have changed, at most once a second. */
  reportNow(): void {
    const now = performance.now();
    if (now < this.#next) return;
    this.#next = now + INTERVAL_MS;
    for (const counter of this.#counters) {
      const total = counter.count();
      if (total === counter.told) continue;
      counter.told = total;
      this.#tell(counter.loss, total, "so far");
    }
  }

  /** Reports the totals that are not 0. */
  reportEnd(): void {
    for (const { loss, count } of this.#counters) {
      const total = count();
      if (total > 0) this.#tell(loss, total, "in all");
    }
  }

  #tell({ kind, what, reason }: Loss, total: number, when: string): void {
    const json = once(() => toJson({ record: kind, what, total }));
    this.#destination?.record(kind, { what, total }, json);
    if (this.#json) this.#output.line(json());
    complain(this.#name, `${kind} ${total} ${what} ${when}: ${reason}`);
  }
}

/**
 * Reports what a report could not include because a map was full, if anything: the total so far of
 * the kernel side's variable `dropped`.
 *
 * @param what was dropped, in the plural: `requests`
 * @param reason the cause and the remedy, where another one is known
 */
export function reportDropped(
  bpf: Bpf,
  report: Report,
  name: string,
  what: string,
  reason?: string,
): void {
  tellDropped(report, name, what, bpf.global("dropped", u64.asNumber).value, { reason });
}

/** Reports that `total` were dropped, unless it is 0. */
export function tellDropped(
  report: Report,
  name: string,
  what: string,
  total: number,
  { reason = TOO_MANY, when = "so far" }: { reason?: string | undefined; when?: string } = {},
): void {
  if (total === 0) return;
  report.record("dropped", { what, total });
  complain(name, `dropped ${total} ${what} ${when}: ${reason}`);
}
