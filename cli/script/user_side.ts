/**
 * Runs the user-space functions of a script: begin(), interval() and end().
 *
 * @module
 */

import type { UserPart } from "../../kernel.ts";
import type { Bpf } from "../../mod.ts";
import type { Output } from "../../toolkit/output/output.ts";
import { Ticks } from "./ticks.ts";

/** Calls a script's functions, each after all earlier output is written. */
export class UserSide {
  readonly #parts: readonly UserPart<Bpf>[];
  readonly #bpf: Bpf;
  readonly #output: Output;

  constructor(parts: readonly UserPart<never>[], bpf: Bpf, output: Output) {
    this.#parts = parts as readonly UserPart<unknown>[];
    this.#bpf = bpf;
    this.#output = output;
  }

  /** Calls the begin() or the end() functions, one after the other. */
  async call(when: "begin" | "end"): Promise<void> {
    for (const part of this.#parts) if (part.when === when) await this.#call(part);
  }

  /** Starts the timers of the interval() functions. */
  intervals(): Intervals {
    return new Intervals(
      this.#parts.filter(({ when }) => when === "interval"),
      (part) => this.#call(part),
    );
  }

  async #call({ run }: UserPart<Bpf>): Promise<void> {
    // The function writes to stdout directly: the buffered lines come before that.
    await this.#output.flush();
    await run(this.#bpf);
  }
}

class Intervals implements Disposable {
  readonly #clocks: readonly (readonly [part: UserPart<Bpf>, ticks: Ticks])[];
  readonly #call: (part: UserPart<Bpf>) => Promise<void>;

  constructor(parts: readonly UserPart<Bpf>[], call: (part: UserPart<Bpf>) => Promise<void>) {
    this.#clocks = parts.map((part) => [part, new Ticks(part.seconds)]);
    this.#call = call;
  }

  /** Resolves when any interval ends. */
  next(): Promise<void> {
    return Promise.race(this.#clocks.map(([, ticks]) => ticks.next));
  }

  /** Calls the functions whose interval has ended. */
  async call(): Promise<void> {
    for (const [part, ticks] of this.#clocks) if (ticks.isDue()) await this.#call(part);
  }

  [Symbol.dispose](): void {
    for (const [, ticks] of this.#clocks) ticks[Symbol.dispose]();
  }
}
