/**
 * Telling what an output misses: events of a stream, and what reports could not count.
 *
 * @module
 */

import { type Bpf, u64 } from "../../mod.ts";
import { toJson } from "../output/escape.ts";
import type { Output } from "../output/output.ts";
import type { Report } from "../output/report.ts";

const INTERVAL_MS = 1000;

/** Tells how many events a stream lost: at most once a second, and at the end. */
export class Losses {
  readonly #name: string;
  readonly #stream: { readonly lost: number | undefined };
  readonly #json: boolean;
  readonly #output: Output;
  #reported = 0;
  #next = 0;

  /** @param name the tool's */
  constructor(
    name: string,
    stream: { readonly lost: number | undefined },
    json: boolean,
    output: Output,
  ) {
    this.#name = name;
    this.#stream = stream;
    this.#json = json;
    this.#output = output;
  }

  /** Tells what is new, unless it did so within the last second. */
  reportNow(): void {
    const lost = this.#stream.lost ?? 0;
    if (lost === this.#reported || performance.now() < this.#next) return;
    this.#next = performance.now() + INTERVAL_MS;
    this.#report(lost, "so far");
  }

  /** Tells the sum, if it is not 0. */
  reportEnd(): void {
    const lost = this.#stream.lost ?? 0;
    if (lost > 0) this.#report(lost, "in all");
  }

  #report(lost: number, when: string): void {
    this.#reported = lost;
    if (this.#json) this.#output.line(toJson({ record: "lost", total: lost }));
    console.error(
      `${this.#name}: lost ${lost} events ${when}: the ring buffer was full: raise -b/--buffer-pages`,
    );
  }
}

/**
 * Tells how much a tool that reports could not count because a map was full, if anything: what the
 * kernel side added to its variable `lost`.
 *
 * @param what it is, in the plural: `requests`
 */
export function reportLost(bpf: Bpf, report: Report, name: string, what: string): void {
  tellLost(report, name, what, bpf.global("lost", u64.asNumber).value);
}

/** Tells that so many could not be counted, if any. */
export function tellLost(report: Report, name: string, what: string, total: number): void {
  if (total === 0) return;
  report.record("lost", { total });
  console.error(`${name}: lost ${total} ${what} so far: too many at a time for the kernel's maps`);
}
