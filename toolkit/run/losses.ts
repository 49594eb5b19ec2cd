/**
 * Telling how many events were lost.
 *
 * @module
 */

import { toJson } from "../output/escape.ts";
import type { Output } from "../output/output.ts";

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
