/**
 * What a script does in user space while its programs run: begin(), interval() and end().
 *
 * @module
 */

import type { UserPart } from "../../kernel.ts";
import type { Bpf } from "../../mod.ts";
import type { Output } from "../../toolkit/output/output.ts";
import { Ticks } from "./ticks.ts";

/** Calls a script's functions, behind all lines that were printed before. */
export class UserSide {
  readonly #parts: readonly UserPart<Bpf>[];
  readonly #bpf: Bpf;
  readonly #output: Output;

  constructor(parts: readonly UserPart<never>[], bpf: Bpf, output: Output) {
    this.#parts = parts as readonly UserPart<unknown>[];
    this.#bpf = bpf;
    this.#output = output;
  }

  /** Calls those of a time, one after the other. */
  async call(when: "begin" | "end"): Promise<void> {
    for (const part of this.#parts) if (part.when === when) await this.#call(part);
  }

  /** The clocks of the intervals. */
  intervals(): Intervals {
    return new Intervals(
      this.#parts.filter(({ when }) => when === "interval"),
      (part) => this.#call(part),
    );
  }

  async #call({ run }: UserPart<Bpf>): Promise<void> {
    // What it writes goes around our buffer.
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

  /** Settles when any of them is over. */
  next(): Promise<void> {
    return Promise.race(this.#clocks.map(([, ticks]) => ticks.next));
  }

  /** Calls those that are over. */
  async call(): Promise<void> {
    for (const [part, ticks] of this.#clocks) if (ticks.isDue()) await this.#call(part);
  }

  [Symbol.dispose](): void {
    for (const [, ticks] of this.#clocks) ticks[Symbol.dispose]();
  }
}
