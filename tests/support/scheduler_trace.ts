/**
 * What the kernel's own tracer sees of a process's scheduling.
 *
 * A machine may hide some of it from every tracer, ftrace included: on one virtual machine half of
 * the switches away from the idle task of its second CPU left no event. The kernel's counters of a
 * process know of them, so it shows.
 *
 * @module
 */

import { mkdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { tracefs } from "../../bpf/tracefs.ts";

const EVENTS = ["sched_switch", "sched_wakeup"];

/** How often a process got a CPU and was woken up. */
export interface Seen {
  readonly switchedIn: number;
  readonly woken: number;
}

/** A trace of one process in a trace instance of its own. */
export class SchedulerTrace implements Disposable {
  readonly #pid: number;
  readonly #folder: string;

  /** Begins. */
  constructor(pid: number) {
    this.#pid = pid;
    this.#folder = `${tracefs()}/instances/tsbcc-test-${pid}`;
    mkdirSync(this.#folder);
    for (const event of EVENTS) {
      const key = event === "sched_switch" ? "next_pid" : "pid";
      writeFileSync(`${this.#folder}/events/sched/${event}/filter`, `${key}==${pid}`);
      writeFileSync(`${this.#folder}/events/sched/${event}/enable`, "1");
    }
  }

  /** What was seen so far. */
  seen(): Seen {
    const trace = readFileSync(`${this.#folder}/trace`, "utf8");
    const count = (pattern: string) => trace.match(new RegExp(pattern, "g"))?.length ?? 0;
    return {
      switchedIn: count(`next_pid=${this.#pid} `),
      woken: count(`sched_wakeup:.* pid=${this.#pid} `),
    };
  }

  [Symbol.dispose](): void {
    for (const event of EVENTS) {
      writeFileSync(`${this.#folder}/events/sched/${event}/enable`, "0");
    }
    rmdirSync(this.#folder);
  }
}
