/**
 * What the kernel's own tracer sees of some tracepoints, in a trace instance of its own.
 *
 * @module
 */

import { mkdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { tracefs } from "../../bpf/tracefs/tracefs.ts";

/** For each CPU; what tests make in a few seconds fits. */
const BUFFER_KB = "4096";

let made = 0;

/** Events from its making on. */
export class EventTrace implements Disposable {
  readonly #events: readonly string[];
  readonly #folder = `${tracefs()}/instances/tsbcc-test-${process.pid}-${made++}`;

  /** @param filters by tracepoint (`block/block_rq_complete`), in the kernel's language; empty: all */
  constructor(filters: Readonly<Record<string, string>>) {
    this.#events = Object.keys(filters);
    mkdirSync(this.#folder);
    writeFileSync(`${this.#folder}/buffer_size_kb`, BUFFER_KB);
    for (const [event, filter] of Object.entries(filters)) {
      if (filter) writeFileSync(`${this.#folder}/events/${event}/filter`, filter);
      writeFileSync(`${this.#folder}/events/${event}/enable`, "1");
    }
  }

  /** A line for each so far: `bash-181 [000] d.h.. 12.345678: irq_handler_entry: irq=24 name=virtio0`. */
  lines(): string[] {
    return readFileSync(`${this.#folder}/trace`, "utf8").split("\n")
      .filter((line) => line && !line.startsWith("#"));
  }

  [Symbol.dispose](): void {
    for (const event of this.#events) {
      writeFileSync(`${this.#folder}/events/${event}/enable`, "0");
    }
    rmdirSync(this.#folder);
  }
}
