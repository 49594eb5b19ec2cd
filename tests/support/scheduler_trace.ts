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
import { tracefs } from "../../bpf/tracefs/tracefs.ts";

const EVENTS = ["sched_switch", "sched_wakeup"];

/** What was seen of a process. */
export interface Seen {
  /** How often it got a CPU. */
  readonly switchedIn: number;
  /** Whether each event can follow the one before, from when it waited and was off its CPU. */
  readonly isComplete: boolean;
}

/** Where a process is: asleep, waiting for a CPU, or on one. */
type Place = "asleep" | "waiting" | "running";

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
      const filter = event === "sched_switch"
        ? `prev_pid==${pid} || next_pid==${pid}`
        : `pid==${pid}`;
      writeFileSync(`${this.#folder}/events/sched/${event}/filter`, filter);
      writeFileSync(`${this.#folder}/events/sched/${event}/enable`, "1");
    }
  }

  /** What was seen so far. */
  seen(): Seen {
    const trace = readFileSync(`${this.#folder}/trace`, "utf8");
    const pattern = new RegExp(
      `(sched_wakeup):|prev_pid=${this.#pid} .*prev_state=(\\S+)|next_pid=${this.#pid} `,
      "g",
    );
    let [place, switchedIn, isComplete]: [Place, number, boolean] = ["asleep", 0, true];
    for (const [, woken, state] of trace.matchAll(pattern)) {
      if (woken) place = place === "asleep" ? "waiting" : place;
      else if (state) {
        isComplete &&= place === "running";
        place = state.startsWith("R") ? "waiting" : "asleep";
      } else {
        isComplete &&= place === "waiting";
        place = "running";
        switchedIn++;
      }
    }
    return { switchedIn, isComplete };
  }

  [Symbol.dispose](): void {
    for (const event of EVENTS) {
      writeFileSync(`${this.#folder}/events/sched/${event}/enable`, "0");
    }
    rmdirSync(this.#folder);
  }
}
