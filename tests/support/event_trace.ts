/**
 * Records tracepoints by ftrace, in a trace instance of its own: the reference for what a tool must see.
 *
 * @module
 */

import { mkdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { tracefs } from "../../bpf/tracefs/tracefs.ts";

/** Buffer size for each CPU; it has room for the events of a few seconds of test. */
const BUFFER_KB = "4096";

let made = 0;

/** Records events from its construction on. */
export class EventTrace implements Disposable {
  readonly #events: readonly string[];
  readonly #folder = `${tracefs()}/instances/tsbcc-test-${process.pid}-${made++}`;

  /**
   * @param filters ftrace filters by tracepoint (`block/block_rq_complete`); "" records all its events
   */
  constructor(filters: Readonly<Record<string, string>>) {
    this.#events = Object.keys(filters);
    mkdirSync(this.#folder);
    writeFileSync(`${this.#folder}/buffer_size_kb`, BUFFER_KB);
    for (const [event, filter] of Object.entries(filters)) {
      if (filter) writeFileSync(`${this.#folder}/events/${event}/filter`, filter);
      writeFileSync(`${this.#folder}/events/${event}/enable`, "1");
    }
  }

  /**
   * Events so far, one line each: `bash-181 [000] d.h.. 12.345678: irq_handler_entry: irq=24
   * name=virtio0`.
   */
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
